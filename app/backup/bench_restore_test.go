package backup_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"unity.internal/app/backup"
	"unity.internal/app/backup/place"
	"unity.internal/app/backup/place/placetest"
	"unity.internal/app/builttest"
	"unity.internal/store"
)

// large makes a database of a gigabyte, nearly all of it samples whose windows
// are closed, as after some months.
func large(b *testing.B) *farm {
	b.Helper()
	const (
		whole  = 1_000_000_000
		window = 2 * 3600 * 1000
		count  = 720  // samples of a window
		size   = 1000 // bytes of them, packed
	)
	f := newFarm(b)
	chunks := make([]store.ChunkRow, 0, 2000)
	for n := int64(0); ; n++ {
		window := n / (serverCount * seriesCount) * window
		chunks = append(chunks, store.ChunkRow{Series: n%(serverCount*seriesCount) + 1, Start: window, End: window + 1, Count: count, Data: noise(size)})
		if len(chunks) < cap(chunks) {
			continue
		}
		f.ok(nil, f.home.PutChunks(b.Context(), chunks))
		chunks = chunks[:0]
		if info, err := os.Stat(f.store.Path()); err != nil || info.Size() >= whole {
			f.ok(nil, err)
			return f
		}
	}
}

// BenchmarkGigabyte restores a gigabyte for trial while somebody writes, and
// then as a whole, in turns with Litestream's own command.
func BenchmarkGigabyte(b *testing.B) {
	f := large(b)
	dir := filepath.Join(b.TempDir(), "replica") // Litestream's command knows no blanks in one
	where := &placetest.Server{Config: place.Config{URL: "file://" + dir}, Dir: dir}
	service := follow(b, f.store, where)
	instance := service.Status().Instance
	for i := range 20 { // some of it in files of its own
		f.ok(nil, f.AppendSync(b.Context(), f.home, f.poll(i, time.Now())))
		f.ok(nil, service.SyncNow(b.Context()))
	}
	b.Run("drill", func(b *testing.B) {
		for b.Loop() {
			begun := time.Now()
			rest := f.pauses(func() { <-time.After(10 * time.Second) })
			pauses := f.pauses(func() { f.ok(nil, service.Drill(b.Context(), progress{})) })
			b.ReportMetric(time.Since(begun).Seconds()-10, "s/drill")
			b.ReportMetric(pauses.Seconds()*1000, "ms-pause")
			b.ReportMetric(rest.Seconds()*1000, "ms-pause-without")
		}
	})
	b.Run("restore", func(b *testing.B) {
		command := builttest.Path(b, "app/backup/litestreamtest")
		p := where.Open(b)
		const turns = 3
		var ours, theirs []time.Duration
		for b.Loop() {
			for range turns {
				path := filepath.Join(b.TempDir(), "theirs.db")
				begun := time.Now()
				out, err := exec.CommandContext(b.Context(), command, "restore", "-o", path, "file://"+filepath.Join(where.Dir, instance)).CombinedOutput()
				theirs = append(theirs, time.Since(begun))
				if err != nil {
					b.Fatalf("%v: %s", err, out)
				}
				f.ok(nil, os.Remove(path))
				begun = time.Now()
				f.ok(backup.Restore(b.Context(), p, instance, backup.Target{}, path, nil))
				ours = append(ours, time.Since(begun))
				f.ok(nil, os.Remove(path))
			}
		}
		best, limit := slices.Min(ours), slices.Min(theirs)
		b.ReportMetric(best.Seconds(), "s/GB")
		b.ReportMetric(limit.Seconds(), "limit-s/GB")
		b.ReportMetric(best.Seconds()/limit.Seconds(), "of-litestream")
	})
}

// pauses returns how long a writer waited at most while do ran.
func (f *farm) pauses(do func()) (longest time.Duration) {
	ctx, cancel := context.WithCancel(f.Context())
	ended := make(chan error, 1)
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		var err error
		for i := 0; ctx.Err() == nil && err == nil; i++ {
			<-tick.C
			begun := time.Now()
			err = f.AppendSync(f.Context(), f.home, f.poll(i%serverCount, begun)) //nolint:contextcheck // it ends as it ends
			longest = max(longest, time.Since(begun))
		}
		ended <- err
	}()
	do()
	cancel()
	f.ok(nil, <-ended)
	return longest
}
