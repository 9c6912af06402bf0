# What a machine is: hardware, system, network, software, people.
hardware() {
  at cpu; grep -E '^(processor|model name|Hardware|Model|cpu model|physical id|core id)' /proc/cpuinfo || cat /proc/cpuinfo
  at dmi; for f in sys_vendor product_name board_vendor board_name bios_version; do value "/sys/class/dmi/id/$f" && echo "$f=$v"; done
  at model; cat /proc/device-tree/model
  at virt
  if command -v systemd-detect-virt >/dev/null; then systemd-detect-virt
  elif [ -e /.dockerenv ]; then echo docker
  elif [ -e /run/.containerenv ]; then echo podman; fi
  at block
  for d in /sys/block/*; do
    case ${d##*/} in loop* | ram* | zram* | dm-* | md* | sr* | fd* | zd* | nbd* | '*') continue ;; esac
    value "$d/size"; s=$v
    value "$d/queue/rotational"; r=$v
    value "$d/removable"; m=$v
    value "$d/device/vendor"; b=$v
    value "$d/device/model"
    echo "${d##*/}|$s|$r|$m|$b|$v"
  done
}
network() {
  at links
  for d in /sys/class/net/*; do
    value "$d/address"; a=$v
    value "$d/mtu"; m=$v
    value "$d/operstate"; o=$v
    value "$d/speed"
    echo "${d##*/}|$a|$m|$o|$v"
  done
  at route; cat /proc/net/route
  if command -v ip >/dev/null; then at addr; ip -o addr; else at inet6; cat /proc/net/if_inet6; at fib; cat /proc/net/fib_trie; fi
  if command -v ss >/dev/null; then at ss; ss -lntup
  else for f in tcp tcp6 udp udp6; do at "$f"; cat "/proc/net/$f"; done; fi
}
software() {
  at os; cat /etc/os-release || cat /usr/lib/os-release
  at host; show /proc/sys/kernel/hostname; show /proc/sys/kernel/osrelease; uname -m; uname -s
  at dpkg; command -v dpkg-query >/dev/null && dpkg-query -W -f '${db:Status-Abbrev}|${binary:Package}|${Version}\n'
  at rpm; command -v rpm >/dev/null && rpm -qa --qf '%{NAME}|%{VERSION}-%{RELEASE}\n'
  at apk; command -v apk >/dev/null && apk info -v
  at pacman; command -v pacman >/dev/null && pacman -Q
  at units; command -v systemctl >/dev/null && systemctl list-units --all --plain --no-legend --no-pager --type=service,socket,timer,mount
  at reboot; [ -e /run/reboot-required ] && echo yes
}
# Counting updates costs a slow machine seconds, so not every snapshot does it.
updates() {
  at updates
  ulimit -t 30
  command -v nice >/dev/null && n="nice -n 19" || n=
  if command -v apt-get >/dev/null; then
    $n apt-get -s -o Debug::NoLocking=1 -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= upgrade | grep -c '^Inst '
  elif command -v apk >/dev/null; then $n apk version -l '<' | grep -c ' < '
  elif command -v pacman >/dev/null; then $n pacman -Qu | grep -c .; fi
}
snapshot() {
  hardware
  software
  network
  at users; getent passwd || cat /etc/passwd
}
