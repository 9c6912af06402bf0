package httpapi

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"unity.internal/store"
)

// watched gives acme the server s1 with an hour of samples, of which it returns
// the time of the last.
func watched(t *testing.T, b *bench) time.Time {
	t.Helper()
	acme := b.store.Tenant("acme")
	if _, err := acme.CreateServer(t.Context(), store.Server{ID: "s1", Name: "web", Host: "192.0.2.7", Port: 22, Username: "u", Auth: "key", PollSeconds: 10, SnapshotMinutes: 30}); err != nil {
		t.Fatal(err)
	}
	end := time.Now().Truncate(10 * time.Second)
	for i := range 360 {
		at := end.Add(time.Duration(i-359) * 10 * time.Second)
		err := b.parts.Metrics.Append(t.Context(), acme, store.Batch{Server: "s1", At: at, Readings: []store.Reading{
			{Metric: "node_load1", Value: float64(i)},
			{Metric: "node_broken", Value: math.NaN()},
			{Metric: "node_network_receive_bytes_total", Labels: store.LabelsOf("interface", "eth0"), Value: float64(1000 * i)},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return end
}

func TestServerMetrics(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	end := watched(t, b)
	ms := func(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }
	rfc := func(at time.Time) string { return url.QueryEscape(at.Format(time.RFC3339)) }
	for _, tt := range []struct {
		name, query string
		series, len int
		last, step  float64
	}{
		{"one, every sample", "names=node_load1&step=0&from=" + ms(end.Add(-time.Minute)) + "&to=" + ms(end), 1, 7, 359, 0},
		{"times as text", "names=node_load1&step=0&from=" + rfc(end.Add(-time.Minute)) + "&to=" + rfc(end), 1, 7, 359, 0},
		{"a step chosen", "names=node_load1&from=" + ms(end.Add(-time.Hour)) + "&to=" + ms(end), 1, 360, 359, 10},
		{"a step of seconds", "names=node_load1&step=60&from=" + ms(end.Add(-time.Minute*10)) + "&to=" + ms(end), 1, 11, 359, 60},
		{"a step in words", "names=node_load1&step=1m&to=" + ms(end) + "&from=" + ms(end.Add(-time.Minute*10)), 1, 11, 359, 60},
		{"two, with a comma", "names=node_load1,node_broken&step=0&from=" + ms(end) + "&to=" + ms(end), 2, 0, 0, 0},
		{"two, repeated", "names=node_load1&names=node_broken&step=0&from=" + ms(end) + "&to=" + ms(end), 2, 0, 0, 0},
		{"all of the last hour", "", 3, 0, 0, 10},
		{"a rate", "names=node_network_receive_bytes_total&rate=true&step=10&from=" + ms(end.Add(-time.Minute)) + "&to=" + ms(end), 1, 7, 100, 10},
		{"none of that name", "names=node_nothing", 0, 0, 0, 10},
	} {
		got := b.do("ann", http.MethodGet, "/api/v1/servers/s1/metrics?"+tt.query, "")
		var out serverMetrics
		if err := json.Unmarshal([]byte(got.body), &out); err != nil || got.status != http.StatusOK {
			t.Fatalf("%s: %d %s", tt.name, got.status, got.body)
		}
		if len(out.Series) != tt.series || out.Step != tt.step || out.Series == nil {
			t.Errorf("%s: %d series, step %v", tt.name, len(out.Series), out.Step)
			continue
		}
		if tt.len == 0 {
			continue
		}
		points := out.Series[0].Points
		if n := len(points); n < tt.len-1 || n > tt.len || points[n-1] != [2]float64{float64(end.UnixMilli()), tt.last} {
			t.Errorf("%s: %d points, the last %v", tt.name, len(points), points[len(points)-1])
		}
	}
}

func TestServerMetricsRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	watched(t, b)
	for _, tt := range []struct {
		who, id, query string
		status         int
		code           string
	}{
		{"", "s1", "", http.StatusUnauthorized, ""},
		{"gus", "s1", "", http.StatusNotFound, "not_found"},
		{"ann", "s2", "", http.StatusNotFound, "not_found"},
		{"ann", "s1", "from=yesterday", http.StatusUnprocessableEntity, "metrics.invalid_time"},
		{"ann", "s1", "to=-5", http.StatusUnprocessableEntity, "metrics.invalid_time"},
		{"ann", "s1", "from=2000&to=1000", http.StatusUnprocessableEntity, "metrics.invalid_range"},
		{"ann", "s1", "step=-1s", http.StatusUnprocessableEntity, "metrics.invalid_step"},
		{"ann", "s1", "step=often", http.StatusUnprocessableEntity, "metrics.invalid_step"},
	} {
		got := b.do(tt.who, http.MethodGet, "/api/v1/servers/"+tt.id+"/metrics?"+tt.query, "")
		var p Problem
		if err := json.Unmarshal([]byte(got.body), &p); err != nil || got.status != tt.status || tt.code != "" && p.Code != tt.code {
			t.Errorf("%+v: %d %s", tt, got.status, got.body)
		}
	}
}
