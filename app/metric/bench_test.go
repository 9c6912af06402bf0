package metric

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"unity.internal/app/metric/metrictest"
	"unity.internal/store"
)

// A farm is many series of the mix, ten to a metric as on real machines.
type farm struct {
	refs    []Ref
	sources []*metrictest.Source
	random  *rand.Rand
	batch   []Sample
}

func newFarm(b *testing.B, r *rig, n int) *farm {
	b.Helper()
	f := &farm{random: rand.New(rand.NewSource(1)), batch: make([]Sample, n)}
	for i := range n {
		f.refs = append(f.refs, r.ref(b, fmt.Sprintf("m%02d", i/10%30), "dev", fmt.Sprintf("d%d", i%10), "rack", fmt.Sprintf("r%d", i/300)))
		f.sources = append(f.sources, metrictest.NewSource(f.random, metrictest.Kinds[i/10%len(metrictest.Kinds)]))
	}
	if err := r.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	return f
}

// round returns the next value of every series; values of one round are reused
// between rounds by benchmarks that do not look at them.
func (f *farm) round(at time.Time) []Sample {
	for i := range f.batch {
		f.batch[i] = Sample{f.refs[i], at.UnixMilli(), f.sources[i].Next(f.random)}
	}
	return f.batch
}

// BenchmarkAppend commits batches of 10,000 samples. Its limit is the store
// inserting rows that are packed already.
func BenchmarkAppend(b *testing.B) {
	r := newRig(b)
	f := newFarm(b, r, rowCount)
	at := noon
	rounds := make([][]Sample, 20)
	for i := range rounds {
		rounds[i] = append(rounds[i], f.round(at)...)
	}
	n := 0
	for b.Loop() {
		at = at.Add(10 * time.Second)
		all := rounds[n%len(rounds)]
		for i := range all {
			all[i].At = at.UnixMilli()
		}
		if err := r.AppendRefs(b.Context(), r.t, all); err != nil {
			b.Fatal(err)
		}
		if err := r.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
		n++
	}
	each := b.Elapsed() / time.Duration(n)

	var w rowWriter
	for _, v := range rounds[0] {
		w.add(v.Ref.series.id, v.At, v.Value)
	}
	row := w.take()
	row.Seq = 1 << 40
	begun := time.Now()
	for range n {
		row.Seq++
		if err := r.t.AppendJournal(b.Context(), nil, []store.JournalRow{row}); err != nil {
			b.Fatal(err)
		}
	}
	limit := time.Since(begun) / time.Duration(n)
	b.ReportMetric(rowCount/each.Seconds(), "samples/s")
	b.ReportMetric(rowCount/limit.Seconds(), "limit-samples/s")
	b.ReportMetric(limit.Seconds()/each.Seconds(), "of-limit")
	b.ReportMetric(float64(len(row.Data))/rowCount, "journal-bytes/sample")
}

// BenchmarkDisk writes closed windows of the mix and looks at what the file
// grew by, all of SQLite's own included. Its limit is the samples alone.
func BenchmarkDisk(b *testing.B) {
	r := newRig(b)
	empty := copySize(b, r.store)
	all := mix(3000)
	var c coder
	var chunks []store.ChunkRow
	alone, count := 0, 0
	for i, s := range all {
		data := c.appendBlock(nil, s)
		chunks = append(chunks, store.ChunkRow{Series: int64(i + 1), Start: noon.UnixMilli(), End: noon.UnixMilli() + windowMS, Count: 720, Data: data})
		alone, count = alone+len(data), count+s.len()
	}
	for b.Loop() {
		for i := 0; i < len(chunks); i += 1000 {
			if err := r.t.PutChunks(b.Context(), chunks[i:i+1000]); err != nil {
				b.Fatal(err)
			}
		}
	}
	grown := copySize(b, r.store) - empty
	b.ReportMetric(float64(grown)/float64(count), "bytes/sample")
	b.ReportMetric(float64(alone)/float64(grown), "of-limit")
}

