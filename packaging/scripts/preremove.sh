#!/bin/sh
# Before a removal, not before an upgrade: dpkg says "remove", rpm says 0.
set -e
command -v systemctl >/dev/null || exit 0
case ${1:-} in
  remove) # whether it is enabled is kept for the next installation, as the data are
    if [ -d /run/systemd/system ]; then systemctl stop unity.socket unity.service; fi
    ;;
  0)
    systemctl disable --quiet unity.socket unity.service
    if [ -d /run/systemd/system ]; then systemctl stop unity.socket unity.service; fi
    ;;
esac
