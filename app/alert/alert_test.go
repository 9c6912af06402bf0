package alert_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"unity.internal/app/alert"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// A house is a service over a real store with one server, one channel and a
// clock that the test turns.
type house struct {
	*alert.Service
	tb     testing.TB
	store  *store.Store
	t      store.Tenant
	server store.Server

	mu     sync.Mutex
	at     time.Time
	woken  int
	events []string
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

func open(tb testing.TB) *house {
	tb.Helper()
	h := &house{tb: tb, at: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	h.store = storetest.Open(tb, store.WithClock(h.now))
	h.t = h.store.Tenant(store.DefaultTenant)
	h.server = h.add("nas", "attic")
	_, err := h.t.CreateChannel(tb.Context(), store.Channel{ID: store.NewID(), Name: "hook", Type: "webhook", Enabled: true, Config: map[string]any{}})
	if err != nil {
		tb.Fatal(err)
	}
	h.restart()
	return h
}

// restart forgets everything that is only in memory.
func (h *house) restart() {
	h.Service = &alert.Service{
		Tenants: h.store.System().Tenants, Now: h.now, Log: slog.New(slog.DiscardHandler),
		Voice: func(id store.TenantID) store.TenantID {
			if id == store.SystemTenant {
				return store.DefaultTenant
			}
			return id
		},
		Wake: func() { h.woken++ },
		Publish: func(_ store.TenantID, kind, id string, rev int64) {
			h.events = append(h.events, fmt.Sprintf("%s %s %d", kind, id, rev))
		},
	}
}

func (h *house) add(name string, tags ...string) store.Server {
	h.tb.Helper()
	v, err := h.t.CreateServer(h.tb.Context(), store.Server{
		ID: store.NewID(), Name: name, Host: name + ".lan", Port: 22, Username: "root", Auth: "key", Tags: tags, PollSeconds: 10, SnapshotMinutes: 30,
	})
	if err != nil {
		h.tb.Fatal(err)
	}
	return v
}

func (h *house) threshold(v store.Threshold) store.Threshold {
	h.tb.Helper()
	v.ID = store.NewID()
	if v.Name == "" {
		v.Name = v.Metric
	}
	if v.Severity == "" {
		v.Severity = "warning"
	}
	if v.Condition == "" {
		v.Condition = "gt"
	}
	v.Enabled = true
	if err := alert.Check(v); err != nil {
		h.tb.Fatal(err)
	}
	v, err := h.t.CreateThreshold(h.tb.Context(), v)
	if err != nil {
		h.tb.Fatal(err)
	}
	h.changed()
	return v
}

// builtin returns a threshold that came with the appliance.
func (h *house) builtin(t store.Tenant, name string) store.Threshold {
	h.tb.Helper()
	if err := h.Ready(h.tb.Context(), t); err != nil {
		h.tb.Fatal(err)
	}
	all, err := t.AllThresholds(h.tb.Context())
	if err != nil {
		h.tb.Fatal(err)
	}
	for _, v := range all {
		if v.Builtin == name {
			return v
		}
	}
	h.tb.Fatalf("no builtin threshold %s", name)
	return store.Threshold{}
}

// set changes a threshold that came with the appliance.
func (h *house) set(builtin string, do func(*store.Threshold)) {
	h.tb.Helper()
	v := h.builtin(h.t, builtin)
	do(&v)
	if _, err := h.t.UpdateThreshold(h.tb.Context(), v); err != nil {
		h.tb.Fatal(err)
	}
	h.changed()
}

func (h *house) changed() {
	h.tb.Helper()
	if err := h.Changed(h.tb.Context(), h.t); err != nil {
		h.tb.Fatal(err)
	}
}

// poll lets the poll interval pass and brings readings of the server.
func (h *house) poll(readings ...store.Reading) {
	h.tb.Helper()
	h.pass(10 * time.Second)
	if err := h.Observe(h.tb.Context(), h.t, store.Batch{Server: h.server.ID, At: h.now(), Readings: readings}); err != nil {
		h.tb.Fatal(err)
	}
}

func (h *house) cpu(percent float64) {
	h.tb.Helper()
	h.poll(store.Reading{Metric: "node_cpu_usage_ratio", Value: percent / 100})
}

// tick looks at the clock once, as Run does every second.
func (h *house) tick() {
	h.tb.Helper()
	if err := h.Tick(h.tb.Context()); err != nil {
		h.tb.Fatal(err)
	}
}

// alerts returns all alerts, the oldest first.
func (h *house) alerts() []store.Alert {
	h.tb.Helper()
	p, err := h.t.Alerts(h.tb.Context(), store.AlertList{List: store.List{Limit: 500}, State: "all"}, h.store.System().Own())
	if err != nil {
		h.tb.Fatal(err)
	}
	slices.Reverse(p.Items)
	return p.Items
}

// want checks the states of all alerts, the oldest first.
func (h *house) want(states ...string) []store.Alert {
	h.tb.Helper()
	all := h.alerts()
	got := []string{}
	for _, v := range all {
		got = append(got, v.State)
	}
	if fmt.Sprint(got) != fmt.Sprint(states) {
		h.tb.Fatalf("alerts are %v, want %v", got, states)
	}
	return all
}

// told checks which events were queued for the channel, in order.
func (h *house) told(events ...string) []store.Delivery {
	h.tb.Helper()
	p, err := h.t.Deliveries(h.tb.Context(), store.List{Limit: 500}, "", "")
	if err != nil {
		h.tb.Fatal(err)
	}
	got := []string{}
	for _, d := range slices.Backward(p.Items) {
		got = append(got, d.Event)
	}
	if fmt.Sprint(got) != fmt.Sprint(events) {
		h.tb.Fatalf("told %v, want %v", got, events)
	}
	return p.Items
}

func TestACrossingFiresAtOnceAndResolvesByItself(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90, Severity: "critical"})
	h.cpu(50)
	h.want()
	h.cpu(97)
	a := h.want("firing")[0]
	if a.Message != "CPU at 97 % (limit 90 %)" || a.Title != "CPU" || a.ServerName != "nas" || *a.Value != 97 || a.Fired == nil {
		t.Fatalf("alert: %+v", a)
	}
	if n := h.OpenCounts(h.t.ID)[h.server.ID]; n != (alert.Counts{Critical: 1}) {
		t.Errorf("counts = %+v", n)
	}
	d := h.told("firing")[0]
	if d.Notice.Text != a.Message || d.Notice.Server.Host != "nas.lan" || d.Notice.Key != d.ID || d.Notice.Alert.ID != a.ID {
		t.Errorf("notice: %+v", d.Notice)
	}
	if want := fmt.Sprintf("alerts %s 1", a.ID); len(h.events) != 1 || h.events[0] != want || h.woken != 1 {
		t.Errorf("events %v, woken %d, want %q", h.events, h.woken, want)
	}
	h.cpu(95) // still the same alert
	h.want("firing")
	h.cpu(40)
	a = h.want("resolved")[0]
	if a.Resolved == nil || a.Message != "CPU at 97 % (limit 90 %)" {
		t.Errorf("resolved: %+v", a)
	}
	if d := h.told("firing", "resolved")[0]; d.Notice.Text != "CPU is back at 40 %" {
		t.Errorf("text = %q", d.Notice.Text)
	}
	if n := len(h.OpenCounts(h.t.ID)); n != 0 {
		t.Errorf("%d servers with open alerts", n)
	}
}

