package metric

import (
	"bytes"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"unity.internal/store"
	"unity.internal/store/storetest"
)

func (r *rig) quota(t *testing.T, q store.Quota) {
	t.Helper()
	storetest.Quota(t, r.store, r.t.ID, q)
}

// poll takes n readings whose values tell them apart.
func (r *rig) poll(t *testing.T, n int) {
	t.Helper()
	b := store.Batch{Server: box, At: r.clock}
	for i := range n {
		b.Readings = append(b.Readings, reading("m", float64(i), "n", strconv.Itoa(i)))
	}
	if err := r.AppendSync(t.Context(), r.t, b); err != nil {
		t.Error(err)
	}
}

// sound fails if a series has a value of another; it returns how many there are,
// and how many points they have.
func (r *rig) sound(t *testing.T) (series, points int) {
	t.Helper()
	all, _, err := r.Range(t.Context(), r.t, Query{Server: box, From: noon.Add(-time.Hour), To: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		for _, p := range v.Points {
			if want := v.Labels.Value("n"); strconv.Itoa(int(p.Value)) != want {
				t.Errorf("series %s has the value %v", want, p.Value)
			}
		}
		points += len(v.Points)
	}
	return len(all), points
}

func TestSeriesOverTheQuotaAreLeftOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var log bytes.Buffer
	r.log = slog.New(slog.NewTextHandler(&log, nil))
	r.quota(t, store.Quota{Series: new(int64(3))})
	for i := range 4 {
		r.clock = noon.Add(time.Duration(i) * 10 * time.Second)
		r.poll(t, 5)
	}
	if n, points := r.sound(t); n != 3 || points != 12 || r.Refused(r.t.ID) != 8 {
		t.Fatal(n, points, r.Refused(r.t.ID))
	}
	if n := strings.Count(log.String(), "new series are not kept"); n != 1 {
		t.Fatalf("said %d times", n)
	}
	if _, err := r.Ref(t.Context(), r.t, box, "another", nil); err == nil {
		t.Fatal("a series more")
	}
	for _, most := range []int64{3, 4, 5} { // and a restart before each
		r.again()
		r.tended(t)
		r.quota(t, store.Quota{Series: new(most)})
		r.clock = r.clock.Add(10 * time.Second)
		r.poll(t, 5)
		if n, _ := r.sound(t); n != int(most) {
			t.Fatalf("%d series of %d", n, most)
		}
	}
	r.again()
	r.tended(t)
	if n, points := r.sound(t); n != 5 || points != 12+3+4+5 {
		t.Fatal(n, points)
	}
	u, err := r.t.Usage(t.Context())
	if err != nil || u.Series != 5 {
		t.Fatal(u, err)
	}
}

func TestAQuotaThatIsRaisedLetsSeriesIn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.quota(t, store.Quota{Series: new(int64(2))})
	r.poll(t, 4)
	r.quota(t, store.Quota{})
	r.tended(t)
	r.clock = noon.Add(10 * time.Second)
	r.poll(t, 4)
	if n, points := r.sound(t); n != 4 || points != 6 {
		t.Fatal(n, points)
	}
}

// TestNoSampleGoesToAnotherSeries has many polls bring new series at once, while
// the quota moves, and looks at every value after a restart.
func TestNoSampleGoesToAnotherSeries(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.quota(t, store.Quota{Series: new(int64(30))})
	for round := range 8 {
		r.clock = noon.Add(time.Duration(round) * 10 * time.Second)
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for n := 5; n <= 60; n += 5 + w {
					r.poll(t, n)
				}
			})
		}
		wg.Wait()
		if n, _ := r.sound(t); n > 30+round {
			t.Fatalf("round %d: %d series", round, n)
		}
		r.quota(t, store.Quota{Series: new(30 + int64(round) + 1)})
		if round%3 == 2 {
			r.again()
		}
		r.tended(t)
	}
	r.again()
	r.tended(t)
	if n, points := r.sound(t); n < 30 || n > 38 || points == 0 {
		t.Fatal(n, points)
	}
	if all, err := r.t.AllSeries(t.Context()); err != nil || len(all) > 38 {
		t.Fatal(len(all), err)
	}
}

func TestTheOldestSamplesGoOverTheQuota(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ref := r.ref(t, "it")
	for i := range 24 {
		at := noon.Add(time.Duration(i) * 2 * time.Hour).UnixMilli()
		var c coder
		if err := r.t.PutChunks(t.Context(), []store.ChunkRow{
			{Series: ref.series.id, Start: at, End: at + windowMS, Count: 1, Data: c.appendBlock(nil, samples{[]int64{at}, []float64{1}})},
			{Series: 99, Start: at, End: at + windowMS, Count: 1, Data: make([]byte, 10_000)},
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
	r.again()
	r.clock = noon.Add(48 * time.Hour)
	r.quota(t, store.Quota{StorageBytes: new(int64(105_000))}) // ten windows and a little
	for range 4 {                                              // sizes are found out, some windows at a time
		h, err := r.head(t.Context(), r.t.ID)
		if err != nil {
			t.Fatal(err)
		}
		h.retained = 0
		r.tended(t)
	}
	u, err := r.t.Usage(t.Context())
	if got := r.points(t, Query{Server: box}); err != nil || len(got) != 10 || u.StorageBytes > 105_000 {
		t.Fatal(len(got), u, err)
	}
}
