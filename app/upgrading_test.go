package app

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// TestWhoAsksAgainLeavesNothingOpen asks an appliance how it is as a trial does,
// four times a second.
func TestWhoAsksAgainLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ln, err := net.Listen("unix", filepath.Join(dir, socketFile))
	must(t, err)
	var open, opened atomic.Int32
	closed := make(chan struct{}, 100)
	s := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"ready":true,"degraded":[]}`)) }),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				open.Add(1)
				opened.Add(1)
			}
			if state == http.StateClosed {
				open.Add(-1)
				closed <- struct{}{}
			}
		},
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	const times = 20
	for range times {
		if why := unwell(t.Context(), dir, nil, false); why != "" {
			t.Fatal(why)
		}
		<-closed
	}
	if open.Load() != 0 || opened.Load() != times {
		t.Errorf("%d of %d connections stay open", open.Load(), opened.Load())
	}
	must(t, s.Close())
	<-done
}

// TestRootExecutesWhatIsRootsAlone: with a user of the tests in the place of root.
func TestRootExecutesWhatIsRootsAlone(t *testing.T) {
	t.Parallel()
	own := uint32(os.Geteuid())
	for name, tt := range map[string]struct {
		uid  uint32
		want bool
		lay  func(dir, below, file string) error
	}{
		"all of it":            {own, true, func(string, string, string) error { return nil }},
		"somebody else's":      {own + 1, false, func(string, string, string) error { return nil }},
		"a file for the group": {own, false, func(_, _, file string) error { return os.Chmod(file, 0o770) }},
		"a directory for all":  {own, false, func(_, below, _ string) error { return os.Chmod(below, 0o777) }},
		"the one above it":     {own, false, func(dir, _, _ string) error { return os.Chmod(dir, 0o777) }},
		"nothing":              {own, false, func(_, _, file string) error { return os.Remove(file) }},
		"a link": {own, false, func(_, _, file string) error {
			if err := os.Rename(file, file+".other"); err != nil {
				return err
			}
			return os.Symlink(file+".other", file)
		}},
	} {
		dir := t.TempDir()
		below := filepath.Join(dir, "program")
		file := filepath.Join(below, "unity")
		must(t, os.Mkdir(below, 0o700))
		must(t, os.WriteFile(file, nil, 0o700))
		must(t, tt.lay(dir, below, file))
		if got := ownedBy(tt.uid, dir, below, file); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
