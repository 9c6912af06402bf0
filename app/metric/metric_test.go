package metric

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"math/rand"
	"slices"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// box is the appliance itself: other servers must be in the table.
const box = ""

// noon is the beginning of a window.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// A rig is a service over a real store, with a clock that the test sets.
type rig struct {
	*Service
	store *store.Store
	t     store.Tenant
	clock time.Time
}

func newRig(tb testing.TB) *rig {
	tb.Helper()
	r := &rig{clock: noon}
	r.store = storetest.Open(tb, store.WithClock(func() time.Time { return r.clock }))
	r.t = r.store.Tenant(store.DefaultTenant)
	r.again()
	return r
}

// again is what a kill leaves: another service over the same store.
func (r *rig) again() {
	r.Service = New(r.store, slog.New(slog.DiscardHandler))
}

// tended does what Run does each minute.
func (r *rig) tended(tb testing.TB) {
	tb.Helper()
	h, err := r.head(tb.Context(), r.t.ID)
	if err == nil {
		err = r.tend(tb.Context(), h)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

func (r *rig) put(tb testing.TB, server string, at time.Time, readings ...store.Reading) {
	tb.Helper()
	if err := r.AppendSync(tb.Context(), r.t, store.Batch{Server: server, At: at, Readings: readings}); err != nil {
		tb.Fatal(err)
	}
}

func (r *rig) ref(tb testing.TB, metric string, labels ...string) Ref {
	tb.Helper()
	ref, err := r.Ref(tb.Context(), r.t, box, metric, store.LabelsOf(labels...))
	if err != nil {
		tb.Fatal(err)
	}
	return ref
}

func (r *rig) points(tb testing.TB, q Query) []Point {
	tb.Helper()
	if q.To.IsZero() {
		q.From, q.To = time.UnixMilli(0), noon.Add(1000*time.Hour)
	}
	all, _, err := r.Range(tb.Context(), r.t, q)
	if err != nil {
		tb.Fatal(err)
	}
	if len(all) == 0 {
		return nil
	}
	return all[0].Points
}

func reading(metric string, value float64, labels ...string) store.Reading {
	return store.Reading{Metric: metric, Labels: store.LabelsOf(labels...), Value: value}
}

func TestASampleIsSeenAtOnceAndAfterAKill(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.put(t, box, noon, reading("load", 1.5), reading("disk", 7, "mount", "/"), reading("disk", 8, "mount", "/srv"))
	r.put(t, box, noon.Add(10*time.Second), reading("load", 2.5))
	check := func() {
		t.Helper()
		all, warming, err := r.Range(t.Context(), r.t, Query{Server: box, From: noon, To: noon.Add(time.Hour)})
		want := []Series{
			{"disk", store.LabelsOf("mount", "/"), []Point{{noon.UnixMilli(), 7}}},
			{"disk", store.LabelsOf("mount", "/srv"), []Point{{noon.UnixMilli(), 8}}},
			{"load", store.Labels{}, []Point{{noon.UnixMilli(), 1.5}, {noon.UnixMilli() + 10_000, 2.5}}},
		}
		if err != nil || warming || fmt.Sprint(all) != fmt.Sprint(want) {
			t.Fatalf("%v %v\n%v, want\n%v", err, warming, all, want)
		}
		latest, err := r.Latest(t.Context(), r.t, box, "load")
		if err != nil || len(latest) != 1 || latest[0].Value != 2.5 || latest[0].PerSecond != 0.1 {
			t.Fatalf("latest = %v, %v", latest, err)
		}
	}
	check()
	r.again()
	if _, warming, _ := r.Range(t.Context(), r.t, Query{Server: box, From: noon, To: noon}); !warming {
		t.Fatal("not warming before the journal is replayed")
	}
	r.tended(t)
	check()
}

func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	storetest.Tenants(t, r.store, "acme")
	r.put(t, box, noon, reading("load", 1))
	acme := r.store.Tenant("acme")
	if err := r.AppendSync(t.Context(), acme, store.Batch{Server: box, At: noon, Readings: []store.Reading{reading("load", 2)}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for tenant, want := range map[store.TenantID]float64{"default": 1, "acme": 2, "system": 0} {
			all, _, err := r.Range(t.Context(), r.store.Tenant(tenant), Query{Server: box, From: noon, To: noon})
			if err != nil || want == 0 && len(all) > 0 || want > 0 && (len(all) != 1 || all[0].Points[0].Value != want) {
				t.Errorf("%s reads %v, %v", tenant, all, err)
			}
		}
		h, _ := r.head(t.Context(), "acme")
		r.clock = noon.Add(3 * time.Hour) // once from the head, once from chunks
		r.tended(t)
		if err := r.tend(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
}

// A model is the simplest thing that says what a range must be.
type model map[int64]float64

func (m model) points(q Query) (all []Point) {
	step := q.Step.Milliseconds()
	from, to := q.From.UnixMilli(), q.To.UnixMilli()
	if step > 0 {
		from = (from+step-1)/step*step - step + 1
	}
	for _, at := range slices.Sorted(maps.Keys(m)) {
		if at < from || at > to {
			continue
		}
		p := Point{at, m[at]}
		if step > 0 {
			p.At = min(to, (at+step-1)/step*step)
		}
		if n := len(all); n > 0 && all[n-1].At == p.At {
			all = all[:n-1]
		}
		all = append(all, p)
	}
	return all
}

func TestRangesEqualTheModel(t *testing.T) {
	t.Parallel()
	for seed := range int64(3) {
		random := rand.New(rand.NewSource(seed))
		r := newRig(t)
		m := model{}
		refs := []Ref{r.ref(t, "other"), r.ref(t, "it")}
		floor := noon.Add(-time.Hour)
		for range 1800 {
			switch p := random.Intn(1000); {
			case p < 2:
				if err := r.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				r.again()
				r.tended(t)
				refs = []Ref{r.ref(t, "other"), r.ref(t, "it")}
			case p < 8:
				r.tended(t)
				if mark := r.mark(t); mark.After(floor) {
					floor = mark
				}
			case p < 12:
				r.clock = r.clock.Add(time.Duration(random.Intn(90)) * time.Minute)
			default:
				r.clock = r.clock.Add(10 * time.Second)
			}
			at := r.clock
			if random.Intn(20) == 0 {
				at = at.Add(-time.Duration(random.Intn(50*60)) * time.Second)
			}
			v := oddValue(random)
			if _, there := m[at.UnixMilli()]; !there && !at.Before(floor) {
				m[at.UnixMilli()] = v
			}
			if err := r.AppendRefs(t.Context(), r.t, []Sample{{refs[0], at.UnixMilli(), 1}, {refs[1], at.UnixMilli(), v}}); err != nil {
				t.Fatal(err)
			}
		}
		span := r.clock.Sub(noon)
		for range 60 {
			from := noon.Add(time.Duration(random.Int63n(int64(span)))).Truncate(time.Millisecond)
			q := Query{Server: box, Names: []string{"it"}, From: from, To: from.Add(time.Duration(random.Int63n(int64(5 * time.Hour)))).Truncate(time.Millisecond)}
			if random.Intn(2) == 0 {
				q.Step = []time.Duration{time.Second, 15 * time.Second, time.Minute, time.Hour}[random.Intn(4)]
			}
			got, want := r.points(t, q), m.points(q)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("seed %d, %v .. %v step %v:\n%v\nwant\n%v", seed, q.From, q.To, q.Step, got, want)
			}
		}
	}
}

func (r *rig) mark(tb testing.TB) time.Time {
	tb.Helper()
	h, err := r.head(tb.Context(), r.t.ID)
	if err != nil {
		tb.Fatal(err)
	}
	return time.UnixMilli(h.mark.Load())
}

func oddValue(r *rand.Rand) float64 {
	switch r.Intn(12) {
	case 0:
		return math.NaN()
	case 1:
		return math.Inf(1 - 2*r.Intn(2))
	case 2:
		return r.NormFloat64()
	case 3:
		return math.Copysign(0, -1)
	default:
		return float64(r.Intn(10000)) / 100
	}
}

// TestEveryNumberOfIrregularSamplesIsRead looks after each sample, among them the
// one that makes a block of those before it.
func TestEveryNumberOfIrregularSamplesIsRead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ref := r.ref(t, "it")
	at := noon
	for n := range 4 * openCount {
		at = at.Add(time.Duration(1000+n%7) * time.Millisecond)
		if err := r.AppendRefs(t.Context(), r.t, []Sample{{ref, at.UnixMilli(), float64(n)}}); err != nil {
			t.Fatal(err)
		}
		if got := r.points(t, Query{Server: box}); len(got) != n+1 || got[n] != (Point{at.UnixMilli(), float64(n)}) {
			t.Fatalf("after %d: %d points", n+1, len(got))
		}
	}
}

func TestLateAndDoubleSamples(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ref := r.ref(t, "it")
	put := func(at time.Time, value float64) {
		t.Helper()
		if err := r.AppendRefs(t.Context(), r.t, []Sample{{ref, at.UnixMilli(), value}}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 400 { // every second one at first, then the others in between
		put(noon.Add(time.Duration(i)*20*time.Second), float64(i))
		put(noon.Add(time.Duration(i)*20*time.Second), -1)
	}
	for i := range 400 {
		put(noon.Add(time.Duration(i)*20*time.Second-10*time.Second), float64(i)-0.5)
		put(noon.Add(time.Duration(i)*20*time.Second), -1)
	}
	check := func() {
		t.Helper()
		got := r.points(t, Query{Server: box})
		if len(got) != 800 {
			t.Fatalf("%d points", len(got))
		}
		for i, p := range got {
			if want := float64(i)/2 - 0.5; p.Value != want || p.At != noon.Add(time.Duration(i-1)*10*time.Second).UnixMilli() {
				t.Fatalf("point %d is %v, want %v", i, p, want)
			}
		}
	}
	check()
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.again()
	r.tended(t)
	check()
	r.clock = noon.Add(6 * time.Hour)
	r.tended(t)
	check()
	ref = r.ref(t, "it")
	put(noon.Add(time.Minute+time.Second), 9) // its window is closed
	check()
	if r.Late() != 1 {
		t.Fatalf("late = %d", r.Late())
	}
}

func TestTheJournalGoesWhenItsWindowIsClosed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 30 {
		r.put(t, box, noon.Add(time.Duration(i)*10*time.Minute), reading("load", float64(i)))
	}
	r.clock = noon.Add(5*time.Hour + time.Minute)
	r.tended(t)
	rows, err := r.t.Journal(t.Context(), 0, 1000, 1000)
	if err != nil || len(rows) != 6 {
		t.Fatalf("%d rows are left, %v", len(rows), err)
	}
	if !r.mark(t).Equal(noon.Add(4 * time.Hour)) {
		t.Fatalf("mark = %v", r.mark(t))
	}
	if n := len(r.points(t, Query{Server: box})); n != 30 {
		t.Fatalf("%d points", n)
	}
}

func TestAClosingThatIsCutOffIsRepeated(t *testing.T) {
	t.Parallel()
	const count = 100
	r := newRig(t)
	want := func(where string) {
		t.Helper()
		all, _, err := r.Range(t.Context(), r.t, Query{Server: box, From: noon, To: noon.Add(9 * time.Hour)})
		if err != nil || len(all) != count {
			t.Fatalf("%s: %d series, %v", where, len(all), err)
		}
		for _, x := range all {
			if len(x.Points) != 18 {
				t.Fatalf("%s: %d points of %v", where, len(x.Points), x.Labels)
			}
		}
	}
	for i := range 18 {
		var b []store.Reading
		for k := range count {
			b = append(b, reading("it", float64(i*k), "k", strconv.Itoa(k)))
		}
		r.put(t, box, noon.Add(time.Duration(i)*10*time.Minute), b...)
	}
	h, _ := r.head(t.Context(), r.t.ID)
	r.clock = noon.Add(3*time.Hour + time.Minute)

	if _, err := r.writeChunks(t.Context(), h, h.members()[:40], noon.UnixMilli()); err != nil {
		t.Fatal(err)
	}
	want("some chunks are written, none is seen")
	r.again()
	r.tended(t) // and closes the window anew
	want("closed after a kill amid its chunks")

	r.again()
	h, _ = r.head(t.Context(), r.t.ID)
	if err := r.replay(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	want("replayed over closed chunks")

	r.clock = noon.Add(5*time.Hour + time.Minute)
	start := noon.Add(2 * time.Hour).UnixMilli()
	if _, err := r.writeChunks(t.Context(), h, h.members(), start); err != nil {
		t.Fatal(err)
	}
	if err := r.t.CloseUntil(t.Context(), start+windowMS); err != nil { // the mark moved, the journal is not trimmed
		t.Fatal(err)
	}
	r.again()
	r.tended(t)
	want("killed before the journal was trimmed")
}

func TestRunCommitsAndEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	if err := r.Append(t.Context(), r.t, store.Batch{Server: box, At: noon, Readings: []store.Reading{reading("load", 1)}}); err != nil {
		t.Fatal(err)
	}
	for n := int64(0); n == 0; { // the group's commit comes by itself
		var err error
		if n, err = r.t.JournalEnd(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Append(t.Context(), r.t, store.Batch{Server: box, At: noon.Add(time.Second), Readings: []store.Reading{reading("load", 2)}}); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	r.again()
	r.tended(t)
	if got := r.points(t, Query{Server: box}); len(got) != 2 {
		t.Fatalf("points = %v", got)
	}
}
