package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"unity.internal/app/backup/transfer"
	"unity.internal/app/metric"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// TestAnImportedTenantIsAliveAtOnce imports a tenant into an appliance that runs,
// while somebody looks at it: what comes then is what was exported, and goes on.
func TestAnImportedTenantIsAliveAtOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, _ := runApp(t, filepath.Join(t.TempDir(), "data"))
	acme := a.tenant(t, "acme")
	storetest.User(t, a.store, store.User{ID: "root", Admin: true})
	storetest.User(t, a.store, store.User{ID: "ann"})
	storetest.Member(t, a.store, "acme", "ann", "owner")
	_, err := acme.CreateServer(ctx, store.Server{ID: "s1", Name: "one", Host: "192.0.2.1", Port: 22, Username: "u", Auth: "key", PollSeconds: 3600, SnapshotMinutes: 60})
	now := time.Now().Truncate(time.Minute)
	for i := range 200 {
		b := store.Batch{Server: "s1", At: now.Add(time.Duration(i-200) * time.Minute), Readings: []store.Reading{{Metric: "node_load1", Value: float64(i)}}}
		err = errors.Join(err, a.metrics.Append(ctx, acme, b)) // not committed yet: an export does that
	}
	if err != nil {
		t.Fatal(err)
	}
	y, to, from := a.store.System().By("root", ""), transfer.To{Passphrase: "harbour lantern 42"}, transfer.From{Passphrase: "harbour lantern 42", As: "moved"}
	file, err := a.transfer.Export(ctx, y, "acme", to)
	if err != nil {
		t.Fatal(err)
	}
	looked, told := make(chan error, 1), 0
	moved := a.store.Tenant("moved")
	j, err := a.transfer.Receive(ctx, y, file, from, func() {
		if told++; told > 1 {
			return
		}
		points, err := values(ctx, a, moved) // a chart of half of it
		if len(points) > 0 {
			err = errors.Join(err, errors.New("there is something already"))
		}
		looked <- err
	})
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	if j = a.ended(t, j); j.State != "done" || told != 2 {
		t.Fatalf("%+v, told %d times", j, told)
	}
	if err := <-looked; err != nil {
		t.Error(err)
	}
	want, err := values(ctx, a, acme)
	if err != nil || len(want) != 200 {
		t.Fatal(len(want), err)
	}
	late, tick := time.After(30*time.Second), time.NewTicker(20*time.Millisecond) // its samples are replayed
	defer tick.Stop()
	for got := []float64(nil); !slices.Equal(got, want); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("its chart has %d points: %v", len(got), err)
		}
		got, err = values(ctx, a, moved)
	}
	if !a.auth.In("moved", "ann") || a.auth.Suspended("moved") {
		t.Error("nobody was told of its members, or its status")
	}
	if err := moved.Record(ctx, store.Audit{Action: "a", Thing: "t", Result: "done"}); err != nil {
		t.Error(err)
	}
	if f := chain(ctx, moved); !f.OK {
		t.Error(f)
	}
}

func TestATransferLeavesRoomForTheDatabase(t *testing.T) {
	t.Parallel()
	for left, want := range map[int64]error{reserve + 4: nil, reserve + 3: store.ErrDiskFull, 0: store.ErrDiskFull, -1: nil} {
		var out bytes.Buffer
		n, err := io.Copy(room{&out, func() int64 { return left }}, strings.NewReader("four"))
		if !errors.Is(err, want) || (err == nil) != (n == 4 && out.Len() == 4) {
			t.Errorf("%d bytes left: %d written, %v", left, n, err)
		}
	}
}

// values returns the samples of the one series that a tenant has.
func values(ctx context.Context, a *App, t store.Tenant) (all []float64, err error) {
	series, _, err := a.metrics.Range(ctx, t, metric.Query{Server: "s1", From: time.Now().Add(-24 * time.Hour), To: time.Now()})
	for _, one := range series {
		for _, p := range one.Points {
			all = append(all, p.Value)
		}
	}
	return all, err
}
