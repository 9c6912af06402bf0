package backup_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/benbjohnson/litestream"
	"unity.internal/app/backup"
	"unity.internal/app/backup/place/placetest"
	"unity.internal/app/metric"
	"unity.internal/app/metric/metrictest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// follow has a replica of s follow until the benchmark ends.
func follow(b *testing.B, s *store.Store, where *placetest.Server) *backup.Service {
	b.Helper()
	service := backup.New(backup.Options{
		Store: s, Dir: filepath.Dir(s.Path()), Fixed: &backup.Fixed{Config: where.Config, Secret: where.Secret}, Host: "attic", Version: "1",
		Lock:    func(context.Context) (json.RawMessage, error) { return json.RawMessage(`{}`), nil },
		Prove:   func(context.Context, string) (string, error) { return "a secret", nil },
		Publish: func(store.TenantID, string, string, int64) {}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- service.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, service.Close(context.WithoutCancel(ctx))); err != nil {
			b.Error(err)
		}
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(time.Minute); ; {
		v := service.Status()
		if v.State == backup.Following {
			return service
		}
		select {
		case <-end:
			b.Fatalf("it never followed: %+v", v)
		case <-tick.C:
		}
	}
}

// A farm is an appliance that gets samples of many servers.
type farm struct {
	*metric.Service
	*testing.B
	store   *store.Store
	home    store.Tenant
	random  *mathrand.Rand
	servers []string
	sources [][]*metrictest.Source
}

const (
	serverCount = 100
	seriesCount = 300 // of a server
	between     = 10 * time.Second
)

func newFarm(b *testing.B) *farm {
	b.Helper()
	s := storetest.Open(b)
	f := &farm{Service: metric.New(s, slog.New(slog.DiscardHandler)), B: b, store: s, home: s.Tenant(store.DefaultTenant), random: mathrand.New(mathrand.NewSource(1))}
	for i := range serverCount {
		id := fmt.Sprintf("server-%03d", i)
		f.ok(f.home.CreateServer(b.Context(), store.Server{ID: id, Name: id, Host: id, Port: 22, Username: "u", Auth: "key", PollSeconds: 10, SnapshotMinutes: 30}))
		f.servers = append(f.servers, id)
		var all []*metrictest.Source
		for k := range seriesCount {
			all = append(all, metrictest.NewSource(f.random, metrictest.Kinds[k/10%len(metrictest.Kinds)]))
		}
		f.sources = append(f.sources, all)
	}
	return f
}

func (f *farm) ok(_ any, err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// poll returns what the next poll of a server brings.
func (f *farm) poll(i int, at time.Time) store.Batch {
	v := store.Batch{Server: f.servers[i], At: at}
	for k, s := range f.sources[i] {
		v.Readings = append(v.Readings, store.Reading{
			Metric: fmt.Sprintf("metric_%02d", k/10), Labels: store.LabelsOf("device", strconv.Itoa(k%10)), Value: s.Next(f.random),
		})
	}
	return v
}

// fill commits full batches for d and returns how many samples a second. It
// calls each after every commit.
func (f *farm) fill(rounds [][]metric.Sample, at *time.Time, d time.Duration, each func()) (n int) {
	for begun := time.Now(); time.Since(begun) < d; {
		*at = at.Add(between)
		all := rounds[n%len(rounds)]
		for i := range all {
			all[i].At = at.UnixMilli()
		}
		f.ok(nil, f.AppendRefs(f.Context(), f.home, all))
		f.ok(nil, f.Flush(f.Context()))
		n++
		each()
	}
	return n
}

// rounds are full batches of samples.
func (f *farm) rounds() (all [][]metric.Sample) {
	const count = 10_000
	var refs []metric.Ref
	var sources []*metrictest.Source
	for i := range count {
		ref, err := f.Ref(f.Context(), f.home, f.servers[i/seriesCount], fmt.Sprintf("metric_%02d", i%seriesCount/10), store.LabelsOf("device", strconv.Itoa(i%10)))
		f.ok(nil, err)
		refs, sources = append(refs, ref), append(sources, metrictest.NewSource(f.random, metrictest.Kinds[i/10%len(metrictest.Kinds)]))
	}
	for range 20 {
		round := make([]metric.Sample, count)
		for i := range round {
			round[i] = metric.Sample{Ref: refs[i], Value: sources[i].Next(f.random)}
		}
		all = append(all, round)
	}
	return all
}

// BenchmarkWrite commits samples as fast as it can, in turns without and with
// a replica, which must have everything at the end of its turn. The log is
// looked at after every commit.
func BenchmarkWrite(b *testing.B) {
	const turn, turns = 2 * time.Second, 5
	bare, copied := newFarm(b), newFarm(b)
	rounds := [2][][]metric.Sample{bare.rounds(), copied.rounds()}
	service := follow(b, copied.store, placetest.File(b))
	var n [2]int
	var took [2]time.Duration
	var largest int64
	at := time.Now()
	for b.Loop() {
		for range turns {
			begun := time.Now()
			n[0] += bare.fill(rounds[0], &at, turn, func() {})
			took[0] += time.Since(begun)
			begun = time.Now()
			n[1] += copied.fill(rounds[1], &at, turn, func() {
				if info, err := os.Stat(copied.store.Path() + "-wal"); err == nil {
					largest = max(largest, info.Size())
				}
			})
			copied.ok(nil, service.SyncNow(b.Context()))
			took[1] += time.Since(begun)
		}
	}
	rate := func(i int) float64 { return float64(n[i]*len(rounds[i][0])) / took[i].Seconds() }
	b.ReportMetric(rate(1), "samples/s")
	b.ReportMetric(rate(0), "limit-samples/s")
	b.ReportMetric(100*(1-rate(1)/rate(0)), "%-slower")
	b.ReportMetric(float64(largest)/1e6, "log-MB")
}

// BenchmarkPace takes 3,000 samples a second of 100 servers for a minute
// without a replica and for another with one, and looks at what the process
// needs more, and what arrives in the replica.
func BenchmarkPace(b *testing.B) {
	for b.Loop() {
		bare := newFarm(b).pace(func() {})
		f := newFarm(b)
		where := placetest.File(b)
		service := follow(b, f.store, where)
		client, err := where.Open(b).Client(service.Status().Instance)
		f.ok(nil, err)
		var before int64
		copied := f.pace(func() {
			f.ok(nil, service.SyncNow(b.Context()))
			before = bytesOf(b, client)
		})
		f.ok(nil, service.SyncNow(b.Context()))
		b.ReportMetric(100*bare.Seconds()/paced.Seconds(), "%-of-core-bare")
		b.ReportMetric(100*(copied-bare).Seconds()/paced.Seconds(), "%-of-core")
		b.ReportMetric(float64(bytesOf(b, client)-before)/(serverCount*seriesCount*float64(paced/between)), "bytes/sample")
	}
}

const paced = time.Minute

// pace polls every server once in ten seconds, for a minute after a first
// round, and returns how much CPU the process had in it.
func (f *farm) pace(begin func()) time.Duration {
	ctx, cancel := context.WithCancel(f.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Service.Run(ctx) }()
	defer func() { cancel(); f.ok(nil, <-ended) }()
	for i := range serverCount { // its series come into being
		f.ok(nil, f.AppendSync(ctx, f.home, f.poll(i, time.Now())))
	}
	begin()
	tick := time.NewTicker(between / serverCount)
	defer tick.Stop()
	used := cpu(f.B)
	for i := range int(paced / between * serverCount) {
		now := <-tick.C
		f.ok(nil, f.Append(ctx, f.home, f.poll(i%serverCount, now)))
	}
	f.ok(nil, f.Flush(ctx))
	return cpu(f.B) - used
}

// cpu returns how much CPU time this process has had.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var v syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &v); err != nil {
		b.Fatal(err)
	}
	return time.Duration(v.Utime.Nano() + v.Stime.Nano())
}

