# What tests/package/run checks. Each function says on standard error what it misses.
# shellcheck shell=bash disable=SC2154

miss() { echo "      $*" >&2; return 1; }
field() { dpkg-deb -f "$deb" "$1"; }
crate_version() { sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -1; }

control_fields() {
  [ "$(field Package)" = revokd ] || miss "the package is $(field Package)" || return
  [[ "$(field Version)" == "$(crate_version)"-* ]] || miss "its version is $(field Version), the crate's $(crate_version)" || return
  local needed
  for needed in ca-certificates tzdata "libc6 (>=" libgcc-s1; do
    [[ "$(field Depends)" == *"$needed"* ]] || miss "it depends on $(field Depends)" || return
  done
  [[ "$(field Recommends)" == *systemd* ]] || miss "it recommends $(field Recommends)" || return
  [ "$(field Description | head -1 | wc -c)" -le 80 ] || miss "its first line is too long for a list of packages"
}
rights() {
  local wrong; wrong=$(awk '$2 != "0/0" || ($1 !~ /^[-d]rw[-x]r-[-x]r-[-x]$/)' "$STATE/list")
  [ -z "$wrong" ] || miss "$wrong"
}
executables() {
  local found; found=$(awk '$1 ~ /^-.*x/ { print $NF }' "$STATE/list")
  [ "$found" = ./usr/bin/revokd ] || miss "executable: $found"
}
conffiles() {
  [ "$(cat "$control/conffiles")" = /etc/revokd/revokd.toml ] || miss "$(cat "$control/conffiles")" || return
  [ "$(find "$root/etc" -type f | wc -l)" = 1 ] || miss "there is more in /etc: $(find "$root/etc" -type f)"
}
first_check() {
  cp -r "$root/etc/revokd" "$STATE/etc"
  mkdir -p "$STATE/etc/policies"
  local said; said=$("$revokd" --config "$STATE/etc/revokd.toml" check 2>&1)
  [ $? = 3 ] || miss "revokd check does not refuse it" || return
  grep -q 'revokd init' <<< "$said" || miss "revokd check does not name revokd init: $said" || return
  # The schema's line, and what is commented out, must not be what it complains about.
  [ "$(grep -c '×' <<< "$said")" = 2 ] || miss "revokd check complains about more than clouds and policies: $said"
}
contents() {
  local file
  for file in lib/systemd/system/revokd.service share/revokd/dashboards/revokd.{rules.yml,rules_test.yml,json} \
    share/revokd/schema/{revokd,policies}.schema.json share/doc/revokd/{README.md,docs/operations.md,docs/metrics.md,copyright} \
    share/doc/revokd/{changelog.Debian.gz,THIRD-PARTY-NOTICES.gz} share/doc/revokd/config/revokd.toml \
    share/doc/revokd/config/policies/10-partner-shares.toml share/man/man8/revokd.8.gz \
    share/bash-completion/completions/revokd share/zsh/vendor-completions/_revokd share/fish/vendor_completions.d/revokd.fish; do
    [ -s "$root/usr/$file" ] || miss "/usr/$file is missing or empty" || return
  done
  [ -n "$(ls -A "$root/usr/share/doc/revokd/systemd/examples" 2>/dev/null)" ] || miss "there are no examples for systemd"
}
says_version() { [ "$("$revokd" --version)" = "revokd $(crate_version)" ] || miss "$("$revokd" --version)"; }

man_pages() {
  local command page wrong=
  for command in $("$revokd" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\)  .*/\1/p'); do
    [ "$command" = help ] || [ -s "$root/usr/share/man/man8/revokd-$command.8.gz" ] || wrong+=" revokd-$command"
  done
  [ -z "$wrong" ] || miss "no page:$wrong" || return
  for page in "$root"/usr/share/man/man8/*.gz; do
    # mandoc warns of a date that is missing, as it has to be in a file that comes out the same twice, and of a style of clap_mangen's.
    gzip -dc "$page" | mandoc -Tlint -Werror,stop > "$STATE/lint" 2>&1 || miss "${page##*/}: $(head -3 "$STATE/lint")" || return
    LC_ALL=C.UTF-8 man --warnings -l "$page" 2> "$STATE/lint" > "$STATE/page" || miss "${page##*/} does not render" || return
    [ ! -s "$STATE/lint" ] && grep -q NAME "$STATE/page" || miss "${page##*/}: $(head -3 "$STATE/lint")" || return
  done
}
bash_completion() {
  local file=$root/usr/share/bash-completion/completions/revokd
  bash -n "$file" || return
  bash --norc -c '. "$1"; COMP_WORDS=(revokd che) COMP_CWORD=1; _revokd revokd che revokd; [[ " ${COMPREPLY[*]} " == *" check "* ]]' - "$file"
}
zsh_completion() { zsh -fn "$root/usr/share/zsh/vendor-completions/_revokd"; }
fish_completion() {
  local file=$root/usr/share/fish/vendor_completions.d/revokd.fish
  fish --no-config --no-execute "$file" || return
  HOME=$STATE XDG_CONFIG_HOME=$STATE fish --no-config -c "source $file; complete -C 'revokd che'" | grep -q '^check'
}

