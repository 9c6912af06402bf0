package server

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// sector is the unit of /proc/diskstats, whatever the disk says.
const sector = 512

// maxSeries bounds what one machine may bring of one kind.
const maxSeries = 100

// parsePoll reads a poll out of sections. It takes what it can read.
func parsePoll(s sections) *sample {
	v := &sample{cpu: parseStat(s.text("stat")), uptime: number(word(s.text("uptime"), 0))}
	v.clock, v.exact = parseClock(s.text("date"))
	v.processes = int(min(number(s.text("processes")), 1<<22))
	if f := strings.Fields(s.text("loadavg")); len(f) >= 3 {
		v.load, v.hasLoad = [3]float64{number(f[0]), number(f[1]), number(f[2])}, true
	}
	v.memory, v.swap = parseMemory(s)
	v.mounts = parseMounts(s)
	v.disks = parseDisks(s)
	v.interfaces = parseTraffic(s)
	v.sensors = parseSensors(s)
	return v
}

// number returns what stands in text, or 0: never less, never without end.
func number(text string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return 0
	}
	return v
}

// word returns the i-th word of line, or nothing.
func word(line string, i int) string {
	for f := range strings.FieldsSeq(line) {
		if i--; i < 0 {
			return f
		}
	}
	return ""
}

// parseClock reads «1795463939.693107121»; where date knows no parts of a
// second, what follows the point is something else.
func parseClock(text string) (t time.Time, exact bool) {
	whole, part, _ := strings.Cut(text, ".")
	s, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || s <= 0 || s > 1<<40 {
		return time.Time{}, false
	}
	if ns, err := strconv.ParseInt(part, 10, 64); err == nil && len(part) == 9 {
		return time.Unix(s, ns), true
	}
	return time.Unix(s, 0), false
}

// parseStat reads «cpu user nice system idle iowait irq softirq steal guest …».
// Guest time is part of user time.
func parseStat(line string) (c cpuTimes) {
	f := strings.Fields(line)
	if len(f) < 5 || f[0] != "cpu" {
		return c
	}
	for i, text := range f[1:min(len(f), 9)] {
		v := number(text)
		c.total += v
		if i == 3 || i == 4 {
			c.idle += v
		}
	}
	return c
}

func parseMemory(s sections) (memory, swap amounts) {
	kb := map[string]float64{}
	for line := range s.lines("meminfo") {
		switch name, rest, _ := strings.Cut(line, ":"); name {
		case "MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "SReclaimable", "SwapTotal", "SwapFree":
			kb[name] = number(word(rest, 0)) * 1024
		}
	}
	free, known := kb["MemAvailable"]
	if !known { // before Linux 3.14
		free = kb["MemFree"] + kb["Buffers"] + kb["Cached"] + kb["SReclaimable"]
	}
	memory = amounts{total: kb["MemTotal"], available: min(free, kb["MemTotal"])}
	memory.used = memory.total - memory.available
	swap = amounts{total: kb["SwapTotal"], available: min(kb["SwapFree"], kb["SwapTotal"])}
	swap.used = swap.total - swap.available
	return memory, swap
}

// parseMounts joins the mounts that the script chose with what df says of them.
func parseMounts(s sections) (all []Mount) {
	type place struct{ device, typ string }
	at := map[string]place{}
	for line := range s.lines("mounts") {
		if f := strings.SplitN(line, "|", 3); len(f) == 3 {
			at[f[2]] = place{f[0], f[1]}
		}
	}
	for line := range s.lines("df") {
		size, used, point, ok := parseDF(line)
		p, chosen := at[point]
		if ok && chosen && len(all) < maxSeries {
			all = append(all, Mount{Point: point, Device: p.device, Type: p.typ, Size: size, used: used})
		}
	}
	return once(all)
}

// dfLine is «device blocks used available 17% mountpoint»: both ends may hold spaces.
var dfLine = regexp.MustCompile(`^.*?\s+(\d+)\s+(\d+)\s+-?\d+\s+(?:\d+%|-)\s+(/.*)$`)

func parseDF(line string) (size, used float64, point string, ok bool) {
	f := dfLine.FindStringSubmatch(line)
	if f == nil {
		return 0, 0, "", false
	}
	size, used = number(f[1])*1024, number(f[2])*1024
	return size, used, f[3], size > 0 && used <= size
}

func parseDisks(s sections) (all []disk) {
	whole := map[string]bool{} // not partitions
	for f := range strings.FieldsSeq(s.text("blocks")) {
		whole[f] = true
	}
	for line := range s.lines("diskstats") {
		f := strings.Fields(line)
		if len(f) < 10 || virtualDisk(f[2]) || len(whole) > 0 && !whole[f[2]] || len(all) == maxSeries {
			continue
		}
		all = append(all, disk{f[2], number(f[5]) * sector, number(f[9]) * sector})
	}
	return all
}

func parseTraffic(s sections) (all []traffic) {
	physical := map[string]bool{}
	for line := range s.lines("nics") {
		physical[line] = true
	}
	for line := range s.lines("netdev") {
		name, rest, ok := strings.Cut(line, ":")
		f := strings.Fields(rest)
		if !ok || len(f) < 16 || virtualLink(name) || len(all) == maxSeries {
			continue
		}
		all = append(all, traffic{name, number(f[0]), number(f[8]), physical[name]})
	}
	return all
}

// parseSensors reads «millidegrees|chip|device|file|label» of hwmon, and the
// thermal zones only where there is no hwmon.
func parseSensors(s sections) []sensor {
	var raw []reading
	for line := range s.lines("temps") {
		if f := strings.SplitN(line, "|", 5); len(f) == 5 {
			raw = append(raw, reading{f[1], f[2], orElse(f[4], strings.TrimSuffix(f[3], "_input")), f[0]})
		}
	}
	if len(raw) == 0 {
		for line := range s.lines("zones") {
			if f := strings.SplitN(line, "|", 3); len(f) == 3 {
				raw = append(raw, reading{f[1], "zone" + f[2], "", f[0]})
			}
		}
	}
	return nameSensors(raw)
}

type reading struct{ chip, device, label, milli string }

// nameSensors gives each sensor a name of its own. Its device is part of it only
// where two chips are alike, as two disks are.
func nameSensors(raw []reading) (all []sensor) {
	seen := map[string]int{}
	for _, r := range raw {
		seen[r.chip+" "+r.label]++
	}
	for _, r := range raw {
		celsius, err := strconv.ParseFloat(r.milli, 64)
		celsius /= 1000
		if err != nil || celsius < -100 || celsius > 250 || celsius == 0 || len(all) == maxSeries {
			continue // what is not connected says 0 or nonsense
		}
		name := r.chip + " " + r.label
		if seen[name] > 1 {
			name = r.chip + " " + r.device + " " + r.label
		}
		all = append(all, sensor{strings.Join(strings.Fields(name), " "), celsius})
	}
	return distinct(all)
}

// distinct numbers what is still alike.
func distinct(all []sensor) []sensor {
	seen := map[string]int{}
	for i, s := range all {
		if seen[s.name]++; seen[s.name] > 1 {
			all[i].name += " " + strconv.Itoa(seen[s.name])
		}
	}
	return all
}

func orElse(v, fallback string) string {
	if v == "" {
		return fallback
	}
	return v
}
