package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"unity.internal/store"
	"unity.internal/store/storetest"
)

func TestTheJournalIsTrimmedInSteps(t *testing.T) {
	t.Parallel()
	const count = store.MaxStep + 100
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme")
	d, acme := s.Tenant(store.DefaultTenant), s.Tenant("acme")
	rows := make([]store.JournalRow, count)
	for i := range rows {
		rows[i] = store.JournalRow{Seq: int64(i + 1), Min: int64(i), Max: int64(i), Count: 1, Data: []byte{1}}
	}
	rows[7].Max = 1 << 40 // holds a later sample too
	for _, tenant := range []store.Tenant{d, acme} {
		if err := tenant.AppendJournal(t.Context(), nil, rows); err != nil {
			t.Fatal(err)
		}
	}
	first, err := d.TrimJournal(t.Context(), 0, count-10)
	if err != nil || first != store.MaxStep {
		t.Fatalf("the first step went to %d, %v", first, err)
	}
	second, err := d.TrimJournal(t.Context(), first, count-10)
	if err != nil || second != count {
		t.Fatalf("the second step went to %d, %v", second, err)
	}
	if third, err := d.TrimJournal(t.Context(), second, count-10); err != nil || third != second {
		t.Fatalf("the third step went to %d, %v", third, err)
	}
	for tenant, want := range map[store.TenantID]int{store.DefaultTenant: 11, "acme": count} {
		left, err := s.Tenant(tenant).Journal(t.Context(), 0, count, count)
		if err != nil || len(left) != want {
			t.Errorf("%s has %d rows, want %d, %v", tenant, len(left), want, err)
		}
	}
	if end, err := d.JournalEnd(t.Context()); err != nil || end != count {
		t.Fatalf("end = %d, %v", end, err)
	}
}

func TestChunksAreReplacedAndDropped(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	d := s.Tenant(store.DefaultTenant)
	var chunks []store.ChunkRow
	for i := range int64(30) {
		chunks = append(chunks, store.ChunkRow{Series: i % 3, Start: i / 3 * 100, End: i/3*100 + 100, Count: 1, Data: fmt.Append(nil, i)})
	}
	for range 2 { // closing a window may begin anew
		if err := d.PutChunks(t.Context(), chunks); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.Chunks(t.Context(), 1, 100, 301)
	if err != nil || len(got) != 3 || got[0].Start != 100 || !bytes.Equal(got[2].Data, []byte("10")) {
		t.Fatalf("%v, %v", got, err)
	}
	if n, err := d.WindowBytes(t.Context(), 400); err != nil || n != 6 {
		t.Fatalf("bytes = %d, %v", n, err)
	}
	if more, err := d.DropChunks(t.Context(), 0, 500); more || err != nil {
		t.Fatal(more, err)
	}
	if start, err := d.NextWindow(t.Context(), 0); err != nil || start != 500 {
		t.Fatalf("start = %d, %v", start, err)
	}
	if more, err := d.DropSeriesChunks(t.Context(), 2); more || err != nil {
		t.Fatal(more, err)
	}
	if got, err := d.Chunks(t.Context(), 2, 0, 10_000); err != nil || len(got) != 0 {
		t.Fatalf("%v, %v", got, err)
	}
	if start, err := s.Tenant(store.SystemTenant).NextWindow(t.Context(), 0); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("another tenant has %d, %v", start, err)
	}
}

func TestTheMarkMovesOnlyForward(t *testing.T) {
	t.Parallel()
	d := storetest.Open(t).Tenant(store.DefaultTenant)
	for _, until := range []int64{0, 100, 50, 200} {
		if until > 0 {
			if err := d.CloseUntil(t.Context(), until); err != nil {
				t.Fatal(err)
			}
		}
		want := map[int64]int64{0: 0, 100: 100, 50: 100, 200: 200}[until]
		if got, err := d.ClosedUntil(t.Context()); err != nil || got != want {
			t.Fatalf("after %d the mark is %d, %v", until, got, err)
		}
	}
	if err := d.ReopenFrom(t.Context(), 150); err != nil {
		t.Fatal(err)
	}
	if got, err := d.ClosedUntil(t.Context()); err != nil || got != 150 {
		t.Fatalf("reopened: the mark is %d, %v", got, err)
	}
}

func TestTheNewestSeriesKeepsItsNumber(t *testing.T) {
	t.Parallel()
	d := storetest.Open(t).Tenant(store.DefaultTenant)
	if _, err := d.CreateCluster(t.Context(), store.Cluster{ID: "k1", Name: "home", Source: store.ClusterInside, Server: "https://10.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	rows := []store.SeriesRow{{1, "gone", "a", "{}"}, {2, "", "a", "{}"}, {3, "k1", "a", "{}"}, {4, "gone", "b", "{}"}}
	if err := d.AppendJournal(t.Context(), rows, nil); err != nil {
		t.Fatal(err)
	}
	if gone, err := d.OrphanedServers(t.Context()); err != nil || len(gone) != 1 || gone[0] != "gone" {
		t.Fatalf("%v, %v", gone, err)
	}
	if more, err := d.DropSeries(t.Context(), "gone"); more || err != nil {
		t.Fatal(more, err)
	}
	left, err := d.AllSeries(t.Context())
	if err != nil || len(left) != 3 || left[2].ID != 4 {
		t.Fatalf("%v, %v", left, err)
	}
}

func TestAFullDatabaseSaysSo(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	if _, err := s.DB().ExecContext(t.Context(), `PRAGMA max_page_count = 1`); err != nil { // no page more than there are
		t.Fatal(err)
	}
	row := store.JournalRow{Seq: 1, Count: 1, Data: make([]byte, 1<<20)}
	err := s.Tenant(store.DefaultTenant).AppendJournal(t.Context(), nil, []store.JournalRow{row})
	if !errors.Is(err, store.ErrDiskFull) {
		t.Fatalf("err = %v", err)
	}
	if _, err := s.DB().ExecContext(t.Context(), `PRAGMA max_page_count = 1000000`); err != nil {
		t.Fatal(err)
	}
	if err := s.Tenant(store.DefaultTenant).AppendJournal(t.Context(), nil, []store.JournalRow{row}); err != nil {
		t.Fatal(err)
	}
}