func TestAConditionMustHoldForItsTime(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90, For: 30})
	h.cpu(95)
	h.want("pending")
	h.cpu(95)
	h.cpu(80) // too early: nothing happened
	h.want()
	h.told()
	h.cpu(95)
	h.cpu(95)
	h.restart() // the time goes on from started_at
	h.cpu(95)
	h.want("pending")
	h.cpu(95)
	h.want("firing")
	h.told("firing")
	var kinds []string
	line, err := h.t.Timeline(t.Context(), h.alerts()[0].ID)
	for _, l := range line {
		kinds = append(kinds, l.Kind)
	}
	if err != nil || fmt.Sprint(kinds) != "[pending fired]" {
		t.Errorf("time line: %s, %v", kinds, err)
	}
}

func TestTheClearValueKeepsAnAlertOpen(t *testing.T) {
	t.Parallel()
	h := open(t)
	below := 80.0
	h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90, Clear: &below})
	for _, v := range []float64{91, 89, 92, 81, 91} { // it flaps around the limit
		h.cpu(v)
		h.want("firing")
	}
	h.told("firing")
	h.cpu(80)
	h.want("resolved")
	h.cpu(89) // below the value: not open again
	h.want("resolved")
	h.told("firing", "resolved")
}

func TestASilentSeriesNeverResolves(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90})
	h.cpu(95)
	h.pass(time.Minute)
	h.tick()
	if a := h.want("firing")[0]; a.Stale != nil {
		t.Fatal("stale too early")
	}
	h.pass(2 * time.Second)
	h.tick()
	if a := h.want("firing")[0]; a.Stale == nil {
		t.Fatal("not stale")
	}
	h.pass(240 * time.Hour)
	h.restart()
	h.tick()
	if a := h.want("firing")[0]; a.Stale == nil {
		t.Fatal("no longer stale after a restart")
	}
	n, err := h.Stats(t.Context(), h.t)
	if err != nil || n.Stale != 1 || n.Firing != 1 || n.Warning != 1 {
		t.Errorf("stats = %+v, %v", n, err)
	}
	h.cpu(96)
	if a := h.want("firing")[0]; a.Stale != nil || *a.Value != 96 {
		t.Fatalf("still stale: %+v", a)
	}
	h.cpu(10)
	h.want("resolved")
	h.told("firing", "resolved")
}

func TestARestartInTheMiddleLosesNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90})
	h.cpu(95)
	h.restart()
	h.cpu(95)
	h.want("firing")
	h.restart()
	h.cpu(20)
	h.want("resolved")
	h.told("firing", "resolved")
}

func TestEachSeriesHasItsOwnAlert(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.set(alert.DiskFull, func(v *store.Threshold) { v.Enabled = false })
	h.threshold(store.Threshold{Metric: "disk_percent", Value: 90, Condition: "gte"})
	disk := func(used float64, mount string) []store.Reading {
		l := store.LabelsOf("mountpoint", mount)
		return []store.Reading{{Metric: "node_disk_used_bytes", Labels: l, Value: used}, {Metric: "node_disk_size_bytes", Labels: l, Value: 1000}}
	}
	h.poll(append(disk(930, "/"), disk(100, "/home")...)...)
	a := h.want("firing")[0]
	if a.Message != "Disk / is 93 % full" || a.Labels["mountpoint"] != "/" {
		t.Errorf("alert: %+v", a)
	}
	h.poll(append(disk(930, "/"), disk(910, "/home")...)...)
	h.want("firing", "firing")
	h.poll(append(disk(10, "/"), disk(910, "/home")...)...)
	h.want("resolved", "firing")
}

func TestRatesSurviveACounterThatBeginsAnew(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.threshold(store.Threshold{Metric: "network_received_mb_s", Value: 50})
	receive := func(bytes float64) {
		h.poll(store.Reading{Metric: "node_network_receive_bytes_total", Labels: store.LabelsOf("interface", "eth0"), Value: bytes})
	}
	receive(9e12) // the first value says nothing
	receive(9e12 + 100e6)
	h.want() // 10 MB/s
	receive(9e12 + 1100e6)
	if a := h.want("firing")[0]; a.Message != "Received eth0 at 100 MB/s (limit 50 MB/s)" {
		t.Errorf("message = %q", a.Message)
	}
	receive(5e6) // the machine started anew
	h.want("firing")
	receive(6e6)
	h.want("resolved")
}

func TestAThresholdCoversAServerATagOrAll(t *testing.T) {
	t.Parallel()
	h := open(t)
	other := h.add("pi", "garden")
	h.threshold(store.Threshold{Metric: "load1", Value: 4, Server: &h.server.ID})
	h.threshold(store.Threshold{Metric: "load1", Value: 4, Tag: "attic"})
	h.threshold(store.Threshold{Metric: "node_load1", Value: 4})
	h.threshold(store.Threshold{Metric: "load1", Value: 4, Server: &other.ID})
	h.threshold(store.Threshold{Metric: "load1", Value: 4, Tag: "garden"})
	h.poll(store.Reading{Metric: "node_load1", Value: 5})
	for _, a := range h.want("firing", "firing", "firing") {
		if a.Server != h.server.ID {
			t.Errorf("alert on %s", a.ServerName)
		}
	}
}

func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	h := open(t)
	storetest.Tenants(t, h.store, "globex")
	h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90})
	globex := h.store.Tenant("globex")
	if err := h.Observe(t.Context(), globex, store.Batch{Server: h.server.ID, At: h.now(), Readings: []store.Reading{{Metric: "node_cpu_usage_ratio", Value: 1}}}); err != nil {
		t.Fatal(err)
	}
	h.want()
	h.cpu(99)
	a := h.want("firing")[0]
	if _, err := h.Acknowledge(t.Context(), globex, "eve", a.ID); err == nil {
		t.Error("another tenant acknowledged it")
	}
	if _, err := h.Snooze(t.Context(), globex, "eve", h.now().Add(time.Hour), a.ID); err == nil {
		t.Error("another tenant snoozed it")
	}
	if n, err := h.Stats(t.Context(), globex); err != nil || n.Firing != 0 {
		t.Errorf("stats of another tenant = %+v, %v", n, err)
	}
}

func BenchmarkObserve(b *testing.B) {
	h := open(b)
	h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90})
	h.threshold(store.Threshold{Metric: "probe_value", Value: 1e6})
	batch := store.Batch{Server: h.server.ID, At: h.now()}
	for i := range 1000 {
		batch.Readings = append(batch.Readings, store.Reading{
			Metric: "probe_value", Labels: store.LabelsOf("n", strconv.Itoa(i), "of", "bench"), Value: float64(i),
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := h.Observe(b.Context(), h.t, batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/series")
}
