package backup_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"unity.internal/app/backup"
	"unity.internal/app/backup/place"
	"unity.internal/app/fault"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A box is a database with a service that keeps its replica.
type box struct {
	*testing.T
	store   *store.Store
	service *backup.Service
	stop    func()
}

// progress says nothing.
type progress struct{}

func (progress) Step(context.Context, string, int, int) {}
func (progress) Say(context.Context, string)            {}

// newBox follows s to a place.
func newBox(t *testing.T, s *store.Store, c place.Config, secret []byte, change ...func(*backup.Options)) *box {
	t.Helper()
	b := &box{T: t, store: s}
	o := backup.Options{
		Store: s, Dir: filepath.Dir(s.Path()), Fixed: &backup.Fixed{Config: c, Secret: secret}, Host: "attic", Version: "1",
		Lock:    func(context.Context) (json.RawMessage, error) { return json.RawMessage(`{}`), nil },
		Prove:   func(context.Context, string) (string, error) { return "a secret", nil },
		Publish: func(store.TenantID, string, string, int64) {}, Now: time.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, f := range change {
		f(&o)
	}
	b.service = backup.New(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.service.Run(ctx) }()
	stopped := false
	b.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := errors.Join(<-done, b.service.Close(context.WithoutCancel(ctx))); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(b.stop)
	return b
}

func directory(t *testing.T) place.Config {
	t.Helper()
	return place.Config{URL: "file://" + filepath.Join(t.TempDir(), "replica")}
}

// until waits until the status is as want says.
func (b *box) until(what string, want func(backup.Status) bool) {
	b.Helper()
	end := time.After(90 * time.Second)
	for {
		v := b.service.Status()
		if want(v) {
			return
		}
		select {
		case <-end:
			b.Fatalf("never %s: %+v", what, v)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (b *box) following() {
	b.Helper()
	b.until("following", func(v backup.Status) bool { return v.State == backup.Following })
}

func (b *box) failing(code string) {
	b.Helper()
	b.until("failing with "+code, func(v backup.Status) bool { return v.State == backup.Failing && v.Code == code })
}

// write makes a tenant and has it copied; it returns where the replica is then.
func (b *box) write(id string) string {
	b.Helper()
	must(b.T, b.store.System().CreateTenant(b.Context(), store.TenantID(id), id))
	must(b.T, b.service.SyncNow(b.Context()))
	return b.service.Status().Remote
}

// drill proves that the replica holds what the database holds.
func (b *box) drill() {
	b.Helper()
	must(b.T, b.service.Drill(b.Context(), progress{}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

// restored brings a moment back and returns how many tenants it knows.
func restored(t *testing.T, c place.Config, secret []byte, to backup.Target) (tenants int, err error) {
	t.Helper()
	where, err := place.Open(t.Context(), c, secret)
	must(t, err)
	defer where.Close()
	all, err := backup.Look(t.Context(), where)
	if err != nil {
		return 0, err
	}
	path := filepath.Join(t.TempDir(), "restored.db")
	if _, err := backup.Restore(t.Context(), where, all[0].Instance, to, path, nil); err != nil {
		return 0, err
	}
	s, err := store.Open(t.Context(), path, store.WithSigner(storetest.Sign))
	must(t, err)
	defer s.Close(t.Context())
	list, err := s.System().AllTenants(t.Context())
	return len(list), err
}

func TestTheReplicaFollows(t *testing.T) {
	t.Parallel()
	c := directory(t)
	b := newBox(t, storetest.Open(t), c, nil)
	b.following()
	positions := []string{}
	for i := range 5 {
		positions = append(positions, b.write(fmt.Sprint("t", i)))
	}
	b.drill()
	m, err := b.service.Moments(t.Context(), time.Time{}, time.Time{})
	must(t, err)
	if m.Total < 6 || m.Bytes == 0 || !m.Items[0].Whole || m.Newest.Before(*m.Oldest) {
		t.Errorf("%+v", m)
	}
	for i, p := range positions {
		if n, err := restored(t, c, nil, backup.Target{Position: p}); err != nil || n != i+2 {
			t.Errorf("at %s: %d tenants, %v", p, n, err)
		}
	}
	must(t, b.store.System().CreateTenant(t.Context(), "last", "last"))
	b.stop() // what was written last is copied when it stops
	if n, err := restored(t, c, nil, backup.Target{}); err != nil || n != 7 {
		t.Errorf("the newest has %d tenants, %v", n, err)
	}
	for name, to := range map[string]backup.Target{
		"restore.no_moment": {Time: time.Now().Add(-time.Hour)},
		"restore.position":  {Position: "xyz"},
		"restore.either":    {Position: positions[0], Time: time.Now()},
	} {
		if _, err := restored(t, c, nil, to); code(err) != name {
			t.Errorf("%+v: %v, want %s", to, err, name)
		}
	}
}

func TestDrillsAreKept(t *testing.T) {
	t.Parallel()
	b := newBox(t, storetest.Open(t), directory(t), nil)
	b.following()
	b.drill()
	all, err := b.store.System().Drills(t.Context())
	must(t, err)
	var e struct {
		Tables []store.TableDigest
		Opened string
	}
	if len(all) != 1 || !all[0].Passed || all[0].Bytes == 0 || all[0].Position == "" || json.Unmarshal(all[0].Evidence, &e) != nil {
		t.Fatalf("%+v", all)
	}
	if len(e.Tables) < 30 || e.Opened != "a secret" {
		t.Errorf("%+v", e)
	}
	b.service.Prove = func(context.Context, string) (string, error) {
		return "", fault.New(fault.Forbidden, "vault.wrong_key", "Wrong.")
	}
	if err := b.service.Drill(t.Context(), progress{}); code(err) != "vault.wrong_key" {
		t.Fatal(err)
	}
	last, passed, err := b.store.System().LastDrills(t.Context())
	if err != nil || last == nil || last.Passed || last.Code != "vault.wrong_key" || passed == nil || passed.ID != all[0].ID {
		t.Errorf("%+v %+v %v", last, passed, err)
	}
	if why := b.service.Unwell(t.Context()); len(why) != 1 {
		t.Errorf("a failed drill is told as %q", why)
	}
}
