package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A Hammer asks an appliance again and again, each time on a new connection.
type Hammer struct {
	mu      sync.Mutex
	well    []time.Time
	refused int
	others  []error
}

// Swing asks until ctx ends.
func (k *Hammer) Swing(ctx context.Context, base string) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
		if err != nil {
			panic(err) // the address was printed
		}
		res, err := client.Do(req)
		k.mu.Lock()
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			k.refused++
		case err != nil && ctx.Err() == nil:
			k.others = append(k.others, err)
		case err == nil && res.StatusCode == http.StatusOK:
			k.well = append(k.well, time.Now())
		}
		k.mu.Unlock()
		if err == nil {
			res.Body.Close()
		}
		<-tick.C
	}
}

// Tally returns how many were answered and refused, and what else was wrong.
func (k *Hammer) Tally() (well, refused int, others []error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.well), k.refused, k.others
}

// Since reports whether there was an answer since a moment.
func (k *Hammer) Since(at time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.well) > 0 && k.well[len(k.well)-1].After(at)
}

// Longest returns the longest time without an answer since a moment.
func (k *Hammer) Longest(since time.Time) (longest time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, at := range append(slices.Clone(k.well), time.Now()) {
		if at.After(since) {
			longest, since = max(longest, at.Sub(since)), at
		}
	}
	return longest
}

// Systemd is what systemd hears of the state of a service.
type Systemd struct {
	Path  string // of its socket, for NOTIFY_SOCKET
	heard chan string
}

// NewSystemd listens until the test ends.
func NewSystemd(t *testing.T) *Systemd {
	t.Helper()
	s := &Systemd{filepath.Join(t.TempDir(), "notify"), make(chan string, 1000)}
	ln, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.Path, Net: "unixgram"})
	must(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for buf := make([]byte, 4096); ; {
			n, err := ln.Read(buf)
			if err != nil {
				return
			}
			text := string(buf[:n])
			for _, of := range []string{"READY", "RELOADING", "STOPPING"} { // the watchdog is fed, too, and programs that look at this machine report how they ended
				if strings.HasPrefix(text, of) {
					s.heard <- text
				}
			}
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return s
}

// Hears checks how what it hears next begins: these, and nothing between.
func (s *Systemd) Hears(t *testing.T, all ...string) {
	t.Helper()
	for _, want := range all {
		select {
		case got := <-s.heard:
			if !strings.HasPrefix(got, want) {
				t.Errorf("systemd hears %q, want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("systemd does not hear %q", want)
		}
	}
}
