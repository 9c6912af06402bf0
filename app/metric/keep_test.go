package metric

import (
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"unity.internal/store"
)

func TestRetention(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		days, bytes int64
		size, looks int
		left        int
	}{
		{"by age", 1, 1 << 40, 1, 1, 12},
		{"by size", 3650, 16 << 20, 1 << 20, 26, 15},
		{"neither", 3650, 1 << 40, 1, 1, 24},
	} {
		r := newRig(t)
		settings, err := r.t.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		settings.RawRetentionDays, settings.RawRetention = tt.days, tt.bytes
		if _, err := r.t.UpdateSettings(t.Context(), settings); err != nil {
			t.Fatal(err)
		}
		ref := r.ref(t, "it")
		for i := range 24 { // a chunk a window; retention looks at sizes only
			at := noon.Add(time.Duration(i) * 2 * time.Hour)
			data := make([]byte, tt.size)
			var c coder
			if err := r.t.PutChunks(t.Context(), []store.ChunkRow{
				{Series: ref.series.id, Start: at.UnixMilli(), End: at.UnixMilli() + windowMS, Count: 1, Data: c.appendBlock(nil, samples{[]int64{at.UnixMilli()}, []float64{1}})},
				{Series: 99, Start: at.UnixMilli(), End: at.UnixMilli() + windowMS, Count: 1, Data: data},
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.t.CloseUntil(t.Context(), noon.Add(48*time.Hour).UnixMilli()); err != nil {
			t.Fatal(err)
		}
		r.again() // sizes are found out, one window at a time
		r.clock = noon.Add(48 * time.Hour)
		for range tt.looks {
			r.clock = r.clock.Add(time.Second)
			h, _ := r.head(t.Context(), r.t.ID)
			h.retained = 0
			r.tended(t)
		}
		if got := r.points(t, Query{Server: box}); len(got) != tt.left {
			t.Errorf("%s: %d windows are left, want %d", tt.name, len(got), tt.left)
		}
	}
}

func TestSeriesOfDeletedServersGo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, id := range []string{"s1", "s2"} {
		if _, err := r.t.CreateServer(t.Context(), store.Server{ID: id, Name: id, Host: id, Port: 22, Username: "u", Auth: "key", PollSeconds: 10, SnapshotMinutes: 30}); err != nil {
			t.Fatal(err)
		}
		r.put(t, id, noon, reading("load", 1), reading("disk", 2, "mount", "/"))
	}
	r.clock = noon.Add(3 * time.Hour)
	r.put(t, "s1", r.clock, reading("load", 1))
	r.tended(t)
	if err := r.t.DeleteServer(t.Context(), "s1", store.AnyRev); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r.clock = r.clock.Add(time.Hour)
		r.tended(t)
		if got := r.points(t, Query{Server: "s1"}); got != nil {
			t.Fatalf("points = %v", got)
		}
		if got := r.points(t, Query{Server: "s2"}); len(got) != 1 {
			t.Fatalf("points of the other = %v", got)
		}
		rows, err := r.t.AllSeries(t.Context())
		if err != nil || len(rows) != 2 {
			t.Fatalf("series = %v, %v", rows, err)
		}
		if chunks, err := r.t.Chunks(t.Context(), 1, 0, maxTime); err != nil || len(chunks) != 0 {
			t.Fatalf("chunks = %v, %v", chunks, err)
		}
		r.again()
	}
}

