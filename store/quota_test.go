package store_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"unity.internal/app/fault"
	"unity.internal/migrations"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

func TestParallelCreatesNeverExceedAQuota(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex")
	storetest.Quota(t, s, "acme", store.Quota{Servers: new(int64(10))})
	var wg sync.WaitGroup
	var made, refused atomic.Int64
	for i := range 100 {
		wg.Go(func() {
			id := strconv.Itoa(i)
			_, err := s.Tenant("acme").CreateServer(t.Context(), machine(id, id))
			switch {
			case err == nil:
				made.Add(1)
			case errors.Is(err, store.ErrQuota):
				refused.Add(1)
			default:
				t.Error(err)
			}
			if _, err := s.Tenant("globex").CreateServer(t.Context(), machine(id, id)); err != nil {
				t.Error(err) // no limit
			}
		})
	}
	wg.Wait()
	all, err := s.Tenant("acme").AllServers(t.Context())
	if err != nil || len(all) != 10 || made.Load() != 10 || refused.Load() != 90 {
		t.Fatal(len(all), made.Load(), refused.Load(), err)
	}
	_, err = s.Tenant("acme").CreateServer(t.Context(), machine("more", "more"))
	if f := fault.From(err); f.Kind != fault.Forbidden || f.Code != "quota.exceeded" || !strings.Contains(f.Msg, "10 servers") || !strings.Contains(f.Msg, "administrator") {
		t.Fatal(f, f.Msg)
	}
}

func TestALoweredQuotaDeletesNothing(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	home := s.Tenant(store.DefaultTenant)
	for i := range 5 {
		_, err := home.CreateServer(t.Context(), machine(strconv.Itoa(i), strconv.Itoa(i)))
		must(t, err)
	}
	storetest.Quota(t, s, home.ID, store.Quota{Servers: new(int64(3))})
	v, err := home.Server(t.Context(), "1")
	must(t, err)
	if _, err := home.UpdateServer(t.Context(), v); err != nil {
		t.Fatal("what is there cannot be changed", err)
	}
	for _, left := range []int{4, 3, 2} {
		if _, err := home.CreateServer(t.Context(), machine("new", "new")); !errors.Is(err, store.ErrQuota) {
			t.Fatal(left+1, err)
		}
		must(t, home.DeleteServer(t.Context(), strconv.Itoa(left), store.AnyRev))
	}
	if _, err := home.CreateServer(t.Context(), machine("new", "new")); err != nil {
		t.Fatal(err)
	}
	q, err := home.Quota(t.Context())
	u, err2 := home.Usage(t.Context())
	if err != nil || err2 != nil || *q.Servers != 3 || q.Users != nil || u.Servers != 3 {
		t.Fatal(q, u, err, err2)
	}
	storetest.Quota(t, s, home.ID, store.Quota{})
	if _, err := home.CreateServer(t.Context(), machine("free", "free")); err != nil {
		t.Fatal(err)
	}
}

func TestSeriesSnapshotsAndMembersFitTheirQuota(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	home := s.Tenant(store.DefaultTenant)
	storetest.Quota(t, s, home.ID, store.Quota{Series: new(int64(2)), StorageBytes: new(int64(900)), Users: new(int64(0))})
	series := func(ids ...int64) (all []store.SeriesRow) {
		for _, id := range ids {
			all = append(all, store.SeriesRow{ID: id, Metric: strconv.FormatInt(id, 10), Labels: "{}"})
		}
		return all
	}
	row := func(seq int64, size int) []store.JournalRow {
		return []store.JournalRow{{Seq: seq, Data: make([]byte, size)}}
	}
	if err := home.AppendJournal(t.Context(), series(1, 2, 3), row(1, 1)); !errors.Is(err, store.ErrQuota) {
		t.Fatal(err)
	}
	must(t, home.AppendJournal(t.Context(), series(1, 2), row(1, 100)))
	if err := home.AppendJournal(t.Context(), series(3), row(2, 1)); !errors.Is(err, store.ErrQuota) {
		t.Fatal(err)
	}
	must(t, home.AppendJournal(t.Context(), nil, row(2, 100)))
	_, err := home.CreateServer(t.Context(), machine("s1", "s1"))
	must(t, err)
	shot := func(size int) store.Snapshot {
		text := make([]byte, size)
		rand.New(rand.NewSource(int64(size))).Read(text)
		section, err := json.Marshal(hex.EncodeToString(text))
		must(t, err)
		return store.Snapshot{
			SnapshotName: store.SnapshotName{ID: store.NewID(), ServerID: "s1", Taken: time.Now()},
			Sections:     map[string]json.RawMessage{"os": section},
		}
	}
	must(t, home.AddSnapshot(t.Context(), shot(200)))
	if err := home.AddSnapshot(t.Context(), shot(900)); !errors.Is(err, store.ErrQuota) {
		t.Fatal(err)
	}
	must(t, home.AddSnapshot(t.Context(), shot(200))) // nothing changed on it
	if err := home.Within(t.Context(), store.QuotaUsers); !errors.Is(err, store.ErrQuota) || !strings.Contains(fault.From(err).Msg, "0 members") {
		t.Fatal(err)
	}
}

