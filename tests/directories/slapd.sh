# The directory: its certificates, its configuration, its people. Read by `up`.

make_certificates() {
  local tls=$STATE/tls
  [ ! -e "$tls/server.pem" ] || return 0
  local name
  for name in ca other-ca; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$name of the suite" \
      -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -keyout "$tls/$name.key" -out "$tls/$name.pem"
  done 2>>"$log"
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" -keyout "$tls/server.key" -out "$tls/server.csr" 2>>"$log"
  openssl x509 -req -in "$tls/server.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 3650 -out "$tls/server.pem" \
    -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n') 2>>"$log"
}

slapd_configuration() {
  cat <<C
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
TLSCACertificateFile $STATE/tls/ca.pem
TLSCertificateFile $STATE/tls/server.pem
TLSCertificateKeyFile $STATE/tls/server.key
database mdb
suffix $LDAP_BASE
rootdn $LDAP_ADMIN
rootpw $LDAP_ADMIN_PASSWORD
directory $STATE/slapd/db
# Losing the last second on a power cut is nothing to a test.
dbnosync
index objectClass,uid,mail eq
# What a directory allows by default would hide what paging is for.
sizelimit unlimited
limits dn.exact=$LDAP_NARROW size=5
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous auth
overlay memberof
overlay ppolicy
ppolicy_default cn=passwords,$LDAP_BASE
C
}

# person-01 to person-30; nobody among them is locked, disabled or expired.
slapd_people() {
  cat <<L
dn: $LDAP_BASE
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,$LDAP_BASE
objectClass: organizationalUnit
ou: people

dn: cn=passwords,$LDAP_BASE
objectClass: device
objectClass: pwdPolicy
cn: passwords
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 3

dn: $LDAP_READER
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: $LDAP_READER_PASSWORD

dn: $LDAP_NARROW
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: narrow
userPassword: $LDAP_NARROW_PASSWORD

L
  local number
  for number in $(seq -w 30); do
    cat <<L
dn: uid=person-$number,ou=people,$LDAP_BASE
objectClass: inetOrgPerson
objectClass: posixAccount
objectClass: shadowAccount
uid: person-$number
cn: Person $number
sn: $number
mail: person-$number@example.org
employeeType: staff
uidNumber: 20$number
gidNumber: 2000
homeDirectory: /home/person-$number
userPassword: password-$number

L
  done
  cat <<L
dn: cn=developers,$LDAP_BASE
objectClass: groupOfNames
cn: developers
member: uid=person-01,ou=people,$LDAP_BASE
member: uid=person-02,ou=people,$LDAP_BASE
L
}

start_slapd() {
  make_certificates
  rm -rf "$STATE/slapd"
  mkdir -p "$STATE/slapd/db"
  slapd_configuration >"$STATE/slapd/slapd.conf"
  chmod 600 "$STATE/slapd/slapd.conf"
  # A copy, because profiles of AppArmor know the program by its path and keep it from every folder but its own.
  cp "$(command -v slapd)" "$STATE/slapd/slapd"
  local ldap=ldap://127.0.0.1:$LDAP_PORT
  start slapd "$STATE/slapd/slapd" -d 0 -f "$STATE/slapd/slapd.conf" \
    -h "$ldap ldaps://127.0.0.1:$LDAPS_PORT ldaps://127.0.0.2:$LDAPS_PORT"
  local login=(-x -H "$ldap" -D "$LDAP_ADMIN" -w "$LDAP_ADMIN_PASSWORD")
  until_answers slapd ldapwhoami "${login[@]}"
  slapd_people | ldapadd "${login[@]}" >>"$log" 2>&1 || fail "the people cannot be added to the directory; look in $log"
}
