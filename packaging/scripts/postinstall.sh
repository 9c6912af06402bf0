#!/bin/sh
# After an installation or an upgrade. dpkg says "configure" and the version that
# was there before, if any; rpm says how many versions are there now.
set -e
case ${1:-} in
  configure) if [ -n "${2:-}" ]; then upgrade=1; else upgrade=""; fi ;;
  1) upgrade="" ;;
  *[!0-9]* | "") exit 0 ;; # dpkg takes something back
  *) upgrade=1 ;;
esac

if command -v systemd-sysusers >/dev/null; then
  systemd-sysusers unity.conf
elif ! grep -q '^unity:' /etc/passwd; then
  useradd --system --user-group --home-dir /var/lib/unity --no-create-home --shell /usr/sbin/nologin --comment "Unity appliance" unity
fi
mkdir -p /var/lib/unity
chown unity:unity /var/lib/unity
chmod 0700 /var/lib/unity

# Without systemd, as in a chroot or a container, there is nothing to start.
command -v systemctl >/dev/null || exit 0
state=$(systemctl is-enabled unity.service 2>/dev/null || true)
case $state in masked*) exit 0 ;; esac
if [ -z "$upgrade" ] && [ "$state" = disabled ]; then systemctl enable --quiet unity.service; fi
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload

# Where an administrator forbids that packages start services, dpkg's own tool knows it.
invoke=systemctl
if command -v deb-systemd-invoke >/dev/null; then invoke=deb-systemd-invoke; fi
if [ -n "$upgrade" ]; then
  if systemctl is-active --quiet unity.service; then $invoke restart unity.service || failed=1; fi
else
  $invoke start unity.service || failed=1
fi
if [ -n "${failed:-}" ]; then
  echo "unity: the service does not start; see: journalctl -u unity" >&2
elif [ -z "$upgrade" ] && url=$(runuser -u unity -- /usr/bin/unity setup-url --data-dir /var/lib/unity 2>/dev/null); then
  echo "unity: nobody can sign in yet. Open one of these, once:"
  echo "$url"
fi
