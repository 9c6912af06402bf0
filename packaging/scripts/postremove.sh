#!/bin/sh
# After a removal, an upgrade or a purge. Data go only with a purge, and only if
# somebody says so: UNITY_PURGE_DATA=yes, or the answer at the terminal.
set -e
data=/var/lib/unity

# agreed: the data are to go as well.
agreed() {
  case ${UNITY_PURGE_DATA:-} in
    yes) return 0 ;;
    no) return 1 ;;
  esac
  [ "${DEBIAN_FRONTEND:-}" != noninteractive ] || return 1
  { : >/dev/tty; } 2>/dev/null || return 1
  printf 'unity: remove the data in %s and the settings in /etc/unity, too? They are gone for ever then. [y/N] ' "$data" >/dev/tty
  read -r answer </dev/tty || return 1
  case $answer in
    y | Y | yes | Yes | YES) return 0 ;;
  esac
  return 1
}

if [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then systemctl daemon-reload; fi
case ${1:-} in
  purge) ;;
  0) # rpm has no purge
    [ ! -d $data ] || echo "unity: the data stay in $data."
    exit 0
    ;;
  *) exit 0 ;;
esac

rm -f /etc/systemd/system/*.wants/unity.service /etc/systemd/system/*.wants/unity.socket
if [ -n "$(ls -A $data 2>/dev/null)" ] && ! agreed; then
  echo "unity: the data stay in $data, and belong to the user unity."
  rmdir /etc/unity 2>/dev/null || true
  exit 0
fi
rm -rf $data /etc/unity
if grep -q '^unity:' /etc/passwd; then userdel unity; fi
