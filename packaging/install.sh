#!/bin/sh
# Installs Unity as a service, or a newer Unity over it. What it keeps is never
# touched, but by --uninstall --purge.
set -eu

usage() {
  cat <<'TEXT'
Usage: install.sh [--binary FILE] [--root DIR]
       install.sh --uninstall [--purge] [--root DIR]

  --binary FILE  the program (default: unity beside this script or above it)
  --root DIR     install below DIR and start nothing
  --uninstall    remove the program and the service, keep /var/lib/unity
  --purge        with --uninstall: remove the data and the user, too
TEXT
}

die() {
  echo "install.sh: $*" >&2
  exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
binary="" root="" uninstall="" purge=""
while [ $# -gt 0 ]; do
  case $1 in
    --binary) [ $# -gt 1 ] || die "--binary needs a file"; binary=$2; shift ;;
    --root) [ $# -gt 1 ] || die "--root needs a directory"; root=${2%/}; shift ;;
    --uninstall) uninstall=1 ;;
    --purge) purge=1 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; die "unknown option $1" ;;
  esac
  shift
done
[ -z "$purge" ] || [ -n "$uninstall" ] || die "--purge goes with --uninstall"
[ "$(id -u)" = 0 ] || [ -n "$root" ] || die "run it as root: sudo $0"

program=$root/usr/local/bin/unity
units=$root/etc/systemd/system
data=$root/var/lib/unity

# live: this machine, and systemd runs it.
live() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

# entry DATABASE prints the numeric id of unity in passwd or group.
entry() { awk -F: '$1 == "unity" {print $3; exit}' "$root/etc/$1" 2>/dev/null || true; }

as_unity() {
  if command -v runuser >/dev/null; then runuser -u unity -- "$@"; else "$@"; fi
}

remove() {
  if live; then systemctl disable --now unity.service 2>/dev/null || true; fi
  rm -f "$program" "$units/unity.service" "$root/etc/sysusers.d/unity.conf" "$root/etc/tmpfiles.d/unity.conf"
  if live; then systemctl daemon-reload; fi
  if [ -n "$purge" ]; then
    rm -rf "$data" "$root/etc/unity"
    if [ -z "$root" ] && id unity >/dev/null 2>&1; then userdel unity; fi
    echo "Unity is gone, and its data with it."
  else
    echo "Unity is removed. Its data is in $data; --purge removes that, too."
  fi
}

# place SOURCE TARGET MODE replaces a file as a whole: what runs keeps its own.
place() {
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2.new"
  chmod "$3" "$2.new"
  mv -f "$2.new" "$2"
}

make_user() {
  if [ -n "$(entry passwd)" ]; then return; fi
  if command -v systemd-sysusers >/dev/null; then
    if [ -n "$root" ]; then
      mkdir -p "$root/etc"
      [ "$(id -u)" != 0 ] || systemd-sysusers --root="$root" unity.conf
    else
      systemd-sysusers unity.conf
    fi
  elif [ -z "$root" ]; then
    useradd --system --user-group --home-dir /var/lib/unity --shell /usr/sbin/nologin --comment "Unity appliance" unity
  fi
}

make_data() {
  mkdir -p "$data"
  chmod 0700 "$data"
  if [ "$(id -u)" = 0 ] && [ -n "$(entry passwd)" ]; then
    chown "$(entry passwd):$(entry group)" "$data"
  fi
}

start() {
  systemctl daemon-reload
  systemctl enable --quiet unity.service
  systemctl restart unity.service || {
    journalctl --no-pager -n 20 -u unity.service >&2 || true
    die "the service does not start; the lines above say why"
  }
}

if [ -n "$uninstall" ]; then
  remove
  exit 0
fi

if [ -z "$binary" ]; then
  binary=$here/unity
  [ -f "$binary" ] || binary=$here/../unity
fi
[ -f "$binary" ] || die "no program $binary: build it with 'make build', or name it with --binary"
config=$here/systemd
[ -d "$config" ] || config=$here/../systemd

upgrade=""
[ ! -e "$program" ] || upgrade=1
place "$binary" "$program" 0755
place "$config/unity.service" "$units/unity.service" 0644
place "$config/sysusers.d/unity.conf" "$root/etc/sysusers.d/unity.conf" 0644
place "$config/tmpfiles.d/unity.conf" "$root/etc/tmpfiles.d/unity.conf" 0644
make_user
make_data

if [ -n "$root" ]; then
  echo "Unity is installed below $root."
  exit 0
fi
if ! live; then
  echo "Unity is installed. systemd does not run here; start it as the user unity with"
  echo "  $program serve --data-dir $data"
  exit 0
fi
start # returns when it is ready
if [ -n "$upgrade" ]; then
  echo "Unity runs, in its new version."
else
  echo "Unity runs."
fi
if url=$(as_unity "$program" setup-url --data-dir "$data" 2>/dev/null); then
  echo "Nobody can sign in yet. Open one of these, once:"
  echo "$url"
fi
