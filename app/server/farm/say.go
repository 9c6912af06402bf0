package farm

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// A speech is an answer as it grows, section by section.
type speech struct {
	strings.Builder
	word string
}

func (s *speech) at(section string) { s.line("\n%s %s", s.word, section) }

func (s *speech) line(format string, a ...any) {
	fmt.Fprintf(s, format+"\n", a...)
}

// ticks is how many of them the kernel counts a second.
const ticks = 100

// sayMoment says what changes from moment to moment: the clock, the processor, the memory.
func (b *Box) sayMoment(s *speech, at time.Time) {
	seed := b.seed()
	s.at("date")
	s.line("%d.%09d", at.Unix(), at.Nanosecond())
	up := at.Sub(b.Booted).Seconds()
	total := up * ticks * float64(b.Threads)
	busy := (b.Use.total(at, seed) - b.Use.total(b.Booted, seed)) * ticks * float64(b.Threads)
	s.at("stat")
	s.line("cpu  %.0f 0 %.0f %.0f 0 0 0 0 0 0", busy*0.8, busy*0.2, total-busy)
	s.at("loadavg")
	for _, d := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute} {
		fmt.Fprintf(s, "%.2f ", b.Use.over(d, at, seed)*float64(b.Threads)*1.1)
	}
	processes := 70 + 28*float64(len(b.Services)) + 60*b.Use.at(at, seed)
	s.line("1/%.0f 48211", processes*3)
	s.at("uptime")
	s.line("%.2f %.2f", up, up*float64(b.Threads)*0.9)
	b.sayMemory(s, at)
	s.at("processes")
	s.line("%.0f", processes)
}

func (b *Box) sayMemory(s *speech, at time.Time) {
	total := b.GB * 1024 * 1024 * 0.97 // the rest is the firmware's
	held := min(b.Held.at(at, b.seed()+1), 0.99)
	available := total * (1 - held)
	swap := min(total/2, 8<<20)
	s.at("meminfo")
	s.line("MemTotal: %.0f kB\nMemFree: %.0f kB\nMemAvailable: %.0f kB", total, available*0.4, available)
	s.line("Buffers: %.0f kB\nCached: %.0f kB", total*0.02, available*0.5)
	s.line("SwapTotal: %.0f kB\nSwapFree: %.0f kB", swap, swap*(1-max(held-0.5, 0.01)*0.4))
}

func (b *Box) saySensors(s *speech, at time.Time) {
	use := b.Use.over(90*time.Second, at, b.seed()) // metal is slow
	s.at("temps")
	for _, v := range b.Sensors {
		s.line("%.0f|%s|%s|temp1_input|%s", (v.Idle+v.Gain*use)*1000, v.Chip, v.Device, v.Label)
	}
	s.at("zones")
}

// sayDisks says what disks, links and file systems have carried and hold.
func (b *Box) sayDisks(s *speech, at time.Time) {
	seed := b.seed()
	since := func(l Load) float64 { return l.total(at, seed) - l.total(b.Booted, seed) }
	s.at("blocks")
	for _, d := range b.Disks {
		fmt.Fprint(s, d.Name, " ")
	}
	s.at("diskstats")
	for i, d := range b.Disks {
		s.line("%4d 0 %s 100 0 %.0f 0 100 0 %.0f 0 0 0 0 0 0 0 0 0 0", 8+i, d.Name, since(d.Read)/512, since(d.Written)/512)
	}
	s.at("nics")
	s.line("%s", b.Link.Name)
	s.at("netdev")
	s.line("  %s: %.0f 1 0 0 0 0 0 0 %.0f 1 0 0 0 0 0 0", b.Link.Name, since(b.Link.Received), since(b.Link.Sent))
	s.at("mounts")
	for _, m := range b.Mounts {
		s.line("%s|%s|%s", m.Device, m.Type, m.Point)
	}
	s.at("df")
	for _, m := range b.Mounts {
		size := m.GB * 1e9 / 1024
		used := size * m.Used.at(at)
		s.line("%s %.0f %.0f %.0f %.0f%% %s", m.Device, size, used, size-used, math.Ceil(100*used/size), m.Point)
	}
}
