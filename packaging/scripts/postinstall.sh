#!/bin/sh
# After an installation or an upgrade, by dpkg or rpm.
set -e
systemd-sysusers unity.conf
systemd-tmpfiles --create unity.conf
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl enable --quiet unity.service
  systemctl restart unity.service
  runuser -u unity -- /usr/bin/unity setup-url --data-dir /var/lib/unity 2>/dev/null || true
fi
