# Settings of the suite of schemas; each can be given in the environment.
HERE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
ROOT=$(dirname "$(dirname "$HERE")")
STATE=$(readlink -m "${REVOKD_SCHEMA_STATE:-${TMPDIR:-/tmp}/revokd-schema}")
VENV=$STATE/venv
TAPLO=$STATE/npm/node_modules/.bin/taplo
unset REVOKD_CONFIG REVOKD_LOG CREDENTIALS_DIRECTORY TAPLO_CONFIG
export HERE ROOT STATE VENV TAPLO PYTHONDONTWRITEBYTECODE=1 NO_COLOR=1