func TestWithoutRoomOnlyTheNewestIsKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(t, box, noon, reading("load", 1))
	full := false
	r.Room = func() bool { return !full }
	full = true
	if err := r.AppendSync(t.Context(), r.t, store.Batch{Server: box, At: noon.Add(time.Minute), Readings: []store.Reading{reading("load", 2)}}); err != nil {
		t.Logf("a caller that waits is told: %v", err)
	}
	if got := r.points(t, Query{Server: box}); len(got) != 1 || r.Dropped() != 1 || r.Unwell() == "" {
		t.Fatalf("%v, %d dropped, unwell %q", got, r.Dropped(), r.Unwell())
	}
	if latest, err := r.Latest(t.Context(), r.t, box, "load"); err != nil || latest[0].Value != 2 {
		t.Fatalf("latest = %v, %v", latest, err)
	}
	full = false
	r.put(t, box, noon.Add(2*time.Minute), reading("load", 3))
	if got := r.points(t, Query{Server: box}); len(got) != 2 || r.Unwell() != "" {
		t.Fatalf("%v, unwell %q", got, r.Unwell())
	}
}

// TestAFullDisk lets the file system refuse writes for real. It is not
// parallel: the limit holds for every file of the process.
func TestAFullDisk(t *testing.T) {
	r := newRig(t)
	ref := r.ref(t, "it")
	random := rand.New(rand.NewSource(4))
	n := int64(0)
	append10k := func() {
		t.Helper()
		all := make([]Sample, rowCount)
		for i := range all {
			all[i] = Sample{ref, noon.UnixMilli() + n, random.NormFloat64()}
			n++
		}
		if err := r.AppendRefs(t.Context(), r.t, all); err != nil {
			t.Fatal(err)
		}
	}
	append10k()
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(r.store.Path() + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	tight := syscall.Rlimit{Cur: uint64(info.Size()) + 8192, Max: was.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &tight); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was)
	for range 23 {
		append10k()
	}
	if err := r.Flush(t.Context()); !errors.Is(err, store.ErrDiskFull) {
		t.Fatalf("err = %v", err)
	}
	h, _ := r.head(t.Context(), r.t.ID)
	if queued := h.queue.len(); queued > maxQueued+rowCount || r.Dropped() == 0 || r.Unwell() == "" {
		t.Fatalf("%d queued, %d dropped, unwell %q", queued, r.Dropped(), r.Unwell())
	}
	kept := len(r.points(t, Query{Server: box})) // reads go on

	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := r.Flush(t.Context()); err != nil || r.Unwell() != "" {
		t.Fatalf("not recovered: %v, unwell %q", err, r.Unwell())
	}
	r.again()
	r.tended(t)
	if got := len(r.points(t, Query{Server: box})); got != kept {
		t.Fatalf("%d points after the restart, %d before", got, kept)
	}
}

func FuzzJournalRow(f *testing.F) {
	var w rowWriter
	for i := range int64(20) {
		w.add(i*i, noon.UnixMilli()+i/7, float64(i)*0.37)
	}
	f.Add(w.take().Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		var w rowWriter
		n := int64(0)
		if readRow(data, func(id, at int64, value float64) { w.add(id, at, value); n++ }) != nil {
			return
		}
		first := w.take()
		again := ""
		want := ""
		_ = readRow(data, func(id, at int64, value float64) { want += fmt.Sprint(id, at, value, ";") })
		if err := readRow(first.Data, func(id, at int64, value float64) { again += fmt.Sprint(id, at, value, ";") }); n > 0 && (err != nil || again != want) {
			t.Fatalf("%v\n%s\n%s", err, want, again)
		}
	})
}

func TestDamagedRowsAreCountedAndTheRestIsRead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(t, box, noon, reading("load", 1))
	if err := r.t.AppendJournal(t.Context(), nil, []store.JournalRow{{Seq: 2, Min: 1, Max: 2, Count: 3, Data: []byte{rowVersion, 0xff}}}); err != nil {
		t.Fatal(err)
	}
	r.again()
	h, _ := r.head(t.Context(), r.t.ID)
	p := r.players(h)
	err := p.playAll(t.Context(), h)
	p.end()
	if err != nil || p.damaged != 1 {
		t.Fatalf("damaged = %d, %v", p.damaged, err)
	}
	r.tended(t)
	if got := r.points(t, Query{Server: box}); len(got) != 1 {
		t.Fatalf("points = %v", got)
	}
}
