package app

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"unity.internal/store"
)

// TestARestartInPlacePutsTheOtherDatabaseInPlace asks a running appliance for a
// restart while others ask it for pages. It is not parallel: goroutines of others
// would be seen.
func TestARestartInPlacePutsTheOtherDatabaseInPlace(t *testing.T) {
	systemd := NewSystemd(t)
	t.Setenv("NOTIFY_SOCKET", systemd.Path)
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

	var k Hammer
	asking, enough := context.WithCancel(ctx)
	defer enough()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { k.Swing(asking, base) })
	}
	began := time.Now()
	first.Restart()
	first.Restart() // to ask twice is to ask once
	second, again := <-made, <-ready
	took := time.Since(began)
	if again != base {
		t.Errorf("it serves on %s, and did on %s", again, base)
	}
	for tick := time.NewTicker(5 * time.Millisecond); !k.Since(began.Add(took)); <-tick.C {
		if time.Since(began) > 30*time.Second {
			t.Fatal("it does not answer any more")
		}
	}
	_, refused, others := k.Tally()
	if gap := k.Longest(began); took > 2*time.Second || gap > 2*time.Second || refused > 0 || len(others) > 0 {
		t.Errorf("it was back after %v, the longest wait was %v, %d were refused, %v", took, gap, refused, others)
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
	systemd.Hears(t, "READY=1", "RELOADING=1\nMONOTONIC_USEC=", "READY=1", "STOPPING=1")
	goleak.VerifyNone(t, before,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),    // one for the whole process
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2")) // looks every ten seconds whether it may end
	t.Logf("back after %v, the longest wait for an answer was %v", took, k.Longest(began))
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
