package demo

import (
	"strings"
	"testing"
	"time"

	"unity.internal/store"
)

// TestMachinesSayWhatCanBe replays a day of every machine, before and after it begins.
func TestMachinesSayWhatCanBe(t *testing.T) {
	t.Parallel()
	w, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	for _, r := range w.residents() {
		last := map[string]float64{}
		for at := w.now.Add(-12 * time.Hour); at.Before(w.now.Add(12 * time.Hour)); at = at.Add(47 * time.Second) {
			readings, err := r.Poll(func(script string) string { return r.box.Answer(script, at) })
			if err != nil {
				t.Fatal(err)
			}
			now := map[string]float64{}
			for _, v := range readings {
				now[v.Metric+v.Labels.JSON()] = v.Value
			}
			check(t, r, at, last, now)
			last = now
		}
	}
}

// check looks for what no machine says.
func check(t *testing.T, r *resident, at time.Time, last, now map[string]float64) {
	t.Helper()
	if _, ok := now["node_cpu_usage_ratio{}"]; !ok && len(last) > 0 {
		t.Fatalf("%s at %v: the processor went back", r.Name, at)
	}
	for name, v := range now {
		switch {
		case v < 0:
			t.Fatalf("%s at %v: %s is %v", r.Name, at, name, v)
		case name == "node_cpu_usage_ratio{}" && v >= 1:
			t.Fatalf("%s at %v: the processor does more than it can", r.Name, at)
		case strings.Contains(name, "_bytes_total") && v < last[name]:
			t.Fatalf("%s at %v: %s fell to %v", r.Name, at, name, v)
		}
	}
}

// TestMachinesAreReadAsTheyAreDescribed takes a snapshot of each.
func TestMachinesAreReadAsTheyAreDescribed(t *testing.T) {
	t.Parallel()
	w, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	for _, r := range w.residents() {
		all, f, err := r.Snapshot(func(script string) string { return r.box.Answer(script, w.now) })
		if err != nil {
			t.Fatal(err)
		}
		if f.Hostname != r.box.Name || f.OS != r.box.System.Pretty || f.CPUModel == "" || f.CPUCores != int64(r.box.Cores) ||
			f.MemoryBytes < int64(r.box.GB*0.9e9) || f.Updates == nil || *f.Updates != int64(r.box.Updates) || f.Virtualization != r.box.Guest {
			t.Errorf("%s: %+v", r.Name, f)
		}
		for _, section := range []string{"disks", "mounts", "network", "packages", "ports", "users"} {
			if len(all[section]) < 10 {
				t.Errorf("%s has no %s: %s", r.Name, section, all[section])
			}
		}
	}
	if n, m := len(w.homes[store.DefaultTenant]), len(w.homes[Harbour]); n != 12 || m != 8 {
		t.Errorf("%d and %d machines", n, m)
	}
}
