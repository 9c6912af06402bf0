package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"unity.internal/app/job"
	"unity.internal/app/server"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// runApp runs a whole appliance in this process until the test ends, or stop is called.
func runApp(t *testing.T, dir string) (a *App, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := &Config{DataDir: dir, Serve: Serve{HTTP: "127.0.0.1:0", TLS: "off", MultiTenancy: true}}
	a, err := New(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	a.keys.grace = 50 * time.Millisecond
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx, io.Discard) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	<-a.jobs.Opened()
	return a, stop
}

func (a *App) tenant(t *testing.T, id store.TenantID) store.Tenant {
	t.Helper()
	err := a.store.System().CreateTenant(t.Context(), id, string(id))
	if err = errors.Join(err, a.vault.AddTenant(t.Context(), id)); err != nil {
		t.Fatal(err)
	}
	a.changed(t.Context(), id)
	return a.store.Tenant(id)
}

// ended waits until a job of the appliance has ended.
func (a *App) ended(t *testing.T, j store.Job) store.Job {
	t.Helper()
	late := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for j.Ended == nil {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("it does not end: %+v", j)
		}
		var err error
		if j, err = a.store.System().Own().Job(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// busy are the ways in which a tenant is written to at once.
func (a *App) busy(t *testing.T, of store.Tenant) map[string]func(i int) error {
	ctx := t.Context()
	return map[string]func(i int) error{
		"samples": func(i int) error {
			return a.metrics.AppendSync(ctx, of, store.Batch{At: time.Now(), Readings: []store.Reading{{Metric: "m" + strconv.Itoa(i%50), Value: 1}}})
		},
		"servers": func(i int) error {
			secret := "secret"
			_, err := a.servers.Create(ctx, of, store.Server{
				Name: "s" + strconv.Itoa(i), Host: "127.0.0.1", Port: 1, Username: "u", Auth: "password", PollSeconds: 1, SnapshotMinutes: 30,
			}, server.Credentials{Password: &secret}, "")
			return err
		},
		"alerts": func(i int) error {
			now := time.Now()
			_, err := of.ChangeAlerts(ctx, "", []store.AlertChange{{
				Alert:  store.Alert{ID: store.NewID(), Key: strconv.Itoa(i), Title: "t", Severity: "info", State: "firing", Started: now, Fired: &now, Labels: map[string]string{}},
				Events: []store.AlertEvent{{At: now, Kind: "fired", Text: "x"}},
			}})
			return err
		},
		"audit": func(int) error { return of.Record(ctx, store.Audit{Action: "a", Thing: "t", Result: "done"}) },
		"events": func(i int) error {
			a.bus.Publish(of.ID, "servers", strconv.Itoa(i), 1)
			return a.alerts.Changed(ctx, of)
		},
		"jobs": func(int) error {
			_, err := a.jobs.Start(ctx, of, job.Spec{Kind: "k", Thing: "t", Title: "t"}, func(ctx context.Context, _ *job.Progress) error {
				return ctx.Err()
			})
			return err
		},
	}
}

// TestATenantIsDeletedUnderLoad deletes one that is written to from all sides. It
// is not parallel: the goroutines of others would be seen.
func TestATenantIsDeletedUnderLoad(t *testing.T) {
	before := goleak.IgnoreCurrent()
	a, stop := runApp(t, filepath.Join(t.TempDir(), "data"))
	acme, globex := a.tenant(t, "acme"), a.tenant(t, "globex")
	var wg sync.WaitGroup
	var gone atomic.Bool
	end := make(chan struct{})
	for _, of := range []store.Tenant{acme, globex} {
		for name, write := range a.busy(t, of) {
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-end:
						return
					default:
					}
					closed := gone.Load()
					err := write(i)
					if of.ID == globex.ID && err != nil || err != nil && !errors.Is(err, store.ErrNotFound) {
						t.Errorf("%s of %s: %v", name, of.ID, err)
						return
					}
					if of.ID == acme.ID && closed && err == nil && name != "events" {
						t.Errorf("%s of a tenant that is gone", name)
						return
					}
				}
			})
		}
	}
	for n := 0; n < 10; { // until there is something to delete
		all, err := acme.AllServers(t.Context())
		if n = len(all); err != nil {
			t.Fatal(err)
		}
	}
	j, err := a.deletion.Delete(t.Context(), a.store.System().By("root", ""), acme.ID)
	if err != nil {
		t.Fatal(err)
	}
	gone.Store(true)
	if again, err := a.deletion.Delete(t.Context(), a.store.System(), acme.ID); err != nil && !errors.Is(err, store.ErrNotFound) || err == nil && again.ID != j.ID {
		t.Error("a second job", again, err)
	}
	if j = a.ended(t, j); j.State != "done" || len(j.Log) == 0 {
		t.Errorf("%+v", j)
	}
	if n, err := globex.AllServers(t.Context()); err != nil || len(n) == 0 {
		t.Error(n, err)
	}
	close(end)
	wg.Wait()
	if err := a.store.Check(t.Context()); err != nil { // every row of a tenant points to it
		t.Error(err)
	}
	if _, err := a.store.System().TenantInfo(t.Context(), acme.ID); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if _, err := a.vault.Key(t.Context(), acme.ID, "audit"); !errors.Is(err, store.ErrNotFound) {
		t.Error("the vault still has its keys", err)
	}
	for _, of := range []store.Tenant{globex, a.store.System().Own()} {
		if _, err := of.VerifyAudit(t.Context()); err != nil {
			t.Error(err)
		}
	}
	stop()
	goleak.VerifyNone(t, before,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2")) // looks every ten seconds whether it may end
}

