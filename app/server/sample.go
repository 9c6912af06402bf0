package server

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"unity.internal/store"
)

// A sample is what one poll found, whichever way it asked. What was not found is zero.
type sample struct {
	clock      time.Time // the machine's own
	exact      bool      // clock is finer than a second
	cpu        cpuTimes
	load       [3]float64
	hasLoad    bool
	memory     amounts
	swap       amounts
	mounts     []Mount
	disks      []disk
	interfaces []traffic
	sensors    []sensor
	uptime     float64
	processes  int
}

// cpuTimes are ticks since the machine started.
type cpuTimes struct{ total, idle float64 }

// amounts are bytes.
type amounts struct{ total, used, available float64 }

// A Mount is a file system where it is mounted.
type Mount struct {
	Point  string  `json:"mountpoint"`
	Device string  `json:"device"`
	Type   string  `json:"type"`
	Size   float64 `json:"size_bytes"`
	used   float64
}

type disk struct {
	name          string
	read, written float64 // bytes since the machine started
}

type traffic struct {
	name           string
	received, sent float64 // bytes since the interface was made
	physical       bool
}

type sensor struct {
	name    string
	celsius float64
}

// readings returns what is kept of s. CPU use is what changed since before,
// so the first poll has none.
func (s *sample) readings(before *sample) []store.Reading {
	r := make([]store.Reading, 0, 16+2*(len(s.mounts)+len(s.disks)+len(s.interfaces))+len(s.sensors))
	add := func(metric string, v float64, l store.Labels) {
		r = append(r, store.Reading{Metric: metric, Labels: l, Value: v})
	}
	if use, ok := s.cpuUse(before); ok {
		add("node_cpu_usage_ratio", use, nil)
	}
	if s.hasLoad {
		add("node_load1", s.load[0], nil)
		add("node_load5", s.load[1], nil)
		add("node_load15", s.load[2], nil)
	}
	if s.memory.total > 0 {
		add("node_memory_total_bytes", s.memory.total, nil)
		add("node_memory_used_bytes", s.memory.used, nil)
		add("node_memory_available_bytes", s.memory.available, nil)
		add("node_swap_total_bytes", s.swap.total, nil)
		add("node_swap_used_bytes", s.swap.used, nil)
	}
	for _, m := range s.mounts {
		l := store.Labels{{Name: "mountpoint", Value: m.Point}}
		add("node_disk_size_bytes", m.Size, l)
		add("node_disk_used_bytes", m.used, l)
	}
	for _, d := range s.disks {
		l := store.Labels{{Name: "device", Value: d.name}}
		add("node_disk_read_bytes_total", d.read, l)
		add("node_disk_written_bytes_total", d.written, l)
	}
	for _, n := range s.interfaces {
		l := store.Labels{{Name: "interface", Value: n.name}}
		add("node_network_receive_bytes_total", n.received, l)
		add("node_network_transmit_bytes_total", n.sent, l)
	}
	for _, t := range s.sensors {
		add("node_temperature_celsius", t.celsius, store.Labels{{Name: "sensor", Value: t.name}})
	}
	if s.uptime > 0 {
		add("node_uptime_seconds", s.uptime, nil)
	}
	if s.processes > 0 {
		add("node_processes", float64(s.processes), nil)
	}
	return r
}

// cpuUse returns how busy the machine was since before; not after a restart.
func (s *sample) cpuUse(before *sample) (float64, bool) {
	if before == nil || before.cpu.total == 0 {
		return 0, false
	}
	total, idle := s.cpu.total-before.cpu.total, s.cpu.idle-before.cpu.idle
	if total <= 0 || idle < 0 {
		return 0, false
	}
	return min(max(1-idle/total, 0), 1), true
}

