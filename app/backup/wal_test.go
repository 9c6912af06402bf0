package backup_test

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"testing"
	"time"

	"unity.internal/store"
	"unity.internal/store/storetest"
)

// snapshot writes some 200 KB that cannot be packed.
func snapshot(t *testing.T, home store.Tenant) {
	t.Helper()
	data := make([]byte, 200<<10)
	rand.Read(data)
	text, err := json.Marshal(data)
	must(t, err)
	must(t, home.AddSnapshot(t.Context(), store.Snapshot{
		SnapshotName: store.SnapshotName{ID: store.NewID(), ServerID: "s", Taken: time.Now()},
		Sections:     map[string]json.RawMessage{"os": text},
	}))
}

// TestTheLogStaysShort writes as fast as it can while somebody reads.
func TestTheLogStaysShort(t *testing.T) {
	b := newBox(t, storetest.Open(t), directory(t), nil)
	b.following()
	home := b.store.Tenant(store.DefaultTenant)
	if _, err := home.CreateServer(t.Context(), store.Server{ID: "s", Name: "s", Host: "h", Port: 22, Username: "u", Auth: "key", PollSeconds: 10, SnapshotMinutes: 30}); err != nil {
		t.Fatal(err)
	}
	var largest int64
	end := time.Now().Add(5 * time.Second)
	n := 0
	for ; time.Now().Before(end); n++ {
		snapshot(t, home)
		if info, err := os.Stat(b.store.Path() + "-wal"); err == nil {
			largest = max(largest, info.Size())
		}
	}
	t.Logf("%d snapshots, log at most %d MiB", n, largest>>20)
	if largest > 40<<20 {
		t.Errorf("the log grew to %d MiB", largest>>20)
	}
	if err := b.service.Drill(t.Context(), progress{}); err != nil {
		t.Fatal(err)
	}
	b.stop()
}
