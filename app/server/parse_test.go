package server

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"unity.internal/app/fault"
	"unity.internal/app/server/farm"
	"unity.internal/store"
)

// said returns what a machine of the farm says to a script of depth d.
func said(t testing.TB, d depth, since time.Duration) sections {
	t.Helper()
	sc := newScript(d)
	s, err := split(sc.word, []byte("Welcome to nuc-000!\n"+farm.Answer(sc.text, 0, since)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReadingsOfARecordedMachine(t *testing.T) {
	t.Parallel()
	before, p := parsePoll(said(t, polls, 0)), parsePoll(said(t, polls, 10*time.Second))
	got := map[string]float64{}
	for _, r := range p.readings(before) {
		got[r.Metric+r.Labels.JSON()] = r.Value
	}
	cpu := got["node_cpu_usage_ratio{}"]
	if cpu < 0.2 || cpu > 0.6 {
		t.Errorf("cpu = %v", cpu)
	}
	for name, want := range map[string]float64{
		"node_memory_total_bytes{}":                                  32681812 * 1024,
		"node_swap_total_bytes{}":                                    8388604 * 1024,
		`node_disk_size_bytes{"mountpoint":"/srv/media files"}`:      3905109820 * 1024,
		`node_disk_used_bytes{"mountpoint":"/srv/media files"}`:      2930192837 * 1024,
		`node_disk_read_bytes_total{"device":"nvme0n1"}`:             (8e7 + 20000) * 512,
		`node_network_receive_bytes_total{"interface":"eno1"}`:       9e10 + 24e6,
		`node_network_transmit_bytes_total{"interface":"eno1"}`:      4e10 + 6e6,
		`node_temperature_celsius{"sensor":"nvme Composite"}`:        38.85,
		"node_uptime_seconds{}":                                      86410,
		`node_temperature_celsius{"sensor":"coretemp Package id 0"}`: 53.484,
		`node_network_receive_bytes_total{"interface":"docker0"}`:    102938475,
		`node_disk_written_bytes_total{"device":"sdb"}`:              10928372 * 512,
		`node_disk_used_bytes{"mountpoint":"/boot/efi"}`:             5972 * 1024,
		`node_load5{}`: 0.81,
		`node_disk_read_bytes_total{"device":"sda"}`:               (5e7 + 1000) * 512,
		`node_network_transmit_bytes_total{"interface":"docker0"}`: 203948576,
		`node_temperature_celsius{"sensor":"acpitz temp1"}`:        27.8,
	} {
		if d := got[name] - want; d > 0.01 || d < -0.01 {
			t.Errorf("%s = %v, want %v", name, got[name], want)
		}
	}
	for _, never := range []string{"/srv/bind", "veth", `"lo"`, "loop", "dm-0", "nvme0n1p1", "zone"} {
		for name := range got {
			if strings.Contains(name, never) {
				t.Errorf("%s is there", name)
			}
		}
	}
	if n := len(p.readings(nil)); n != len(got)-1 {
		t.Errorf("the first poll has %d readings, the second %d", n, len(got))
	}
}

func TestLatestReadings(t *testing.T) {
	t.Parallel()
	before, p := parsePoll(said(t, polls, 0)), parsePoll(said(t, polls, 10*time.Second))
	v := p.latest(before, 10*time.Second, time.Unix(1000, 0))
	if v.DiskMount != "/srv/media files" || *v.Disk < 0.75 || *v.Disk > 0.76 {
		t.Errorf("disk %v of %s", *v.Disk, v.DiskMount)
	}
	if *v.Receive < 2.3e6 || *v.Receive > 2.5e6 || *v.Transmit < 5e5 || *v.Transmit > 7e5 {
		t.Errorf("network %v %v", *v.Receive, *v.Transmit)
	}
	if *v.Celsius < 50 || *v.Processes < 270 || *v.Uptime != 86410 || *v.CPU <= 0 || *v.Memory <= 0 || *v.Swap <= 0 {
		t.Errorf("%+v", v)
	}
	first := p.latest(nil, 0, time.Unix(1000, 0))
	if first.CPU != nil || first.Receive != nil {
		t.Error("rates of one poll")
	}
}

func TestSnapshotOfARecordedMachine(t *testing.T) {
	t.Parallel()
	s := said(t, updates, 0)
	n := parseSnapshot(s, parsePoll(s))
	three := int64(3)
	want := Snapshot{
		Hardware: Hardware{
			Vendor: "Intel(R) Client Systems", Product: "NUC8i5BEH", Board: "Intel Corporation NUC8BEB", BIOS: "BECFL357.86A.0089.2021.0720.1448",
			CPUModel: "Intel(R) Core(TM) i5-8259U CPU @ 2.30GHz", Sockets: 1, Cores: 4, Threads: 8, MemoryBytes: 32681812 * 1024,
		},
		OS: OSInfo{
			Name: "Debian GNU/Linux 13 (trixie)", ID: "debian", Version: "13", Kernel: "6.12.57+deb13-amd64", Arch: "x86_64",
			Hostname: "nuc-000", Updates: &three, Reboot: true,
		},
		Disks: []Disk{
			{"nvme0n1", "Samsung SSD 970 EVO Plus 500GB", 976773168 * 512, "nvme", false},
			{"sda", "WDC WD40EFRX-68N", 7814037168 * 512, "hdd", false},
			{"sdb", "WDC WD40EFRX-68N", 7814037168 * 512, "hdd", false},
		},
		Network: []Interface{
			{"docker0", "02:42:5a:11:9b:01", 1500, "up", 0, []string{"172.17.0.1/16"}, ""},
			{"eno1", "94:c6:91:1a:2b:3c", 1500, "up", 1000, []string{"10.20.0.1/16", "fe80::96c6:91ff:fe1a:2b3c/64"}, "10.20.0.1"},
			{"eno2", "94:c6:91:1a:2b:3d", 1500, "down", 0, []string{}, ""},
		},
		Ports: []OpenPort{
			{"tcp", "0.0.0.0", 22, "sshd"}, {"tcp", "::", 22, "sshd"}, {"udp", "0.0.0.0", 111, ""}, {"tcp", "*", 445, ""}, {"tcp", "0.0.0.0", 2049, ""},
		},
	}
	got := Snapshot{Hardware: n.Hardware, OS: n.OS, Disks: n.Disks, Network: n.Network, Ports: n.Ports}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(n.Packages) < 100 || len(n.Units) != 23 || len(n.Users) != 5 || len(n.Mounts) != 3 {
		t.Errorf("%d packages, %d units, %d users, %d mounts", len(n.Packages), len(n.Units), len(n.Users), len(n.Mounts))
	}
	if u := n.Users[2]; u != (Account{"unity", 998, "/var/lib/unity", "/bin/sh"}) {
		t.Errorf("%+v", u)
	}
	all, err := n.sections()
	if err != nil || len(all) != 9 {
		t.Fatal(len(all), err)
	}
	back, err := Read(store.Snapshot{Sections: all})
	if err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(n)
	b, _ := json.Marshal(back)
	if string(a) != string(b) {
		t.Error("a stored snapshot reads otherwise")
	}
}

// TestScriptInShells runs the real script in every shell there is.
func TestScriptInShells(t *testing.T) {
	t.Parallel()
	for _, shell := range [][]string{{"dash"}, {"bash"}, {"bash", "--posix"}, {"busybox", "sh"}} {
		path, err := exec.LookPath(shell[0])
		if err != nil {
			if shell[0] == "busybox" {
				t.Errorf("busybox is missing: apt-get install busybox-static")
				continue
			}
			t.Fatal(err)
		}
		t.Run(strings.Join(shell, " "), func(t *testing.T) {
			t.Parallel()
			sc := newScript(snapshots)
			c := exec.CommandContext(t.Context(), path, shell[1:]...)
			c.Stdin = strings.NewReader(sc.text)
			c.Env = []string{"PATH=/nowhere", "LANG=de_DE.UTF-8", "LC_ALL=tr_TR.UTF-8"}
			out, err := c.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			s, err := split(sc.word, out)
			if err != nil {
				t.Fatal(err)
			}
			p := parsePoll(s)
			if p.cpu.total == 0 || p.memory.total == 0 || len(p.mounts) == 0 || p.uptime == 0 || p.processes == 0 || !p.hasLoad {
				t.Errorf("%+v", p)
			}
			n := parseSnapshot(s, p)
			if n.OS.Kernel == "" || n.OS.Name == "" || n.Hardware.Threads == 0 || len(n.Users) == 0 || len(n.Packages) == 0 {
				t.Errorf("%+v", n)
			}
		})
	}
}

// TestScriptWithoutTools has nothing but the shell's own words.
func TestScriptWithoutTools(t *testing.T) {
	t.Parallel()
	sc := newScript(updates)
	text := strings.Replace(sc.text, "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin", "PATH=/nowhere", 1)
	c := exec.CommandContext(t.Context(), "/bin/sh")
	c.Stdin = strings.NewReader(text)
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	s, err := split(sc.word, out)
	if err != nil {
		t.Fatal(err)
	}
	if p := parsePoll(s); p.cpu.total == 0 || p.uptime == 0 || !p.hasLoad || p.processes == 0 {
		t.Errorf("%+v", p)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	sc := newScript(polls)
	whole := farm.Answer(sc.text, 0, 0)
	for name, tt := range map[string]struct{ text, code string }{
		"nothing":             {"", "server.no_answer"},
		"a greeting":          {"This account is currently not available.\n", "server.no_answer"},
		"another word":        {farm.Answer(newScript(polls).text, 0, 0), "server.no_answer"},
		"half":                {whole[:len(whole)/2], "server.answer_cut"},
		"binary noise":        {strings.Repeat("\x00\xff\xfe\n", 1000), "server.no_answer"},
		"noise in the middle": {whole[:400] + strings.Repeat("\x00\xff\xfe\n", 1000) + whole[400:], ""},
	} {
		_, err := split(sc.word, []byte(tt.text))
		if err == nil != (tt.code == "") || err != nil && fault.From(err).Code != tt.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWithoutIPAndSS(t *testing.T) {
	t.Parallel()
	s := sections{
		"links": []byte("eth0|02:fc:00:00:00:01|1400|up|-1\n"),
		"route": []byte("Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\neth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0\neth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\n"),
		"inet6": []byte("fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n"),
		"fib":   []byte("Main:\n  +-- 0.0.0.0/0 3 0 5\n           |-- 192.0.2.2\n              /32 host LOCAL\n"),
		"tcp":   []byte("  sl  local_address rem_address   st\n   0: 00000000:0016 00000000:0000 0A 00000000\n   1: 0100007F:1F90 0100007F:9999 01 0000\n"),
		"tcp6":  []byte("   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0\n"),
		"udp":   []byte("  1: 00000000:0044 00000000:0000 07 0\n"),
	}
	if d := cmp.Diff([]Interface{{"eth0", "02:fc:00:00:00:01", 1400, "up", 0, []string{"192.0.2.2/24", "fe80::fc:ff:fe00:1/64"}, "192.0.2.1"}}, parseNetwork(s)); d != "" {
		t.Error(d)
	}
	want := []OpenPort{{"tcp", "0.0.0.0", 22, ""}, {"udp", "0.0.0.0", 68, ""}, {"tcp", "::1", 8080, ""}}
	if d := cmp.Diff(want, parsePorts(s)); d != "" {
		t.Error(d)
	}
}

func TestSkew(t *testing.T) {
	t.Parallel()
	at := time.Unix(1e9, 0)
	for _, tt := range []struct {
		date string
		want time.Duration
	}{
		{"1000000000.050000000", 0},
		{"1000003600.050000000", time.Hour},
		{"999999940.050000000", -time.Minute},
		{"1000000000", 0},
		{"1000000060.%N", time.Minute},
		{"", 0},
		{"a long time ago", 0},
	} {
		var p sample
		p.clock, p.exact = parseClock(tt.date)
		got := p.skew(at, at.Add(100*time.Millisecond))
		if d := got - tt.want; d.Abs() > maxSkewGuess {
			t.Errorf("%q: %s, want %s", tt.date, got, tt.want)
		}
	}
}

func TestGrid(t *testing.T) {
	t.Parallel()
	g := gridOf("some server", 10*time.Second)
	at := time.Unix(1e9, 123456789)
	last, next := g.last(at), g.next(at)
	if last.After(at) || !next.After(at) || next.Sub(last) != 10*time.Second || g.last(next) != next || last.UnixMilli()%100 != 0 {
		t.Fatal(last, next)
	}
	if gridOf("some server", 10*time.Second) != g {
		t.Fatal("the grid moves")
	}
}

func FuzzParse(f *testing.F) {
	word := "@@"
	for _, file := range []string{"farm/recorded/poll.txt", "farm/recorded/snapshot.txt"} {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append(text, "\n@@ end\nok\n"...))
		f.Add(text[:len(text)/3])
	}
	f.Add([]byte("\n@@ df\nx 1 2 3 4% /\n@@ mounts\n|||\n@@ diskstats\n1 2 3\n@@ route\na b c d e f g h\n@@ tcp6\n0: 0:0 0 0A\n@@ stat\ncpu 1e999 -1 NaN inf 1 1 1 1"))
	f.Fuzz(func(t *testing.T, out []byte) {
		s, _ := split(word, out)
		p := parsePoll(s)
		for _, r := range p.readings(p) {
			if r.Value != r.Value || r.Value < 0 && r.Metric != "node_temperature_celsius" {
				t.Errorf("%s = %v", r.Metric, r.Value)
			}
		}
		p.latest(p, time.Second, time.Unix(0, 0))
		p.skew(time.Unix(0, 0), time.Unix(1, 0))
		n := parseSnapshot(s, p)
		all, err := n.sections()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Read(store.Snapshot{Sections: all}); err != nil {
			t.Fatal(err)
		}
		found(p, n)
	})
}
