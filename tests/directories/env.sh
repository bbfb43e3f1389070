# Settings of the suite with real directories; each can be given in the environment. Addresses are in $STATE/addresses, which
# `up` writes, because it takes free ports unless it is told which.
HERE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
STATE=$(readlink -m "${REVOKD_DIRECTORIES_STATE:-${TMPDIR:-/tmp}/revokd-directories}")
VENV=$STATE/venv
LDAP_BASE=dc=example,dc=org
LDAP_ADMIN=cn=admin,$LDAP_BASE LDAP_ADMIN_PASSWORD=${LDAP_ADMIN_PASSWORD:-admin-of-the-suite}
# Reads everything.
LDAP_READER=cn=reader,$LDAP_BASE LDAP_READER_PASSWORD=${LDAP_READER_PASSWORD:-reader-of-the-suite}
# Reads everything too, but is told no more than five entries by one search.
LDAP_NARROW=cn=narrow,$LDAP_BASE LDAP_NARROW_PASSWORD=${LDAP_NARROW_PASSWORD:-narrow-of-the-suite}
SCIM_TOKEN=${SCIM_TOKEN:-token-of-the-suite}
export HERE STATE VENV LDAP_BASE SCIM_TOKEN
export LDAP_ADMIN LDAP_ADMIN_PASSWORD LDAP_READER LDAP_READER_PASSWORD LDAP_NARROW LDAP_NARROW_PASSWORD

# A server is ours when the process that its pid file names works in the folder we started it in.
alive() { local pid; pid=$(cat "$STATE/run/$1.pid" 2>/dev/null) && [ "$(readlink "/proc/$pid/cwd")" = "$STATE/$1" ]; }