// Readings are the latest values that a list of servers shows. What is not known is null.
type Readings struct {
	CPU        *float64   `json:"cpu_ratio" nullable:"true"`
	Memory     *float64   `json:"memory_ratio" nullable:"true"`
	MemoryUsed *float64   `json:"memory_used_bytes" nullable:"true"`
	Swap       *float64   `json:"swap_ratio" nullable:"true"`
	Disk       *float64   `json:"disk_ratio" nullable:"true" doc:"Of the fullest file system"`
	DiskMount  string     `json:"disk_mount"`
	Load       *float64   `json:"load1" nullable:"true"`
	Receive    *float64   `json:"network_receive_bytes_s" nullable:"true"`
	Transmit   *float64   `json:"network_transmit_bytes_s" nullable:"true"`
	Celsius    *float64   `json:"temperature_c" nullable:"true" doc:"Of the hottest sensor"`
	Processes  *int       `json:"processes" nullable:"true"`
	Uptime     *float64   `json:"uptime_s" nullable:"true"`
	At         *time.Time `json:"at" nullable:"true"`
}

// latest returns the readings of s, rates over the time since before.
func (s *sample) latest(before *sample, since time.Duration, at time.Time) Readings {
	v := Readings{At: &at}
	if use, ok := s.cpuUse(before); ok {
		v.CPU = &use
	}
	if s.hasLoad {
		v.Load = &s.load[0]
	}
	if s.memory.total > 0 {
		v.Memory, v.MemoryUsed = new(s.memory.used/s.memory.total), &s.memory.used
	}
	if s.swap.total > 0 {
		v.Swap = new(s.swap.used / s.swap.total)
	}
	s.peaks(&v)
	if s.uptime > 0 {
		v.Uptime, v.Processes = &s.uptime, &s.processes
	}
	if before != nil && since > 0 && s.uptime >= before.uptime {
		in, out := s.traffic()
		in0, out0 := before.traffic()
		v.Receive = new(max(in-in0, 0) / since.Seconds())
		v.Transmit = new(max(out-out0, 0) / since.Seconds())
	}
	return v
}

// peaks finds the fullest file system and the hottest sensor.
func (s *sample) peaks(v *Readings) {
	for _, m := range s.mounts {
		if full := m.used / m.Size; v.Disk == nil || full > *v.Disk {
			v.Disk, v.DiskMount = &full, m.Point
		}
	}
	for _, t := range s.sensors {
		if v.Celsius == nil || t.celsius > *v.Celsius {
			v.Celsius = new(t.celsius)
		}
	}
}

// traffic sums what physical interfaces carried: bridges and tunnels carry the
// same bytes again. Where none is physical, as in a container, all count.
func (s *sample) traffic() (received, sent float64) {
	physical := slices.ContainsFunc(s.interfaces, func(n traffic) bool { return n.physical })
	for _, n := range s.interfaces {
		if n.physical || !physical {
			received += n.received
			sent += n.sent
		}
	}
	return received, sent
}

// once keeps the shortest mount point of each device.
func once(mounts []Mount) []Mount {
	slices.SortFunc(mounts, func(a, b Mount) int {
		return cmp.Or(strings.Compare(a.Device, b.Device), cmp.Compare(len(a.Point), len(b.Point)), strings.Compare(a.Point, b.Point))
	})
	mounts = slices.CompactFunc(mounts, func(a, b Mount) bool { return a.Device == b.Device })
	slices.SortFunc(mounts, func(a, b Mount) int { return strings.Compare(a.Point, b.Point) })
	return mounts
}

// virtualDisk reports whether a block device stores nothing of its own.
func virtualDisk(name string) bool {
	return hasPrefix(name, "loop", "ram", "zram", "dm-", "md", "sr", "fd", "zd", "nbd")
}

// virtualLink reports whether an interface belongs to one container or guest,
// whose names come and go.
func virtualLink(name string) bool {
	return name == "lo" || hasPrefix(name, "veth", "cali", "cni", "lxc", "flannel", "fwbr", "fwpr", "fwln", "tap", "vnet", "ifb", "dummy", "br-")
}

func hasPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}
