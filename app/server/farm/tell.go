package farm

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// sayHardware says what a box is made of.
func (b *Box) sayHardware(s *speech) {
	s.at("cpu")
	for i := range b.Threads {
		s.line("processor\t: %d", i)
		if b.CPU != "" {
			s.line("model name\t: %s\nphysical id\t: 0\ncore id\t\t: %d", b.CPU, i%b.Cores)
		}
	}
	if b.CPU == "" {
		s.line("Model\t\t: %s", b.Product)
		s.at("model")
		s.line("%s", b.Product)
	} else {
		s.at("dmi")
		s.line("sys_vendor=%s\nproduct_name=%s", b.Maker, b.Product)
	}
	s.at("virt")
	s.line("%s", orNone(b.Guest))
	s.at("block")
	for _, d := range b.Disks {
		spins := 0
		if d.Spins {
			spins = 1
		}
		s.line("%s|%.0f|%d|0||%s", d.Name, d.GB*1e9/512, spins, d.Model)
	}
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// saySystem says what runs on a box, and who may use it.
func (b *Box) saySystem(s *speech, at time.Time) {
	y := b.System
	s.at("os")
	s.line("PRETTY_NAME=%q\nNAME=%q\nVERSION_ID=%q\nID=%s", y.Pretty, y.Name, y.Version, y.ID)
	s.at("host")
	arch := y.Arch
	if arch == "" {
		arch = "x86_64"
	}
	s.line("%s\n%s\n%s\nLinux", b.Name, y.Kernel, arch)
	s.at(y.Packages)
	for _, name := range b.packages() {
		s.line(formats[y.Packages], name, b.version(name, at))
	}
	s.at("units")
	if y.Packages != "apk" { // it has no systemd
		for name := range strings.FieldsSeq("cron dbus ssh systemd-journald systemd-logind systemd-resolved systemd-timesyncd systemd-udevd") {
			s.line("%s.service loaded active running The %s service", name, name)
		}
		s.line("apt-daily.timer loaded active waiting Daily download of packages")
		for _, v := range b.Services {
			state := "active running"
			if v.Failed {
				state = "failed failed"
			}
			s.line("%s loaded %s %s", v.Unit, state, v.About)
		}
	}
	s.at("reboot")
	if b.Reboot {
		s.line("yes")
	}
	s.at("users")
	s.line("root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nunity:x:998:998:Unity:/var/lib/unity:/bin/sh")
	for i, name := range b.People {
		s.line("%s:x:%d:%d::/home/%s:/bin/bash", name, 1000+i, 1000+i, name)
	}
}

// formats is how each manager lists a package.
var formats = map[string]string{"dpkg": "ii |%s|%s", "rpm": "%s|%s", "apk": "%s-%s", "pacman": "%s %s"}

// few are packages that every system has, whoever installs them.
const few = `bash busybox ca-certificates chrony coreutils curl e2fsprogs git grep gzip htop iproute2 kmod less
	linux-firmware nano nftables openssh openssl procps rsync sed sudo tar tmux tzdata util-linux wget xz zlib zstd`

// packages returns what is installed: the recorded machine's where the same
// manager installed it.
func (b *Box) packages() []string {
	all := strings.Fields(few)
	if b.System.Packages == "dpkg" {
		_, rest, _ := strings.Cut(snapshotAnswer, "@@ dpkg\n")
		rest, _, _ = strings.Cut(rest, "\n\n")
		all = nil
		for line := range strings.Lines(rest) {
			if f := strings.Split(line, "|"); f[0] == "ii " {
				all = append(all, f[1])
			}
		}
	}
	for _, v := range b.Services {
		if v.Package != "" {
			all = append(all, v.Package)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// moving are packages that the last update replaced.
var moving = strings.Fields("curl libssl3 linux-image-amd64 openssh openssh-server openssl tzdata")

func (b *Box) version(name string, at time.Time) string {
	n := 0
	for _, c := range name {
		n = (n*31 + int(c)) % 9973
	}
	last := n % 7
	if slices.Contains(moving, name) && !at.Before(b.Patched) {
		last++
	}
	return fmt.Sprintf("%d.%d.%d%s", 1+n%4, n%23, last, b.System.Tail)
}

// sayNetwork says where a box is in its network, and what it serves there.
func (b *Box) sayNetwork(s *speech) {
	l := b.Link
	s.at("links")
	s.line("lo|00:00:00:00:00:00|65536|unknown|\n%s|%s|1500|up|%d", l.Name, l.MAC, l.Mbits)
	s.at("route")
	s.line("%s 00000000 %s 0003 0 0 0 00000000 0 0 0", l.Name, turned(l.Gateway))
	s.at("addr")
	s.line("1: lo    inet 127.0.0.1/8 scope host lo\n2: %s    inet %s scope global %s", l.Name, l.Address, l.Name)
	s.at("ss")
	s.line(`tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=812,fd=3))`)
	for i, v := range b.Services {
		for _, port := range v.Ports {
			s.line(`tcp LISTEN 0 128 0.0.0.0:%d 0.0.0.0:* users:((%q,pid=%d,fd=3))`, port, v.Process, 900+i)
		}
	}
}

// turned writes an address as the kernel's routes have it.
func turned(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "00000000"
	}
	b := a.As4()
	return fmt.Sprintf("%08X", binary.LittleEndian.Uint32(b[:]))
}
