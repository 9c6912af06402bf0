package farm

import (
	"hash/fnv"
	"math"
	"strings"
	"time"
)

// A System is what runs on a box.
type System struct {
	Pretty, Name, ID, Version, Kernel string
	Arch                              string // empty: x86_64
	Packages                          string // who installs them: dpkg, rpm, apk or pacman
	Tail                              string // what versions of packages end with
}

// A Box is a machine as data: what it is, and how its values move.
type Box struct {
	Name           string // its own host name
	System         System
	Maker, Product string
	CPU            string // empty: that of a single-board computer, which says its Product instead
	Cores, Threads int
	GB             float64 // of memory
	Guest          string  // of which hypervisor; empty: of none
	Disks          []Disk
	Mounts         []Mount
	Link           Link
	Sensors        []Sensor
	Services       []Service
	People         []string // accounts
	Booted         time.Time
	Patched        time.Time // when packages were updated last
	Updates        int       // that wait since
	Reboot         bool      // needed
	Use, Held      Load      // shares of the processor and of the memory
	Away           Spell     // when it is not reached
}

// A Disk is a device of a box.
type Disk struct {
	Name, Model   string
	GB            float64
	Spins         bool
	Read, Written Load // bytes a second
}

// A Mount is a file system of a box.
type Mount struct {
	Device, Type, Point string
	GB                  float64
	Used                Fill
}

// A Link is the network interface of a box.
type Link struct {
	Name, MAC      string
	Address        string // with the length of its network
	Gateway        string
	Mbits          int
	Received, Sent Load // bytes a second
}

// A Sensor is as warm as Idle, and by Gain more when its box has all to do.
type Sensor struct {
	Chip, Device, Label string
	Idle, Gain          float64 // °C
}

// A Service is a program that a box runs.
type Service struct {
	Unit, About, Package, Process string
	Ports                         []int
	Failed                        bool
}

// Up implements Machine.
func (b *Box) Up(at time.Time) bool { return !b.Away.on(at) }

// Answer implements Machine.
func (b *Box) Answer(script string, at time.Time) string {
	s := &speech{word: wordOf(script)}
	s.Grow(16 << 10)
	b.sayMoment(s, at)
	b.saySensors(s, at)
	b.sayDisks(s, at)
	if strings.Contains(script, "poll; snapshot") {
		b.sayHardware(s)
		b.saySystem(s, at)
		b.sayNetwork(s)
	}
	if strings.Contains(script, "snapshot; updates") {
		s.at("updates")
		s.line("%d", b.Updates)
	}
	s.at("end")
	s.line("ok")
	return s.String()
}

// seed tells boxes apart that have the same loads.
func (b *Box) seed() float64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(b.Name)) // a hash takes everything
	return float64(h.Sum32()) / math.MaxUint32 * 2 * math.Pi
}
