package server

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"unity.internal/store"
)

// A Snapshot is what a machine looked like at one moment: each field a section
// that is kept once for as long as it does not change. Lists are sorted, so that
// equal machines give equal sections.
type Snapshot struct {
	Hardware Hardware    `json:"hardware"`
	OS       OSInfo      `json:"os"`
	Disks    []Disk      `json:"disks" nullable:"false"`
	Mounts   []Mount     `json:"mounts" nullable:"false"`
	Network  []Interface `json:"network" nullable:"false"`
	Packages []Package   `json:"packages" nullable:"false"`
	Units    []Unit      `json:"units" nullable:"false"`
	Ports    []OpenPort  `json:"ports" nullable:"false"`
	Users    []Account   `json:"users" nullable:"false"`
}

// Hardware is the machine itself.
type Hardware struct {
	Vendor         string `json:"vendor"`
	Product        string `json:"product"`
	Board          string `json:"board"`
	BIOS           string `json:"bios"`
	CPUModel       string `json:"cpu_model"`
	Sockets        int64  `json:"cpu_sockets"`
	Cores          int64  `json:"cpu_cores"`
	Threads        int64  `json:"cpu_threads"`
	MemoryBytes    int64  `json:"memory_bytes"`
	Virtualization string `json:"virtualization"`
}

// OSInfo is what runs on it.
type OSInfo struct {
	Name     string `json:"name" example:"Debian GNU/Linux 13 (trixie)"`
	ID       string `json:"id" example:"debian"`
	Version  string `json:"version" example:"13"`
	Kernel   string `json:"kernel"`
	Arch     string `json:"arch"`
	Hostname string `json:"hostname"`
	Updates  *int64 `json:"updates" nullable:"true" doc:"Packages that wait to be updated; null: not known"`
	Reboot   bool   `json:"reboot_needed"`
}

// A Disk is a device that stores something.
type Disk struct {
	Name      string `json:"name"`
	Model     string `json:"model"`
	SizeBytes int64  `json:"size_bytes"`
	Kind      string `json:"kind" enum:"nvme,ssd,hdd,card,virtual,unknown"`
	Removable bool   `json:"removable"`
}

// An Interface is a network interface with its addresses.
type Interface struct {
	Name      string   `json:"name"`
	MAC       string   `json:"mac"`
	MTU       int64    `json:"mtu"`
	State     string   `json:"state"`
	Mbits     int64    `json:"speed_mbits"`
	Addresses []string `json:"addresses" nullable:"false"`
	Gateway   string   `json:"gateway,omitempty"`
}

// A Package is one installed package.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// A Unit is one of systemd's.
type Unit struct {
	Name        string `json:"name"`
	Active      string `json:"active"`
	Sub         string `json:"sub"`
	Description string `json:"description"`
}

// An OpenPort is one that a process listens on.
type OpenPort struct {
	Protocol string `json:"protocol"`
	Address  string `json:"address"`
	Port     int64  `json:"port"`
	Process  string `json:"process" doc:"Empty where only root may know"`
}

// An Account is an account.
type Account struct {
	Name  string `json:"name"`
	UID   int64  `json:"uid"`
	Home  string `json:"home"`
	Shell string `json:"shell"`
}

// maxRows bounds each list of a snapshot.
const maxRows = 20000

// parseSnapshot reads a snapshot out of sections. It takes what it can read.
func parseSnapshot(s sections, poll *sample) *Snapshot {
	return &Snapshot{
		Hardware: parseHardware(s, poll),
		OS:       parseSystem(s),
		Disks:    parseBlock(s),
		Mounts:   append([]Mount{}, poll.mounts...),
		Network:  parseNetwork(s),
		Packages: parsePackages(s),
		Units:    parseUnits(s),
		Ports:    parsePorts(s),
		Users:    parseUsers(s),
	}
}

// sections returns v as the store keeps it.
func (v *Snapshot) sections() (map[string]json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	for name, part := range map[string]any{
		"hardware": v.Hardware, "os": v.OS, "disks": v.Disks, "mounts": v.Mounts, "network": v.Network,
		"packages": v.Packages, "units": v.Units, "ports": v.Ports, "users": v.Users,
	} {
		text, err := json.Marshal(part)
		if err != nil {
			return nil, err
		}
		all[name] = text
	}
	return all, nil
}

