package metric

import (
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"strconv"
	"testing"
	"time"

	"unity.internal/app/metric/metrictest"
	"unity.internal/store"
)

func TestRatesSurviveResetsAndStopAtGaps(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ref := r.ref(t, "bytes_total")
	at := func(s int) int64 { return noon.UnixMilli() + int64(s)*1000 }
	var all []Sample
	for _, v := range [][2]int{{0, 100}, {10, 200}, {20, 300}, {30, 50}, {40, 60}, {1000, 10_060}, {1010, 10_070}} {
		all = append(all, Sample{ref, at(v[0]), float64(v[1])})
	}
	if err := r.AppendRefs(t.Context(), r.t, all); err != nil {
		t.Fatal(err)
	}
	q := Query{Server: box, Rate: true, From: noon.Add(10 * time.Second), To: noon.Add(time.Hour)}
	if got, want := fmt.Sprint(r.points(t, q)), fmt.Sprint([]Point{{at(10), 10}, {at(20), 10}, {at(30), 5}, {at(40), 1}, {at(1010), 1}}); got != want {
		t.Errorf("every sample: %v, want %v", got, want)
	}
	q.Step = 20 * time.Second
	if got, want := fmt.Sprint(r.points(t, q)), fmt.Sprint([]Point{{at(20), 10}, {at(40), 3}, {at(1020), 1}}); got != want {
		t.Errorf("by 20 s: %v, want %v", got, want)
	}
}

func TestPollsKeepTheirBeat(t *testing.T) {
	t.Parallel()
	var g grid
	for i, v := range [][2]int64{
		{1_000_007, 1_000_007},
		{1_010_003, 1_010_003},
		{1_020_250, 1_020_003},
		{1_029_800, 1_030_003},
		{1_049_900, 1_050_003}, // one was missed
		{1_054_000, 1_054_000},
		{1_064_000, 1_064_000}, // asked for in between
		{1_074_100, 1_074_000},
		{900_000, 900_000},
		{910_100, 910_100},
		{920_000, 920_100}, // the clock went back
	} {
		if got := g.snap(v[0]); got != v[1] {
			t.Errorf("%d: %d became %d, want %d", i, v[0], got, v[1])
		}
	}
}

func TestAClockThatWasAheadIsForgiven(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(t, box, noon, reading("load", 1))
	r.clock = noon.Add(5000 * time.Hour) // a dead battery, until the time came over the network
	r.put(t, box, r.clock, reading("load", 99))
	r.clock = r.clock.Add(4 * time.Hour)
	r.put(t, box, r.clock, reading("load", 98))
	r.tended(t)
	r.clock = noon.Add(time.Minute)
	r.tended(t)
	r.put(t, box, r.clock, reading("load", 2))
	for range 2 {
		want := fmt.Sprint([]Point{{noon.UnixMilli() + 60_000, 2}})
		if got := r.points(t, Query{Server: box, From: noon.Add(time.Second), To: noon.Add(9000 * time.Hour)}); fmt.Sprint(got) != want {
			t.Fatalf("points = %v", got)
		}
		if latest, err := r.Latest(t.Context(), r.t, box, "load"); err != nil || latest[0].Value != 2 {
			t.Fatalf("latest = %v, %v", latest, err)
		}
		r.again()
		r.tended(t)
	}
}

func TestAppendsWhileTheJournalIsReplayed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 500 {
		if err := r.Append(t.Context(), r.t, store.Batch{Server: box, At: noon.Add(time.Duration(i) * 10 * time.Second), Readings: []store.Reading{reading("load", float64(i))}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.again()
	for i := range 100 {
		r.put(t, box, noon.Add(time.Duration(500+i)*10*time.Second), reading("load", float64(500+i)), reading("new", float64(i)))
	}
	for range 2 {
		r.tended(t)
		got := r.points(t, Query{Server: box, Names: []string{"load"}})
		if len(got) != 600 || got[599].Value != 599 || got[499].Value != 499 {
			t.Fatalf("%d points", len(got))
		}
		if got := r.points(t, Query{Server: box, Names: []string{"new"}}); len(got) != 100 {
			t.Fatalf("%d new points", len(got))
		}
		r.again()
	}
}

func TestManySeriesComeBackTheSame(t *testing.T) {
	t.Parallel()
	const count = 10_000
	r := newRig(t)
	random := rand.New(rand.NewSource(3))
	var refs []Ref
	var sources []*metrictest.Source
	for i := range count {
		refs = append(refs, r.ref(t, fmt.Sprint("m", i%50), "k", strconv.Itoa(i/50)))
		sources = append(sources, metrictest.NewSource(random, metrictest.Kinds[i%10]))
	}
	batch := make([]Sample, count)
	for n := range int64(20) {
		for i := range batch {
			batch[i] = Sample{refs[i], noon.UnixMilli() + n*10_000, sources[i].Next(random)}
		}
		if err := r.AppendRefs(t.Context(), r.t, batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	read := func(names ...string) []Series {
		t.Helper()
		all, _, err := r.Range(t.Context(), r.t, Query{Server: box, Names: names, From: noon, To: noon.Add(time.Hour)})
		if err != nil || len(names) == 0 && len(all) != count {
			t.Fatal(len(all), err)
		}
		return all
	}
	before, some := read(), read("m3", "m7", "m25")
	r.again()
	r.tended(t)
	equal := func(a, b Series) bool {
		return a.Metric == b.Metric && slices.Equal(a.Labels, b.Labels) && slices.Equal(a.Points, b.Points)
	}
	if !slices.EqualFunc(before, read(), equal) {
		t.Fatal("the replayed head differs")
	}
	r.clock = noon.Add(4 * time.Hour)
	r.tended(t)
	if !slices.EqualFunc(some, read("m3", "m7", "m25"), equal) {
		t.Fatal("the chunks differ")
	}
	if _, _, err := r.Range(t.Context(), r.t, Query{Server: box, From: noon, To: noon.Add(time.Hour), Most: 1000}); !errors.Is(err, ErrTooMany) {
		t.Fatalf("err = %v", err)
	}
}
