# The SCIM server and its people. Read by `up`.

scim() { # path, curl's further arguments
  curl -fsS -m 10 --noproxy '*' -H "Authorization: Bearer $SCIM_TOKEN" -H 'Content-Type: application/scim+json' "${@:2}" \
    "http://127.0.0.1:$SCIM_PORT$1"
}

start_scim() {
  start scim "$VENV/bin/scim2-server" --port "$SCIM_PORT" --bearer-token "$SCIM_TOKEN"
  until_answers scim scim /ServiceProviderConfig
  local number
  for number in $(seq -w 30); do
    scim /Users -d "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"person-$number\",\"active\":true,
      \"emails\":[{\"value\":\"person-$number@example.org\",\"type\":\"work\",\"primary\":true}]}" >>"$log" 2>&1 ||
      fail "person-$number cannot be added to the SCIM server; look in $log"
  done
}