// bytesOf returns how much has arrived in level 0.
func bytesOf(b *testing.B, client litestream.ReplicaClient) (n int64) {
	b.Helper()
	files, err := client.LTXFiles(b.Context(), 0, 0, false)
	if err != nil {
		b.Fatal(err)
	}
	for files.Next() {
		n += files.Item().Size
	}
	if err := files.Close(); err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkSync copies one small write at once. Its limit is the place writing
// a file of that size.
func BenchmarkSync(b *testing.B) {
	for name, at := range map[string]func(testing.TB) *placetest.Server{
		"file": placetest.File, "s3": func(tb testing.TB) *placetest.Server { return placetest.S3(tb) },
	} {
		b.Run(name, func(b *testing.B) {
			const count = 300
			f, where := newFarm(b), at(b)
			service := follow(b, f.store, where)
			p := where.Open(b)
			var took, limit []time.Duration
			for b.Loop() {
				for i := range count {
					f.ok(nil, f.AppendSync(b.Context(), f.home, store.Batch{
						Server: f.servers[0], At: time.Now(), Readings: []store.Reading{{Metric: "metric", Value: float64(i)}},
					}))
					begun := time.Now()
					f.ok(nil, service.SyncNow(b.Context()))
					took = append(took, time.Since(begun))
					begun = time.Now()
					f.ok(p.Write(b.Context(), "limit", noise(1000), ""))
					limit = append(limit, time.Since(begun))
				}
			}
			slices.Sort(took)
			slices.Sort(limit)
			at := func(all []time.Duration, part float64) float64 {
				return float64(all[int(part*float64(len(all)))].Microseconds()) / 1000
			}
			b.ReportMetric(at(took, 0.5), "p50-ms")
			b.ReportMetric(at(took, 0.99), "p99-ms")
			b.ReportMetric(at(limit, 0.5), "limit-p50-ms")
			b.ReportMetric(at(limit, 0.99), "limit-p99-ms")
			b.ReportMetric(at(limit, 0.5)/at(took, 0.5), "of-limit")
		})
	}
}

func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.Read(data) // it cannot fail
	return data
}