// TestWhatAStopCutOffGoesOn starts over a tenant that is half deleted and keys
// that are half rotated.
func TestWhatAStopCutOffGoesOn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	a, stop := runApp(t, dir)
	a.tenant(t, "acme")
	if err := a.store.System().CloseTenant(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	home := a.store.Tenant(store.DefaultTenant)
	r := vault.Rotation{Tenants: []store.Tenant{home}, Grace: time.Hour, Step: func(_ context.Context, _ string, done, _ int) {
		if done == 1 { // it waits
			cancel()
		}
	}}
	if _, err := a.vault.Rotate(ctx, r); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	stop()
	a, _ = runApp(t, dir)
	late := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		<-tick.C
		left, err := a.vault.Unfinished(t.Context())
		_, err2 := a.store.System().TenantInfo(t.Context(), "acme")
		if err == nil && len(left) == 0 && errors.Is(err2, store.ErrNotFound) {
			return
		}
		if time.Now().After(late) {
			t.Fatal(left, err, err2)
		}
	}
}

func TestKeysAreRotatedInAJob(t *testing.T) {
	t.Parallel()
	a, _ := runApp(t, filepath.Join(t.TempDir(), "data"))
	acme := a.tenant(t, "acme")
	secret := "secret"
	v, err := a.servers.Create(t.Context(), acme, store.Server{Name: "s", Host: "127.0.0.1", Port: 1, Username: "u", Auth: "password"}, server.Credentials{Password: &secret}, "")
	if err != nil {
		t.Fatal(err)
	}
	y := a.store.System().By("root", "")
	for _, ask := range []vault.Ask{{}, {Tenant: "acme"}, {Master: true}} {
		j, err := a.keys.Rotate(t.Context(), y, ask)
		if err != nil {
			t.Fatal(err)
		}
		if j = a.ended(t, j); j.State != "done" || j.Actor != "root" || len(j.Log) == 0 {
			t.Fatalf("%+v", j)
		}
		now, err := acme.Server(t.Context(), v.ID)
		if err != nil || string(now.Password.Ciphertext()) == string(v.Password.Ciphertext()) && !ask.Master {
			t.Fatal(ask, "it is sealed as before", err)
		}
		if got, err := a.vault.Open(t.Context(), acme.ID, "servers|password|"+v.ID, now.Password); err != nil || string(got) != secret {
			t.Fatal(ask, err)
		}
		v = now
	}
	if _, err := a.keys.Rotate(t.Context(), y, vault.Ask{Tenant: "nope"}); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	if _, err := a.keys.Rotate(t.Context(), y, vault.Ask{Tenant: "acme", Master: true}); !errors.Is(err, errEither) {
		t.Fatal(err)
	}
}
