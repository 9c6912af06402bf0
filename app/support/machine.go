package support

import (
	"bytes"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A Machine is what the appliance runs on, without a name of it.
type Machine struct {
	OS           string  `json:"os"`
	Kernel       string  `json:"kernel"`
	Arch         string  `json:"arch"`
	Distribution string  `json:"distribution,omitempty"`
	CPUs         int     `json:"cpus"`
	Memory       string  `json:"memory,omitempty"`
	Available    string  `json:"memory_available,omitempty"`
	MemoryLimit  string  `json:"memory_limit,omitempty"` // of its control group
	Load         string  `json:"load,omitempty"`
	OpenFiles    uint64  `json:"open_files_limit,omitempty"`
	Zone         float64 `json:"hours_from_utc"`
	Root         bool    `json:"runs_as_root"`
	Container    string  `json:"container,omitempty"`
	Systemd      bool    `json:"started_by_systemd"`
}

// ThisMachine returns what is known of it.
func ThisMachine() Machine {
	m := Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Root: os.Geteuid() == 0, Container: container()}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = string(bytes.TrimRight(u.Release[:], "\x00"))
	}
	release := fields("/etc/os-release", "=")
	m.Distribution = strings.TrimSpace(strings.Trim(release["ID"], `"`) + " " + strings.Trim(release["VERSION_ID"], `"`))
	memory := fields("/proc/meminfo", ":")
	m.Memory, m.Available = memory["MemTotal"], memory["MemAvailable"]
	m.MemoryLimit = first("/sys/fs/cgroup/memory.max")
	m.Load = first("/proc/loadavg")
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		m.OpenFiles = limit.Cur
	}
	_, seconds := time.Now().Zone()
	m.Zone = float64(seconds) / 3600
	_, m.Systemd = os.LookupEnv("INVOCATION_ID")
	return m
}

// container returns what kind of container this is.
func container() string {
	if _, in := os.LookupEnv("KUBERNETES_SERVICE_HOST"); in {
		return "kubernetes"
	}
	for file, kind := range map[string]string{"/.dockerenv": "docker", "/run/.containerenv": "podman"} {
		if _, err := os.Stat(file); err == nil {
			return kind
		}
	}
	if kind := os.Getenv("container"); slices.Contains([]string{"lxc", "docker", "podman", "systemd-nspawn", "oci"}, kind) {
		return kind
	}
	return ""
}

// fields reads a file of names and values.
func fields(file, between string) map[string]string {
	text, _ := os.ReadFile(file) //nolint:gosec // a constant; without it, nothing is known
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, between); ok {
			all[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return all
}

// first returns the first line of a file.
func first(file string) string {
	text, _ := os.ReadFile(file) //nolint:gosec // a constant; without it, nothing is known
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}

// A Build is what a binary was made of.
type Build struct {
	Go       string            `json:"go"`
	Settings map[string]string `json:"settings"`
	Modules  []string          `json:"modules"`
}

// ThisBuild returns what this binary was made of, but not where and by whom.
func ThisBuild() Build {
	b := Build{Go: runtime.Version(), Settings: map[string]string{}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	shown := []string{"-buildmode", "-compiler", "-race", "-tags", "-trimpath", "CGO_ENABLED", "GOARCH", "GOAMD64", "GOARM", "GOARM64", "GOOS", "vcs.revision", "vcs.time", "vcs.modified"}
	for _, s := range info.Settings {
		if slices.Contains(shown, s.Key) {
			b.Settings[s.Key] = s.Value
		}
	}
	for _, m := range info.Deps {
		b.Modules = append(b.Modules, m.Path+" "+m.Version)
	}
	return b
}

// Goroutines returns where every goroutine stands.
func Goroutines() (string, error) {
	var out bytes.Buffer
	err := pprof.Lookup("goroutine").WriteTo(&out, 2)
	return out.String(), err
}

// A Heap is how the memory of this process is used, in bytes.
type Heap struct {
	Resident   string `json:"resident,omitempty"` // as the kernel counts
	FromSystem uint64 `json:"from_system"`
	InUse      uint64 `json:"heap_in_use"`
	Idle       uint64 `json:"heap_idle"`
	Released   uint64 `json:"heap_released"`
	Objects    uint64 `json:"heap_objects"`
	Stacks     uint64 `json:"stacks"`
	NextGC     uint64 `json:"next_collection_at"`
	Collected  uint32 `json:"collections"`
	Paused     string `json:"paused_in_all"`
	Goroutines int    `json:"goroutines"`
	Files      int    `json:"open_files,omitempty"`
}

// ThisHeap returns how the memory of this process is used.
func ThisHeap() Heap {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h := Heap{
		Resident: fields("/proc/self/status", ":")["VmRSS"], FromSystem: m.Sys, InUse: m.HeapInuse, Idle: m.HeapIdle,
		Released: m.HeapReleased, Objects: m.HeapObjects, Stacks: m.StackInuse, NextGC: m.NextGC, Collected: m.NumGC,
		Paused: time.Duration(m.PauseTotalNs).String(), Goroutines: runtime.NumGoroutine(), //nolint:gosec // far below 2^63
	}
	open, _ := os.ReadDir("/proc/self/fd") // not on every system
	h.Files = len(open)
	return h
}
