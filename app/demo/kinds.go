package demo

import (
	"fmt"
	"strings"
	"time"

	"unity.internal/app/server/farm"
	"unity.internal/store"
)

// A machine is one of a tenant, as its people entered it, and what stands behind.
type machine struct {
	store.Server
	box      *farm.Box
	added    time.Duration // before the demo starts
	replaced time.Duration // before the demo starts it came back with another host key; 0: it did not
}

var (
	debian = farm.System{
		Pretty: "Debian GNU/Linux 13 (trixie)", Name: "Debian GNU/Linux", ID: "debian", Version: "13",
		Kernel: "6.12.57+deb13-amd64", Packages: "dpkg", Tail: "-2+deb13u1",
	}
	bookworm = farm.System{
		Pretty: "Debian GNU/Linux 12 (bookworm)", Name: "Debian GNU/Linux", ID: "debian", Version: "12",
		Kernel: "6.1.0-41-amd64", Packages: "dpkg", Tail: "-1+deb12u3",
	}
	proxmox = farm.System{
		Pretty: "Debian GNU/Linux 13 (trixie)", Name: "Debian GNU/Linux", ID: "debian", Version: "13",
		Kernel: "6.17.2-1-pve", Packages: "dpkg", Tail: "-2+deb13u1",
	}
	raspbian = farm.System{
		Pretty: "Debian GNU/Linux 12 (bookworm)", Name: "Debian GNU/Linux", ID: "debian", Version: "12",
		Kernel: "6.12.47+rpt-rpi-v8", Arch: "aarch64", Packages: "dpkg", Tail: "-1~rpt2",
	}
	ubuntu = farm.System{
		Pretty: "Ubuntu 24.04.3 LTS", Name: "Ubuntu", ID: "ubuntu", Version: "24.04",
		Kernel: "6.8.0-88-generic", Packages: "dpkg", Tail: "-1ubuntu2",
	}
	alpine = farm.System{
		Pretty: "Alpine Linux v3.22", Name: "Alpine Linux", ID: "alpine", Version: "3.22.2",
		Kernel: "6.12.55-0-lts", Packages: "apk", Tail: "-r1",
	}
	fedora = farm.System{
		Pretty: "Fedora Linux 43 (Workstation Edition)", Name: "Fedora Linux", ID: "fedora", Version: "43",
		Kernel: "6.17.8-300.fc43.x86_64", Packages: "rpm", Tail: "-1.fc43",
	}
)

// Loads from little to much.
var (
	idle   = farm.Load{Mean: 0.03, Day: 0.01, Noise: 0.02}
	light  = farm.Load{Mean: 0.09, Day: 0.03, Noise: 0.05}
	steady = farm.Load{Mean: 0.28, Day: 0.08, Noise: 0.16}
	busy   = farm.Load{Mean: 0.52, Day: 0.01, Noise: 0.05}
)

// held returns how much of the memory is in use: it hardly moves.
func held(share float64) farm.Load {
	return farm.Load{Mean: share, Day: share / 40, Noise: share / 30}
}

// carried returns what a link or a disk carries, in bytes a second.
func carried(rate float64) farm.Load {
	return farm.Load{Mean: rate, Day: rate * 0.35, Noise: rate * 0.6}
}

// full returns a file system that stays as it is.
func full(share float64) farm.Fill { return farm.Fill{From: share} }

// link returns an interface at an address, whose network ends with its last byte.
func link(name, address string, rate float64) farm.Link {
	var a [4]int
	_, _ = fmt.Sscanf(address, "%d.%d.%d.%d", &a[0], &a[1], &a[2], &a[3]) // ours
	return farm.Link{
		Name: name, MAC: fmt.Sprintf("94:c6:91:%02x:%02x:%02x", a[1], a[2], a[3]), Mbits: 1000,
		Address: address + "/24", Gateway: fmt.Sprintf("%d.%d.%d.1", a[0], a[1], a[2]), Received: carried(rate), Sent: carried(rate * 0.4),
	}
}

// board returns a single-board computer.
func board(product string, gb float64, address string, use farm.Load) *farm.Box {
	return &farm.Box{
		System: raspbian, Maker: "Raspberry Pi Foundation", Product: product, Cores: 4, Threads: 4, GB: gb, Use: use, Held: held(0.38),
		Disks: []farm.Disk{{Name: "mmcblk0", GB: 64, Read: carried(2e3), Written: carried(3e4)}},
		Mounts: []farm.Mount{
			{Device: "/dev/mmcblk0p2", Type: "ext4", Point: "/", GB: 62, Used: full(0.22)},
			{Device: "/dev/mmcblk0p1", Type: "vfat", Point: "/boot/firmware", GB: 0.53, Used: full(0.14)},
		},
		Link:    link("eth0", address, 9e3),
		Sensors: []farm.Sensor{{Chip: "cpu_thermal", Device: "thermal_zone0", Idle: 41, Gain: 30}},
		People:  []string{"pi"},
	}
}

// guest returns a virtual machine.
func guest(system farm.System, cores int, gb, disk float64, address string, use farm.Load) *farm.Box {
	return &farm.Box{
		System: system, Maker: "QEMU", Product: "Standard PC (Q35 + ICH9, 2009)", CPU: "AMD EPYC-Milan Processor", Cores: cores, Threads: cores,
		GB: gb, Guest: "kvm", Use: use, Held: held(0.46),
		Disks:  []farm.Disk{{Name: "vda", GB: disk, Read: carried(4e4), Written: carried(2e5)}},
		Mounts: []farm.Mount{{Device: "/dev/vda1", Type: "ext4", Point: "/", GB: disk * 0.97, Used: full(0.41)}},
		Link:   link("ens18", address, 8e4), People: []string{"admin"},
	}
}

// metal returns a computer that stands somewhere.
func metal(maker, product, cpu string, cores, threads int, gb, disk float64, address string, use farm.Load) *farm.Box {
	return &farm.Box{
		System: debian, Maker: maker, Product: product, CPU: cpu, Cores: cores, Threads: threads, GB: gb, Use: use, Held: held(0.42),
		Disks: []farm.Disk{{Name: "nvme0n1", Model: "Samsung SSD 980 PRO", GB: disk, Read: carried(8e4), Written: carried(4e5)}},
		Mounts: []farm.Mount{
			{Device: "/dev/nvme0n1p2", Type: "ext4", Point: "/", GB: disk * 0.96, Used: full(0.36)},
			{Device: "/dev/nvme0n1p1", Type: "vfat", Point: "/boot/efi", GB: 0.53, Used: full(0.02)},
		},
		Link: link("enp1s0", address, 2e5),
		Sensors: []farm.Sensor{
			{Chip: "coretemp", Device: "coretemp.0", Label: "Package id 0", Idle: 38, Gain: 36},
			{Chip: "nvme", Device: "nvme0", Label: "Composite", Idle: 37, Gain: 9},
		},
		People: []string{"lea"},
	}
}

// runs is a service that a distribution packages under its own name.
func runs(name, about string, ports ...int) farm.Service {
	return farm.Service{Unit: name + ".service", About: about, Package: name, Process: name, Ports: ports}
}

// entry is what people enter of a machine; words are its tags.
func entry(name, domain, group, words, notes string) store.Server {
	return store.Server{
		Name: name, Host: name + "." + domain, Port: 22, Username: "unity", Auth: "key",
		Group: group, Tags: strings.Fields(words), Notes: notes,
	}
}