// truth counts what the triggers count.
func truth(t *testing.T, db *sql.DB, tenant store.TenantID) (u store.Usage) {
	t.Helper()
	must(t, db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM servers WHERE tenant_id = ?1),
		(SELECT count(*) FROM memberships WHERE tenant_id = ?1), (SELECT count(*) FROM series WHERE tenant_id = ?1),
		(SELECT coalesce(sum(length(data)), 0) FROM journal WHERE tenant_id = ?1)
		+ (SELECT coalesce(sum(length(data)), 0) FROM chunks WHERE tenant_id = ?1)
		+ (SELECT coalesce(sum(length(data)), 0) FROM snapshot_sections WHERE tenant_id = ?1)`, string(tenant)).
		Scan(&u.Servers, &u.Users, &u.Series, &u.StorageBytes))
	return u
}

// TestUsageEqualsTheTruth does many things in no order, cascades among them.
func TestUsageEqualsTheTruth(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex")
	random := rand.New(rand.NewSource(1))
	ctx, seq := t.Context(), int64(0)
	for i := range 6 {
		storetest.User(t, s, store.User{ID: strconv.Itoa(i)})
	}
	for range 1500 {
		of := s.Tenant([]store.TenantID{"acme", "globex"}[random.Intn(2)])
		one, data := strconv.Itoa(random.Intn(6)), make([]byte, random.Intn(300))
		random.Read(data)
		seq++
		var err error
		switch random.Intn(12) {
		case 0, 1:
			_, err = of.CreateServer(ctx, machine(one, one))
		case 2:
			err = of.DeleteServer(ctx, one, store.AnyRev) // its snapshots and sections go by cascade
		case 3, 4:
			text, _ := json.Marshal(data)
			err = of.AddSnapshot(ctx, store.Snapshot{
				SnapshotName: store.SnapshotName{ID: store.NewID(), ServerID: one, Taken: time.Now()},
				Sections:     map[string]json.RawMessage{"a": text, "b": json.RawMessage(`"same"`)},
			})
		case 5, 6:
			err = of.AppendJournal(ctx, []store.SeriesRow{{ID: seq, Server: one, Metric: "m" + strconv.FormatInt(seq, 10), Labels: "{}"}}, []store.JournalRow{{Seq: seq, Min: seq, Max: seq, Data: data}})
		case 7:
			err = of.PutChunks(ctx, []store.ChunkRow{{Series: seq % 5, Start: seq % 7, Data: data}}) // many of them replace one
		case 8:
			_, err = of.DropChunks(ctx, 0, seq%7)
		case 9:
			_, err = of.TrimJournal(ctx, 0, seq-50)
		case 10:
			_, err = of.DropSeries(ctx, one)
		case 11:
			if err = of.SetMember(ctx, store.Membership{User: one, Role: "viewer"}); random.Intn(3) == 0 {
				_, err = s.DB().ExecContext(ctx, `DELETE FROM users WHERE id = ?`, one) // its memberships go by cascade
				must(t, err)
				storetest.User(t, s, store.User{ID: one})
			}
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrServerName) {
			t.Fatal(err)
		}
	}
	for _, id := range []store.TenantID{"acme", "globex"} {
		got, err := s.Tenant(id).Usage(ctx)
		if want := truth(t, s.DB(), id); err != nil || got != want || want.StorageBytes == 0 || want.Servers == 0 || want.Series == 0 {
			t.Errorf("%s: %+v, want %+v, %v", id, got, want, err)
		}
	}
}

// TestUsageOfAnOlderDatabaseIsCounted migrates one that has something in it.
func TestUsageOfAnOlderDatabaseIsCounted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "unity.db")
	db, err := sql.Open("sqlite", "file:"+path)
	must(t, err)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.FS, goose.WithDisableGlobalRegistry(true))
	must(t, err)
	_, err = p.UpTo(t.Context(), 5)
	must(t, err)
	_, err = db.ExecContext(t.Context(), furnishSQL, "default")
	must(t, err)
	_, err = db.ExecContext(t.Context(), `INSERT INTO series (tenant_id, id, server_id, metric, labels) VALUES ('default', 2, 'v', 'n', '{}')`)
	must(t, err)
	must(t, db.Close())
	s, err := store.Open(context.WithoutCancel(t.Context()), path)
	must(t, err)
	defer s.Close(context.WithoutCancel(t.Context()))
	got, err := s.Tenant(store.DefaultTenant).Usage(t.Context())
	if want := (store.Usage{Servers: 1, Users: 1, Series: 2, StorageBytes: 12005}); err != nil || got != want {
		t.Fatalf("%+v, want %+v, %v", got, want, err)
	}
	if got, err := s.System().Own().Usage(t.Context()); err != nil || got != (store.Usage{}) {
		t.Fatal(got, err)
	}
}
