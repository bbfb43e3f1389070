# Settings of the suite of independent clients; each can be given in the environment.
HERE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
STATE=$(readlink -m "${REVOKD_SDK_STATE:-${TMPDIR:-/tmp}/revokd-sdk}")
VENV=$STATE/venv
# The clients read proxies and accounts from the environment, and files from the home; none of that is meant for this suite.
for name in "${!HUAWEICLOUD_@}" "${!OS_@}" http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY; do unset "$name"; done
export HERE STATE VENV PYTHONWARNINGS=ignore PYTHONDONTWRITEBYTECODE=1 NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
