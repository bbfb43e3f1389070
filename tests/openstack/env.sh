# Settings of the real-service suite; each can be given in the environment.
HERE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
STATE=$(readlink -m "${REVOKD_OPENSTACK_STATE:-${TMPDIR:-/tmp}/revokd-openstack}")
VENV=$STATE/venv
KEYSTONE_PORT=${KEYSTONE_PORT:-15500} GLANCE_PORT=${GLANCE_PORT:-15592}
KEYSTONE_URL=http://127.0.0.1:$KEYSTONE_PORT/v3 GLANCE_URL=http://127.0.0.1:$GLANCE_PORT
ADMIN_PASSWORD=${ADMIN_PASSWORD:-admin-of-the-suite} SERVICE_PASSWORD=${SERVICE_PASSWORD:-glance-of-the-suite}
export HERE STATE VENV KEYSTONE_URL GLANCE_URL ADMIN_PASSWORD SERVICE_PASSWORD PYTHONWARNINGS=ignore

# A server is ours when the process that its pid file names works in the folder we started it in.
alive() { local pid; pid=$(cat "$STATE/run/$1.pid" 2>/dev/null) && [ "$(readlink "/proc/$pid/cwd")" = "$STATE/$1" ]; }
