package cluster

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func jsonOf(v any) ([]byte, error) { return json.Marshal(v) }

// contextOf returns a context for what a test does when it has ended.
func contextOf(tb testing.TB) context.Context {
	tb.Helper()
	return context.WithoutCancel(tb.Context())
}

func TestSchedulesInWords(t *testing.T) {
	t.Parallel()
	for cron, want := range map[string]string{
		"* * * * *": "every minute", "*/5 * * * *": "every 5 minutes", "0 * * * *": "every hour", "7 * * * *": "every hour at minute 7",
		"0 */6 * * *": "every 6 hours at minute 0", "30 3 * * *": "at 03:30", "0 0 1 * *": "at 00:00 on day 1 of the month", "0 0 * * SUN": "at 00:00 on Sunday",
		"15 4 * * 1,mon,7": "at 04:15 on Monday, Monday, Sunday", "@daily": "at 00:00", "@every 90s": "every 90s", "0 9 25 12 *": "at 09:00 on day 25 of the month in December",
		"0 0 1 * 1": "", "1-5 * * * *": "", "61 * * * *": "", "0 0 * 13 *": "", "": "", "nonsense": "", "0 0 * * 1-x": "",
	} {
		if got := words(cron); got != want {
			t.Errorf("%q: %q, want %q", cron, got, want)
		}
	}
}

func TestNextRunsFollowTheZone(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC) // clocks go forward on the 29th
	b := schedule("0 8 * * *", "Europe/Berlin", now)
	want := []string{"2026-03-29T06:00:00Z", "2026-03-30T06:00:00Z"}
	for i, w := range want {
		if got := b.Next[i].Format(time.RFC3339); got != w {
			t.Errorf("run %d: %s, want %s", i, got, w)
		}
	}
	for _, bad := range []ScheduleBlock{schedule("0 0 30 2 *", "", now), schedule("x", "", now), schedule("* * * * *", "No/Where", now)} {
		if len(bad.Next) != 0 {
			t.Errorf("%s: %v", bad.Cron, bad.Next)
		}
	}
}

func TestConditionsAreJudged(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind, status, reason string
		want                 bool
	}{
		{"Ready", "True", "", true},
		{"Ready", "False", "", false},
		{"Ready", "Unknown", "", false},
		{"MemoryPressure", "False", "", true},
		{"DiskPressure", "True", "", false},
		{"NetworkUnavailable", "True", "", false},
		{"Ready", "False", "PodCompleted", true},
		{"Failed", "True", "", false},
		{"ComparisonError", "", "", false},
		{"Suspended", "True", "", true},
		{"ReplicaFailure", "True", "", false},
		{"Complete", "True", "", true},
	} {
		if got := good(tt.kind, tt.status, tt.reason); got != tt.want {
			t.Errorf("%+v: %v", tt, got)
		}
	}
	odd := conditions([]byte(`{"conditions":[{"type":"A","status":"True","lastUpdateTime":"2026-01-02T03:04:05Z"},{"status":"True"}]}`))
	if len(odd) != 1 || odd[0].Since == nil {
		t.Errorf("%+v", odd)
	}
	for _, text := range []string{`{"conditions":"none"}`, `[]`, `{"conditions":[{"type":1}]}`, ``} {
		if got := conditions([]byte(text)); len(got) != 0 {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestEndsAreExplained(t *testing.T) {
	t.Parallel()
	for code, part := range map[int32]string{0: "as it should", 137: "SIGKILL", 143: "SIGTERM", 131: "signal 3", 42: "chose"} {
		if got := meaning(code, "Error"); !strings.Contains(got, part) {
			t.Errorf("%d: %s", code, got)
		}
	}
	if got := meaning(137, "OOMKilled"); !strings.Contains(got, "memory") {
		t.Error(got)
	}
	for name, part := range map[string]string{"kubernetes.io/pvc-protection": "pod", "longhorn.io": "replicas", "node.longhorn.io": "Longhorn", "x.example/y": "controller that set it"} {
		if got := waits(name); !strings.Contains(got, part) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
