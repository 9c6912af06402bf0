#!/bin/sh
# Installs Unity as a service, or a newer Unity over it. What it keeps is never
# touched, but by --uninstall --purge.
set -eu

usage() {
  cat <<'TEXT'
Usage: install.sh [--binary FILE | --from ARCHIVE [--sha256 SUM]] [--root DIR]
       install.sh --uninstall [--purge] [--root DIR]

  --binary FILE  the program (default: unity beside this script or above it)
  --from ARCHIVE install from unity_VERSION_linux_MACHINE.tar.gz, a file or an
                 https:// address; SHA256SUMS beside it must know it
  --sha256 SUM   the checksum of the archive, in place of SHA256SUMS beside it
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
binary="" from="" sum="" root="" uninstall="" purge=""
while [ $# -gt 0 ]; do
  case $1 in
    --binary) [ $# -gt 1 ] || die "--binary needs a file"; binary=$2; shift ;;
    --from) [ $# -gt 1 ] || die "--from needs an archive"; from=$2; shift ;;
    --sha256) [ $# -gt 1 ] || die "--sha256 needs a checksum"; sum=$2; shift ;;
    --root) [ $# -gt 1 ] || die "--root needs a directory"; root=${2%/}; shift ;;
    --uninstall) uninstall=1 ;;
    --purge) purge=1 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; die "unknown option $1" ;;
  esac
  shift
done
[ -z "$purge" ] || [ -n "$uninstall" ] || die "--purge goes with --uninstall"
[ -z "$from" ] || [ -z "$binary" ] || die "--from and --binary exclude each other"
[ -z "$sum" ] || [ -n "$from" ] || die "--sha256 goes with --from"
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

# extras prints what goes along if it is in the archive: its name there, a space, its place.
extras() {
  cat <<'TEXT'
unity.1 usr/local/share/man/man1/unity.1
completions/unity.bash usr/local/share/bash-completion/completions/unity
completions/unity.zsh usr/local/share/zsh/site-functions/_unity
completions/unity.fish usr/local/share/fish/vendor_completions.d/unity.fish
TEXT
}

remove() {
  if live; then systemctl disable --now unity.socket unity.service 2>/dev/null || true; fi
  extras | while read -r _ to; do rm -f "$root/$to"; done
  rm -f "$program" "$units/unity.service" "$units/unity.socket" "$root/etc/sysusers.d/unity.conf" "$root/etc/tmpfiles.d/unity.conf"
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

# fetch ADDRESS FILE loads one file.
fetch() {
  if command -v curl >/dev/null; then
    curl --fail --silent --show-error --location --proto '=https' --output "$2" "$1" || die "$1 cannot be loaded"
  elif command -v wget >/dev/null; then
    wget --quiet --https-only --output-document="$2" "$1" || die "$1 cannot be loaded"
  else
    die "to load $1, curl or wget is needed"
  fi
}

# expected NAME SUMS prints the checksum of a file in a list of sha256sum.
expected() { awk -v name="$1" '$2 == name || $2 == "*" name {print $1; exit}' "$2"; }

# checked FILE SUM refuses a file that has another checksum.
checked() {
  [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$2" ] || die "$1 has not the checksum $2: it is damaged, or not the one that was published. Nothing was changed."
}

# unpack verifies the archive and makes its folder the one that is installed from.
unpack() {
  temporary=$(mktemp -d)
  trap 'rm -rf "$temporary"' EXIT
  name=${from##*/}
  case $from in
    https://*)
      fetch "$from" "$temporary/$name"
      [ -n "$sum" ] || fetch "${from%/*}/SHA256SUMS" "$temporary/SHA256SUMS"
      ;;
    *://*) die "$from: only https:// addresses and files" ;;
    *)
      [ -f "$from" ] || die "no archive $from"
      cp "$from" "$temporary/$name"
      [ -n "$sum" ] || cp "$(dirname "$from")/SHA256SUMS" "$temporary/SHA256SUMS" 2>/dev/null ||
        die "no SHA256SUMS beside $from: put it there, or say the checksum with --sha256"
      ;;
  esac
  [ -n "$sum" ] || sum=$(expected "$name" "$temporary/SHA256SUMS")
  [ -n "$sum" ] || die "SHA256SUMS does not know $name"
  checked "$temporary/$name" "$sum"
  mkdir "$temporary/tree"
  tar -C "$temporary/tree" -xzf "$temporary/$name" || die "$from is no archive"
  here=$(echo "$temporary"/tree/unity-*)
  [ -f "$here/unity" ] || die "there is no program in $from"
}

start() {
  systemctl daemon-reload
  case $(systemctl is-enabled unity.service 2>/dev/null || true) in
    masked*) echo "unity.service is masked, and is not started."; exit 0 ;;
  esac
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

[ -z "$from" ] || unpack
if [ -z "$binary" ]; then
  binary=$here/unity
  [ -f "$binary" ] || binary=$here/../unity
fi
[ -f "$binary" ] || die "no program $binary: build it with 'make build', or name it with --binary"
if [ "$binary" = "$here/unity" ] && [ -f "$here/SHA256SUMS" ]; then
  checked "$binary" "$(expected unity "$here/SHA256SUMS")"
fi
config=$here/systemd
[ -d "$config" ] || config=$here/../systemd

upgrade=""
[ ! -e "$program" ] || upgrade=1
place "$binary" "$program" 0755
place "$config/unity.service" "$units/unity.service" 0644
place "$config/unity.socket" "$units/unity.socket" 0644
place "$config/sysusers.d/unity.conf" "$root/etc/sysusers.d/unity.conf" 0644
place "$config/tmpfiles.d/unity.conf" "$root/etc/tmpfiles.d/unity.conf" 0644
extras | while read -r name to; do
  [ ! -f "$here/$name" ] || place "$here/$name" "$root/$to" 0644
done
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
