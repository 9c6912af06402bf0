package app

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"unity.internal/store"
)

// A trickle asks an appliance again and again, each time on a new connection.
type trickle struct {
	mu      sync.Mutex
	well    []time.Time
	refused int
}

// run asks until ctx ends.
func (k *trickle) run(ctx context.Context, base string) {
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
		if errors.Is(err, syscall.ECONNREFUSED) {
			k.refused++
		}
		if err == nil && res.StatusCode == http.StatusOK {
			k.well = append(k.well, time.Now())
		}
		k.mu.Unlock()
		if err == nil {
			res.Body.Close()
		}
		<-tick.C
	}
}

// longest returns the longest time without an answer since a moment.
func (k *trickle) longest(since time.Time) (longest time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, at := range append(slices.Clone(k.well), time.Now()) {
		if at.After(since) {
			longest, since = max(longest, at.Sub(since)), at
		}
	}
	return longest
}

// manager returns what systemd hears of the state of the appliance.
func manager(t *testing.T) <-chan string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	ln, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	must(t, err)
	t.Setenv("NOTIFY_SOCKET", path)
	heard := make(chan string, 1000)
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
					heard <- text
				}
			}
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return heard
}

// TestARestartInPlacePutsTheOtherDatabaseInPlace asks a running appliance for a
// restart while others ask it for pages. It is not parallel: goroutines of others
// would be seen.
func TestARestartInPlacePutsTheOtherDatabaseInPlace(t *testing.T) {
	heard := manager(t)
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := filepath.Join(t.TempDir(), "data")
	c := &Config{DataDir: dir, Serve: Serve{HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", TLS: "internal"}}
	r, w := io.Pipe()
	done, made, ready := make(chan error, 1), make(chan *App, 2), make(chan string, 2)
	go func() {
		done <- c.serve(ctx, slog.New(slog.DiscardHandler), w, func(a *App) { made <- a })
		w.Close()
	}()
	go func() {
		defer close(ready)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			if f := strings.Fields(lines.Text()); len(f) > 2 && f[1] == "ready" {
				ready <- f[2]
			}
		}
	}()
	first, base := <-made, <-ready
	side := filepath.Join(dir, "restored.db")
	must(t, first.store.Copy(ctx, side))
	must(t, first.store.System().CreateTenant(ctx, "old", "old"))
	must(t, store.Prepare(ctx, side, func(ctx context.Context, y store.System) error { return y.CreateTenant(ctx, "new", "new") },
		store.WithSigner(first.vault.Sign)))
	must(t, stage(dir, side, "restore"))

	var k trickle
	asking, enough := context.WithCancel(ctx)
	defer enough()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { k.run(asking, base) })
	}
	began := time.Now()
	first.Restart()
	first.Restart() // to ask twice is to ask once
	second, again := <-made, <-ready
	took := time.Since(began)
	if again != base {
		t.Errorf("it serves on %s, and did on %s", again, base)
	}
	answered := func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.well != nil && k.well[len(k.well)-1].After(began.Add(took))
	}
	for tick := time.NewTicker(5 * time.Millisecond); !answered(); <-tick.C {
		if time.Since(began) > 30*time.Second {
			t.Fatal("it does not answer any more")
		}
	}
	if gap := k.longest(began); took > 2*time.Second || gap > 2*time.Second || k.refused > 0 {
		t.Errorf("it was back after %v, the longest wait was %v, and %d were refused", took, gap, k.refused)
	}
	all, err := second.store.System().AllTenants(ctx)
	if err != nil || !slices.ContainsFunc(all, func(v store.TenantInfo) bool { return v.ID == "new" }) ||
		slices.ContainsFunc(all, func(v store.TenantInfo) bool { return v.ID == "old" }) {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := lock(dir); !errors.Is(err, errHeld) {
		t.Errorf("it does not hold the data directory: %v", err)
	}
	enough()
	wg.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"READY=1", "RELOADING=1\nMONOTONIC_USEC=", "READY=1", "STOPPING=1"} {
		if got := <-heard; !strings.HasPrefix(got, want) {
			t.Errorf("systemd hears %q, want %q", got, want)
		}
	}
	goleak.VerifyNone(t, before,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),    // one for the whole process
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2")) // looks every ten seconds whether it may end
	t.Logf("back after %v, the longest wait for an answer was %v", took, k.longest(began))
}

// TestAStopDuringARestartIsAStop asks for both at once.
func TestAStopDuringARestartIsAStop(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := &Config{DataDir: filepath.Join(t.TempDir(), "data"), Serve: Serve{HTTP: "127.0.0.1:0", TLS: "off"}}
	made := make(chan *App, 2)
	done := make(chan error, 1)
	go func() { done <- c.serve(ctx, slog.New(slog.DiscardHandler), io.Discard, func(a *App) { made <- a }) }()
	a := <-made
	<-a.jobs.Opened()
	a.Restart()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