// Read returns the sections of a stored snapshot.
func Read(v store.Snapshot) (*Snapshot, error) {
	text, err := json.Marshal(v.Sections)
	if err != nil {
		return nil, err
	}
	out := &Snapshot{}
	return out, json.Unmarshal(text, out)
}

// facts returns what a list shows of v.
func (v *Snapshot) facts() store.Facts {
	return store.Facts{
		Hostname: v.OS.Hostname, OS: v.OS.Name, Kernel: v.OS.Kernel, Arch: v.OS.Arch,
		CPUModel: v.Hardware.CPUModel, CPUCores: v.Hardware.Cores, MemoryBytes: v.Hardware.MemoryBytes,
		Virtualization: v.Hardware.Virtualization, Updates: v.OS.Updates,
	}
}

func integer(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// parseSystem reads os-release, the host's names and what waits to be done.
func parseSystem(s sections) (v OSInfo) {
	for line := range s.lines("os") {
		name, value, _ := strings.Cut(line, "=")
		value = strings.Trim(value, `"'`)
		switch name {
		case "PRETTY_NAME":
			v.Name = value
		case "NAME":
			v.Name = orElse(v.Name, value)
		case "ID":
			v.ID = value
		case "VERSION_ID":
			v.Version = value
		}
	}
	host := strings.Split(string(s["host"]), "\n")
	for i, to := range []*string{&v.Hostname, &v.Kernel, &v.Arch} {
		if i < len(host) {
			*to = clean(host[i])
		}
	}
	if len(host) > 3 {
		v.Name = orElse(v.Name, clean(host[3]))
	}
	if text := s.text("updates"); text != "" {
		n := integer(text)
		v.Updates = &n
	}
	v.Reboot = s.text("reboot") == "yes"
	return v
}

// parsePackages reads whichever package manager answered.
func parsePackages(s sections) []Package {
	all := []Package{}
	add := func(name, version string) {
		if name != "" && len(all) < maxRows {
			all = append(all, Package{name, version})
		}
	}
	for line := range s.lines("dpkg") {
		if f := strings.SplitN(line, "|", 3); len(f) == 3 && strings.HasPrefix(f[0], "ii") {
			add(f[1], f[2])
		}
	}
	for line := range s.lines("rpm") {
		name, version, _ := strings.Cut(line, "|")
		add(name, version)
	}
	for line := range s.lines("apk") {
		name, version := splitAPK(line)
		add(name, version)
	}
	for line := range s.lines("pacman") {
		name, version, _ := strings.Cut(line, " ")
		add(name, version)
	}
	slices.SortFunc(all, func(a, b Package) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Version, b.Version))
	})
	return slices.Compact(all)
}

// splitAPK cuts «musl-utils-1.2.5-r0» before the version, which has the last two dashes.
func splitAPK(line string) (name, version string) {
	i := strings.LastIndexByte(line, '-')
	if i > 0 {
		i = strings.LastIndexByte(line[:i], '-')
	}
	if i <= 0 {
		return line, ""
	}
	return line[:i], line[i+1:]
}

func parseUnits(s sections) []Unit {
	all := []Unit{}
	for line := range s.lines("units") {
		f := strings.Fields(strings.TrimLeft(line, "●*× "))
		if len(f) < 4 || !strings.Contains(f[0], ".") || len(all) == maxRows {
			continue
		}
		all = append(all, Unit{f[0], f[2], f[3], strings.Join(f[4:], " ")})
	}
	slices.SortFunc(all, func(a, b Unit) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func parseUsers(s sections) []Account {
	all := []Account{}
	for line := range s.lines("users") {
		if f := strings.Split(line, ":"); len(f) == 7 && len(all) < maxRows {
			all = append(all, Account{f[0], integer(f[2]), f[5], f[6]})
		}
	}
	slices.SortFunc(all, func(a, b Account) int { return cmp.Or(cmp.Compare(a.UID, b.UID), strings.Compare(a.Name, b.Name)) })
	return all
}
