package httpapi

import (
	"net/http"
	"testing"
	"time"

	"unity.internal/app/alert"
	"unity.internal/store"
)

func TestADashboardCountsEachServerOnce(t *testing.T) {
	t.Parallel()
	now := time.Now()
	seen := func(ago time.Duration) *time.Time { at := now.Add(-ago); return &at }
	critical, warning := alert.Counts{Critical: 1, Warning: 2}, alert.Counts{Warning: 1, Info: 3}
	var n serverLooks
	for _, v := range []struct {
		state string
		seen  *time.Time
		open  alert.Counts
	}{
		{store.ServerUp, seen(time.Second), alert.Counts{Info: 1}},
		{store.ServerUp, seen(time.Second), critical},
		{store.ServerUp, seen(time.Hour), warning},
		{store.ServerUp, seen(time.Hour), alert.Counts{}},
		{store.ServerUp, seen(50 * time.Second), alert.Counts{}},
		{store.ServerDown, seen(time.Hour), critical},
		{store.ServerUntrusted, nil, alert.Counts{}},
		{store.ServerUnknown, nil, alert.Counts{}},
	} {
		n.add(&store.Server{PollSeconds: 10, ServerState: store.ServerState{State: v.state, LastSeen: v.seen}}, v.open, now)
	}
	if want := (serverLooks{Up: 2, Down: 1, Untrusted: 1, Unknown: 1, Warning: 1, Critical: 1, Stale: 1}); n != want {
		t.Errorf("%+v, want %+v", n, want)
	}
}

func TestADashboardIsOfTheCallersTenant(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	into[machine](t, b.do("ann", http.MethodPost, "/api/v1/servers",
		`{"name":"nas","host":"192.0.2.9","username":"root","auth":"password","password":"marker-99"}`), http.StatusCreated)
	type seen struct {
		Local   *string          `json:"local_server_id"`
		Servers map[string]int64 `json:"servers"`
		Alerts  map[string]int64 `json:"alerts"`
	}
	for who, unknown := range map[string]int64{"vic": 1, "gus": 0} {
		v := into[seen](t, b.do(who, http.MethodGet, "/api/v1/system/dashboard", ""), http.StatusOK)
		if v.Local != nil || v.Servers["unknown"] != unknown || v.Servers["up"] != 0 || v.Alerts["firing"] != 0 {
			t.Errorf("%s: %+v", who, v)
		}
	}
}
