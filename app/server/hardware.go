package server

import (
	"slices"
	"strings"
)

// guests are words of DMI that name a hypervisor, for machines without systemd-detect-virt.
var guests = []struct{ word, name string }{
	{"kvm", "kvm"},
	{"qemu", "qemu"},
	{"vmware", "vmware"},
	{"virtualbox", "oracle"},
	{"hvm domu", "xen"},
	{"bochs", "qemu"},
	{"openstack", "kvm"},
	{"amazon ec2", "amazon"},
}

// fillers are what makers write where they write nothing.
var fillers = []string{"to be filled by o.e.m.", "default string", "system product name", "system manufacturer", "not specified", "o.e.m.", "none"}

func parseHardware(s sections, poll *sample) Hardware {
	v := parseCPU(s)
	v.MemoryBytes = int64(poll.memory.total)
	dmi := map[string]string{}
	for line := range s.lines("dmi") {
		name, value, _ := strings.Cut(line, "=")
		if value = strings.TrimSpace(value); !slices.Contains(fillers, strings.ToLower(value)) {
			dmi[name] = value
		}
	}
	v.Vendor, v.Product, v.BIOS = dmi["sys_vendor"], orElse(dmi["product_name"], s.text("model")), dmi["bios_version"]
	v.Board = strings.TrimSpace(dmi["board_vendor"] + " " + dmi["board_name"])
	if v.Virtualization = s.text("virt"); v.Virtualization == "none" {
		v.Virtualization = ""
	} else if v.Virtualization == "" {
		v.Virtualization = guest(v.Vendor + " " + v.Product)
	}
	return v
}

func guest(maker string) string {
	maker = strings.ToLower(maker)
	for _, g := range guests {
		if strings.Contains(maker, g.word) {
			return g.name
		}
	}
	return ""
}

// parseCPU reads /proc/cpuinfo, whose words differ between architectures.
func parseCPU(s sections) (v Hardware) {
	sockets, cores := map[string]bool{}, map[string]bool{}
	socket := ""
	for line := range s.lines("cpu") {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(name) {
		case "processor":
			v.Threads++
		case "physical id":
			socket = value
			sockets[socket] = true
		case "core id":
			cores[socket+"/"+value] = true
		case "model name", "cpu model":
			v.CPUModel = strings.Join(strings.Fields(value), " ")
		case "Hardware", "Model":
			v.CPUModel = orElse(v.CPUModel, value)
		}
	}
	v.Sockets, v.Cores = int64(max(len(sockets), 1)), int64(len(cores))
	if v.Cores == 0 {
		v.Cores = v.Threads
	}
	if v.Threads == 0 {
		v.Sockets = 0
	}
	return v
}

// parseBlock reads «name|sectors|rotational|removable|vendor|model».
func parseBlock(s sections) []Disk {
	all := []Disk{}
	for line := range s.lines("block") {
		f := strings.SplitN(line, "|", 6)
		if len(f) < 6 || virtualDisk(f[0]) || len(all) == maxRows {
			continue
		}
		size := integer(f[1])
		if size == 0 || size > 1<<53 {
			continue // an empty card reader
		}
		vendor := strings.TrimSpace(f[4])
		if vendor == "ATA" || strings.HasPrefix(vendor, "0x") {
			vendor = ""
		}
		all = append(all, Disk{f[0], strings.TrimSpace(vendor + " " + strings.TrimSpace(f[5])), size * sector, diskKind(f[0], f[2]), f[3] == "1"})
	}
	slices.SortFunc(all, func(a, b Disk) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func diskKind(name, rotational string) string {
	switch {
	case hasPrefix(name, "nvme"):
		return "nvme"
	case hasPrefix(name, "mmcblk"):
		return "card"
	case hasPrefix(name, "vd", "xvd"):
		return "virtual"
	case rotational == "1":
		return "hdd"
	case rotational == "0":
		return "ssd"
	}
	return "unknown"
}
