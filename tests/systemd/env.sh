# Settings of the suite with a real systemd. A box is what `up` boots and `down` ends: a systemd as process 1 of namespaces of its
# own. Everything about it lies in its state directory; another directory is another box, and boxes know nothing of each other.
HERE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
STATE=$(readlink -m "${REVOKD_SYSTEMD_STATE:-${TMPDIR:-/tmp}/revokd-systemd}")
export HERE STATE
# What the box has of the caller's environment: nothing.
BOX_ENVIRONMENT=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
  SYSTEMD_PAGER= SYSTEMD_COLORS=0 DEBIAN_FRONTEND=noninteractive)

# What comes before a command that is to run as root in the box whose process 1 is that one, in all of its namespaces.
box_command() { echo nsenter --target "$1" --all --wdns=/ "${BOX_ENVIRONMENT[@]}"; }

# The box's process 1 as this side sees it, or nothing: the only child of the `unshare` that made its namespaces, as long as that
# stands in the control group that is this box's own. A number of a process that is long gone is thus never taken for it.
box_pid() {
  local outer group child
  outer=$(cat "$STATE/outer.pid" 2>/dev/null) && group=$(cat "$STATE/cgroup" 2>/dev/null) || return 1
  grep -qF "/${group##*/}" "/proc/$outer/cgroup" 2>/dev/null || return 1
  child=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null) && [ -n "$child" ] && echo "${child%% *}"
}
