package httpapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"unity.internal/app/auth"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// asProgram asks for the servers with a token instead of a cookie.
func (b *bench) asProgram(user string, header ...string) answer {
	b.tb.Helper()
	tokens, err := b.auth.Program(b.tb.Context(), user, auth.Client{Address: "192.0.2.1", Agent: "test"})
	if err != nil {
		b.tb.Fatal(err)
	}
	return b.do("", http.MethodGet, "/api/v1/servers", "", append(header, "Authorization: Bearer "+tokens.Access)...)
}

func TestUsageIsShownBesideItsLimits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	furnish(t, b)
	if err := b.parts.Metrics.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	storetest.Quota(t, b.store, "acme", store.Quota{Servers: new(int64(1)), Series: new(int64(1))})
	err := b.parts.Metrics.AppendSync(t.Context(), b.store.Tenant("acme"), store.Batch{
		Server: acmes, At: time.Now(), Readings: []store.Reading{{Metric: "node_load1", Value: 1}, {Metric: "node_load5", Value: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.asProgram("ann")
	var got struct {
		Items []struct {
			Kind          string
			Used, Dropped int64
			Limit         *int64
		}
	}
	res := b.do("vic", http.MethodGet, "/api/v1/usage", "")
	if err := json.Unmarshal([]byte(res.body), &got); err != nil || len(got.Items) != 6 {
		t.Fatal(res, err)
	}
	for i, want := range []struct {
		kind          string
		used, dropped int64
		limit         *int64
	}{{"servers", 1, 0, new(int64(1))}, {"clusters", 1, 0, nil}, {"users", 3, 0, nil}, {"series", 1, 1, new(int64(1))}, {"storage_bytes", -1, 0, nil}, {"api_calls_hour", 1, 0, nil}} {
		v := got.Items[i]
		if v.Kind != want.kind || want.used >= 0 && v.Used != want.used || v.Used == 0 || v.Dropped != want.dropped ||
			(v.Limit == nil) != (want.limit == nil) || v.Limit != nil && *v.Limit != *want.limit {
			t.Errorf("%+v, want %+v", v, want)
		}
	}
	made := b.do("ann", http.MethodPost, "/api/v1/servers", `{"name":"more","host":"10.0.0.9","username":"root","auth":"key"}`)
	if made.status != http.StatusForbidden || !strings.Contains(made.body, "quota.exceeded") || !strings.Contains(made.body, "at most 1 server.") {
		t.Error(made)
	}
}

func TestProgramsHaveAnHourlyQuota(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	storetest.Quota(t, b.store, "acme", store.Quota{APICallsHour: new(int64(3))})
	for i := range 5 {
		got := b.asProgram("ann")
		if want := i >= 3; (got.status == http.StatusForbidden) != want || want && !strings.Contains(got.body, "quota.exceeded") {
			t.Fatal(i, got)
		}
		if seconds, _ := strconv.Atoi(got.header.Get("Retry-After")); i >= 3 && (seconds < 3500 || seconds > 3660) {
			t.Error("Retry-After", seconds)
		}
		if got := b.do("ann", http.MethodGet, "/api/v1/servers", ""); got.status != http.StatusOK {
			t.Fatal("a browser is counted", got)
		}
		if got := b.asProgram("gus"); got.status != http.StatusOK {
			t.Fatal("another tenant is counted", got)
		}
		if got := b.asProgram("gus", "X-Tenant-ID: acme"); got.status != http.StatusForbidden || strings.Contains(got.body, "quota") {
			t.Fatal("a stranger uses up a quota", got)
		}
	}
}

func TestTheHourSlides(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 30, 0, time.UTC)
	h := hour{limit: new(int64(4))}
	ask := func(after time.Duration) bool { return h.take(now.Add(after)) == nil }
	for _, tt := range []struct {
		after time.Duration
		ok    bool
		wait  time.Duration // of a refusal
	}{
		{0, true, 0},
		{time.Second, true, 0},
		{10 * time.Minute, true, 0},
		{50 * time.Minute, true, 0},
		{50 * time.Minute, false, 10*time.Minute + 30*time.Second},
		{60 * time.Minute, false, 30 * time.Second},
		{60*time.Minute + 31*time.Second, true, 0},
		{60*time.Minute + 31*time.Second, true, 0},
		{60*time.Minute + 31*time.Second, false, 9*time.Minute + 59*time.Second},
		{30 * time.Hour, true, 0},
	} {
		if wait := h.wait(now.Add(tt.after)); ask(tt.after) != tt.ok || !tt.ok && wait != tt.wait {
			t.Errorf("after %v: want %v, wait %v", tt.after, tt.ok, wait)
		}
	}
	if h.sum() != 1 {
		t.Error(h.sum())
	}
}
