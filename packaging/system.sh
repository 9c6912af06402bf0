#!/bin/sh
# Installs what the tests run against, on Debian and its kin. As anybody but
# root it prints the line to type.
set -eu

missing=""
need() { # need COMMAND PACKAGE
  PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need sshd openssh-server
need fish fish
need zsh zsh
need mandoc mandoc
need busybox busybox-static
need chromium chromium
need certutil libnss3-tools
need curl curl
need openssl openssl
need ip iproute2
need systemd-analyze systemd
need shellcheck shellcheck
need cc gcc
need git git
need debootstrap debootstrap
need rpm rpm
need skopeo skopeo
need qemu-aarch64-static qemu-user-static
need dpkg-parsechangelog dpkg-dev
[ -n "$missing" ] || exit 0

line="apt-get install --no-install-recommends -y$missing"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests need more than is here. Type:  sudo $line" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # the names are words
if ! { apt-get update && apt-get install --no-install-recommends -y $missing; } >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