func copySize(b *testing.B, s *store.Store) int64 {
	b.Helper()
	path := filepath.Join(b.TempDir(), "copy.db")
	if err := s.Copy(b.Context(), path); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}

// BenchmarkDay reads 24 hours of one series at 10 s, from chunks and the head.
// Its limit is fetching the rows.
func BenchmarkDay(b *testing.B) {
	r := newRig(b)
	f := newFarm(b, r, 100)
	for range 24 * 360 {
		if err := r.AppendRefs(b.Context(), r.t, f.round(r.clock)); err != nil {
			b.Fatal(err)
		}
		r.clock = r.clock.Add(10 * time.Second)
	}
	r.tended(b)
	for _, q := range []struct {
		name string
		Query
	}{
		{"all", Query{Server: box, Names: []string{"m07"}}},
		{"minute", Query{Server: box, Names: []string{"m07"}, Step: time.Minute}},
		{"rate", Query{Server: box, Names: []string{"m00"}, Step: time.Minute, Rate: true}},
	} {
		b.Run(q.name, func(b *testing.B) {
			q.From, q.To = noon, r.clock
			for b.Loop() {
				if all, _, err := r.Range(b.Context(), r.t, q.Query); err != nil || len(all) != 10 {
					b.Fatal(len(all), err)
				}
			}
			each := b.Elapsed() / time.Duration(b.N*10)
			begun := time.Now()
			for range b.N {
				for i := range int64(10) {
					if rows, err := r.t.Chunks(b.Context(), 70+i, noon.UnixMilli(), r.clock.UnixMilli()); err != nil || len(rows) != 11 {
						b.Fatal(len(rows), err)
					}
				}
			}
			limit := time.Since(begun) / time.Duration(b.N*10)
			b.ReportMetric(float64(each.Microseconds())/1000, "ms/series")
			b.ReportMetric(limit.Seconds()/each.Seconds(), "of-limit")
		})
	}
}

// BenchmarkHead holds two hours of 30,000 series in memory and replays them. The
// limit of the replay is reading and decoding the rows.
func BenchmarkHead(b *testing.B) {
	const count = 30_000
	for b.Loop() {
		r := newRig(b)
		before := heap()
		f := newFarm(b, r, count)
		begun := time.Now()
		for range 720 {
			if err := r.AppendRefs(b.Context(), r.t, f.round(r.clock)); err != nil {
				b.Fatal(err)
			}
			r.clock = r.clock.Add(10 * time.Second)
		}
		if err := r.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(720*count/time.Since(begun).Seconds(), "samples/s")
		f.refs, f.sources, f.batch = nil, nil, nil
		b.ReportMetric(heap()-before, "MB")
		runtime.KeepAlive(r.Service)

		r.again()
		begun = time.Now()
		h, err := r.head(b.Context(), r.t.ID)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(begun).Milliseconds()), "ms-series")
		begun = time.Now()
		if err := r.replay(b.Context(), h); err != nil {
			b.Fatal(err)
		}
		replay := time.Since(begun)
		begun = time.Now()
		for last := int64(0); ; {
			rows, err := r.t.Journal(b.Context(), last, h.end, replayRows)
			if err != nil {
				b.Fatal(err)
			}
			if len(rows) == 0 {
				break
			}
			for _, row := range rows {
				last = row.Seq
				_ = readRow(row.Data, func(int64, int64, float64) {})
			}
		}
		b.ReportMetric(float64(replay.Milliseconds()), "ms-replay")
		b.ReportMetric(time.Since(begun).Seconds()/replay.Seconds(), "of-limit")
		b.ReportMetric(heap()-before, "MB-replayed")

		begun = time.Now()
		r.clock = noon.Add(3*time.Hour + time.Second)
		r.tended(b)
		b.ReportMetric(float64(time.Since(begun).Milliseconds()), "ms-close")
	}
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1e6
}