# systemd looks for the program where the unit names it, so this takes the unit with the path of the unpacked one.
unit() {
  mkdir -p "$STATE/unit"
  sed "s|/usr/bin/revokd|$revokd|g" "$root/usr/lib/systemd/system/revokd.service" > "$STATE/unit/revokd.service"
  grep -q "$revokd run" "$STATE/unit/revokd.service" || miss "the unit does not run /usr/bin/revokd" || return
  systemd-analyze verify --man=no "$STATE/unit/revokd.service" > "$STATE/verify" 2>&1
  local code=$?
  # Another unit of this machine may be worth a warning; ours is not.
  ! grep -q revokd "$STATE/verify" && [ "$code" = 0 ] || miss "$(cat "$STATE/verify")"
}

scripts_parse() {
  local script
  for script in postinst prerm postrm; do
    [ -x "$control/$script" ] || miss "there is no $script" || return
    sh -n "$control/$script" || return
    ! grep -q '#DEBHELPER#' "$control/$script" || miss "$script is not filled in" || return
  done
}
scripts_leave_the_service() {
  ! grep -Eq 'deb-systemd-invoke (start|restart)|systemctl.*(enable|start) ' "$control"/p* || miss "something starts it" || return
  grep -q 'deb-systemd-invoke try-restart' "$control/postinst" || miss "an upgrade does not restart it" || return
  grep -q 'deb-systemd-invoke stop' "$control/prerm" || miss "a removal does not stop it" || return
  # `enable` stands there for a service that was enabled, removed and installed again.
  grep -q 'debian-installed' "$control/postinst" || miss "the installation may enable it"
}
# The script itself in an / of its own, with nothing of systemd there.
purge_alone() { # remove|purge
  local sandbox=$STATE/sandbox-$1
  mkdir -p "$sandbox"/{etc/revokd/secrets,etc/other,var/lib/private/revokd,var/lib/other,elsewhere}
  touch "$sandbox"/{etc/revokd/secrets/prod,etc/other/file,var/lib/private/revokd/revokd.db,var/lib/other/file,elsewhere/policy.toml}
  ln -s private/revokd "$sandbox/var/lib/revokd"
  ln -s ../../elsewhere "$sandbox/etc/revokd/policies"
  sed -e "s|/etc/revokd|$sandbox/etc/revokd|g" -e "s|/var/lib/|$sandbox/var/lib/|g" \
    -e 's|/usr/bin/deb-systemd-helper|/nonexistent|g' -e 's|/run/systemd/system|/nonexistent|g' "$control/postrm" > "$sandbox/postrm"
  sh "$sandbox/postrm" "$1" || return
  local left; left=$(cd "$sandbox" && find etc var elsewhere ! -type d | sort | tr '\n' ' ')
  case "$1" in
    remove) [[ "$left" == *secrets/prod*private/revokd/revokd.db* ]] ;;
    purge) [ "$left" = "elsewhere/policy.toml etc/other/file var/lib/other/file " ] && [ ! -e "$sandbox/var/lib/private/revokd" ] ;;
  esac || miss "left: $left"
}

notices() {
  gzip -dc "$root/usr/share/doc/revokd/THIRD-PARTY-NOTICES.gz" > "$STATE/notices"
  local name version count=0
  while read -r name version _; do
    [ "$name" != revokd ] || continue
    grep -q "^$name ${version#v}: " "$STATE/notices" || miss "$name $version is missing" || return
    count=$((count + 1))
  done < <(cargo tree --locked --edges normal --target "$(rustc -vV | sed -n 's/^host: //p')" --prefix none --format '{p}' | sort -u)
  [ "$count" -gt 100 ] || miss "cargo names $count packages only"
}
licences() {
  local tool; tool=$(packaging/tool cargo-deny) || return
  "$tool" --log-level error --locked check --hide-inclusion-graph licenses bans sources
}
changelog() {
  local top; top=$(gzip -dc "$root/usr/share/doc/revokd/changelog.Debian.gz" | head -1)
  [[ "$top" == "revokd ($(crate_version)-"* ]] || miss "its first line is: $top"
}
reproducible() {
  build "$STATE/again.deb" || return
  cmp "$deb" "$STATE/again.deb" || miss "the same sources gave two packages"
}
bill_of_materials() {
  packaging/sbom > /dev/null && cmp target/package/revokd.cdx.json "$root/usr/share/doc/revokd/revokd.cdx.json"
}
valid_bill() {
  local venv=${REVOKD_PACKAGE_VENV:-$PWD/target/package-venv}
  tests/virtual-environment "$venv" tests/package/requirements.txt "$STATE/pip.log" || { cat "$STATE/pip.log" >&2; return 1; }
  "$venv/bin/python" - "$root/usr/share/doc/revokd/revokd.cdx.json" <<'END'
import pathlib, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.V1_5).validate_str(pathlib.Path(sys.argv[1]).read_text())
sys.exit(f"      {wrong!r}" if wrong else 0)
END
}
# What a builder's machine is like is nobody else's business, and would make another's bytes differ.
nothing_of_the_builder() {
  local found; found=$(LC_ALL=C grep -aoE "$HOME/[[:graph:]]{0,60}|$PWD/[[:graph:]]{0,60}" "$revokd" | sort -u | head -3)
  [ -z "$found" ] || miss "the program holds $found"
}
# Down to what it would only like. What it is wrong about, packaging/lintian-overrides says with the reason.
lintian_is_content() {
  local said; said=$(lintian --display-info --pedantic --tag-display-limit 0 --fail-on error,warning,info,pedantic "$deb" 2>&1)
  local code=$?
  said=$(grep -v 'root privileges' <<< "$said")
  [ "$code" = 0 ] && [ -z "$said" ] || miss "it ends with $code: $said"
}
unchanged_lock() { [ "$(sha256sum Cargo.lock)" = "$lock_before" ]; }
