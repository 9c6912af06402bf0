package backup_test

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"unity.internal/app/backup"
	"unity.internal/app/backup/place"
	"unity.internal/app/backup/place/placetest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// TestDrillsComeByThemselves waits for the first, for the next a week later,
// and has a restore hold them until they are released.
func TestDrillsComeByThemselves(t *testing.T) {
	quickly(func(t *testing.T) {
		db := storetest.Open(t)
		started := make(chan string, 100)
		var jump atomic.Int64
		b := newBox(t, db, directory(t), nil, func(o *backup.Options) {
			o.Now = func() time.Time { return time.Now().Add(time.Duration(jump.Load())) }
			o.Start = func(ctx context.Context, _ store.System, kind, _ string, work func(context.Context, backup.Progress) error) (store.Job, error) {
				started <- kind
				return store.Job{}, work(ctx, progress{})
			}
		})
		b.following()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.service.Schedule(ctx) }()
		next := func(within time.Duration) string {
			select {
			case kind := <-started:
				return kind
			case <-time.After(within):
				return ""
			}
		}
		if kind := next(21 * time.Minute); kind != "backup.drill" {
			t.Errorf("soon after the start: %q", kind)
		}
		must(t, db.System().Restored(t.Context(), store.Restored{At: time.Now()}))
		b.service.Changed()
		jump.Add(int64(7 * 24 * time.Hour))
		if kind := next(21 * time.Minute); kind != "" {
			t.Errorf("while it is held: %q", kind)
		}
		must(t, b.service.Release(t.Context(), db.System()))
		if kind := next(21 * time.Minute); kind != "backup.drill" {
			t.Errorf("a week later, and released: %q", kind)
		}
		jump.Add(-int64(7 * 24 * time.Hour)) // the clock is put right
		if kind := next(21 * time.Minute); kind != "" {
			t.Errorf("too soon: %q", kind)
		}
		cancel()
		must(t, <-done)
	})(t)
}

// second has copies go to another place, and returns the settings.
func (b *box) second(c place.Config, keep int) {
	b.Helper()
	v, err := b.store.System().Backup(b.Context())
	must(b.T, err)
	v.Target, err = json.Marshal(c)
	must(b.T, err)
	v.TargetKeep, v.TargetDays = keep, 1
	_, err = b.store.System().UpdateBackup(b.Context(), v)
	must(b.T, err)
}

// TestAVerifiedCopyGoesToASecondPlace sends some there, of which the newest stay.
func TestAVerifiedCopyGoesToASecondPlace(t *testing.T) {
	t.Parallel()
	s := placetest.Full(t)
	b := newBox(t, storetest.Open(t), directory(t), nil)
	b.following()
	if err := b.service.SendCopy(t.Context(), progress{}); code(err) != "target.off" {
		t.Errorf("without a place: %v", err)
	}
	b.second(s.Config, 2)
	where := s.Open(t)
	instance := b.service.Status().Instance
	var all []place.Entry
	for _, id := range []string{"one", "two", "three"} {
		b.write(id)
		must(t, b.service.SendCopy(t.Context(), progress{}))
		var err error
		all, err = where.List(t.Context(), instance)
		must(t, err)
	}
	if len(all) != 2 {
		t.Fatalf("%+v", all)
	}
	r, err := where.Download(t.Context(), path.Join(instance, all[1].Name))
	must(t, err)
	defer r.Close()
	z, err := zstd.NewReader(r)
	must(t, err)
	defer z.Close()
	file := filepath.Join(t.TempDir(), "copy.db")
	f, err := os.Create(file)
	must(t, err)
	_, err = io.Copy(f, z)
	must(t, err)
	must(t, f.Close())
	is, err := store.Open(t.Context(), file, store.WithSigner(storetest.Sign))
	must(t, err)
	defer is.Close(t.Context())
	if tenants, err := is.System().AllTenants(t.Context()); err != nil || len(tenants) != 4 {
		t.Errorf("%+v %v", tenants, err)
	}
	s.Fill(true)
	if err := b.service.SendCopy(t.Context(), progress{}); code(err) != "replica.full" {
		t.Errorf("to a full place: %v", err)
	}
	last, _, err := b.store.System().LastDrills(t.Context())
	if err != nil || last.Kind != "copy" || last.Passed || last.Code != "replica.full" {
		t.Errorf("%+v %v", last, err)
	}
	s.Fill(false)
	if after, err := where.List(t.Context(), instance); err != nil || len(after) != 2 {
		t.Errorf("%+v %v", after, err)
	}
	must(t, b.service.SendCopy(t.Context(), progress{}))
	if left, err := os.ReadDir(filepath.Join(filepath.Dir(b.store.Path()), "restores")); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}
