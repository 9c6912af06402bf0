package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"unity.internal/store"
	"unity.internal/store/storetest"
)

// fired writes n firing alerts of a tenant, a second apart, and returns their ids.
func fired(t *testing.T, of store.Tenant, start time.Time, n int, server string) (ids []string) {
	t.Helper()
	for i := range n {
		at := start.Add(time.Duration(i) * time.Second)
		id := fmt.Sprintf("%s-%d", of.ID, i)
		_, err := of.ChangeAlerts(t.Context(), "", []store.AlertChange{{
			Alert: store.Alert{
				ID: id, Key: id, Threshold: "t", Server: server, Title: "CPU", Message: fmt.Sprintf("CPU at %d %%", i), Severity: "warning",
				State: store.AlertFiring, Labels: map[string]string{}, Started: at, Fired: &at,
			},
			Events: []store.AlertEvent{{At: at, Kind: "fired", Text: "Fired"}},
			Notify: &store.Notify{In: of.ID, Notice: store.Notice{Event: "firing", Tenant: of.ID}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

func TestAlertsOfTwoTenantsJoinOneListInOrder(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	home, own := s.Tenant(store.DefaultTenant), s.System().Own()
	start := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	fired(t, home, start, 7, "s1")
	fired(t, own, start.Add(500*time.Millisecond), 4, "")
	for state, want := range map[string]int{"all": 11, "open": 11, "firing": 11, "pending": 0, "resolved": 0} {
		var got []store.Alert
		l := store.AlertList{List: store.List{Limit: 3}, State: state}
		for {
			p, err := home.Alerts(t.Context(), l, own)
			if err != nil || len(p.Items) > 3 {
				t.Fatal(len(p.Items), err)
			}
			got = append(got, p.Items...)
			if l.Cursor = p.Next; l.Cursor == "" {
				break
			}
		}
		if len(got) != want {
			t.Errorf("%s: %d alerts, want %d", state, len(got), want)
		}
		for i := 1; i < len(got); i++ {
			if got[i].Started.After(got[i-1].Started) {
				t.Errorf("%s: %s stands after %s", state, got[i].ID, got[i-1].ID)
			}
		}
	}
	p, err := home.Alerts(t.Context(), store.AlertList{List: store.List{Limit: 50, Q: "at 5 %"}, State: "all"})
	if err != nil || len(p.Items) != 1 || p.Items[0].ID != "default-5" {
		t.Errorf("search: %+v, %v", p.Items, err)
	}
	p, err = home.Alerts(t.Context(), store.AlertList{List: store.List{Limit: 50}, State: "open", Server: "s1", Severity: "critical"})
	if err != nil || len(p.Items) != 0 {
		t.Errorf("filter: %+v, %v", p.Items, err)
	}
}

func TestAnAlertIsWrittenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	home := s.Tenant(store.DefaultTenant)
	at := time.Now()
	a := store.Alert{ID: "a1", Key: "k", Severity: "warning", State: store.AlertFiring, Labels: map[string]string{}, Started: at}
	twin := a
	twin.ID = "a2" // the same key, open twice
	_, err := home.ChangeAlerts(t.Context(), "", []store.AlertChange{
		{Alert: a, Events: []store.AlertEvent{{At: at, Kind: "fired"}}}, {Alert: twin},
	})
	if err == nil {
		t.Fatal("two alerts of one key are open")
	}
	if _, err := home.Alert(t.Context(), "a1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the first was kept: %v", err)
	}
	if line, err := home.Timeline(t.Context(), "a1"); err != nil || len(line) != 0 {
		t.Errorf("its time line was kept: %v, %v", line, err)
	}
}

func TestAlertingOfAnotherTenantIsNotFound(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex")
	acme, globex := s.Tenant("acme"), s.Tenant("globex")
	ctx := t.Context()
	channel, err := acme.CreateChannel(ctx, store.Channel{ID: "c1", Name: "hook", Type: "webhook", Enabled: true, Config: map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	rule, err := acme.CreateThreshold(ctx, store.Threshold{ID: "t1", Name: "CPU", Metric: "cpu_percent", Condition: "gt", Severity: "info", Channels: []string{"c1"}})
	if err != nil || len(rule.Channels) != 1 {
		t.Fatal(rule, err)
	}
	alert := fired(t, acme, time.Now(), 1, "")[0]
	deliveries, err := acme.Deliveries(ctx, store.List{Limit: 10}, "", channel.ID)
	if err != nil || len(deliveries.Items) != 1 {
		t.Fatal(deliveries, err)
	}
	silence, err := acme.CreateSilence(ctx, store.Silence{ID: "s1", Source: "manual", Alert: alert, Actor: "u", Starts: time.Now(), Ends: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func(context.Context) error{
		"threshold":        func(ctx context.Context) error { _, err := globex.Threshold(ctx, "t1"); return err },
		"update threshold": func(ctx context.Context) error { _, err := globex.UpdateThreshold(ctx, rule); return err },
		"delete threshold": func(ctx context.Context) error { return globex.DeleteThreshold(ctx, "t1", store.AnyRev) },
		"mute threshold": func(ctx context.Context) error {
			_, err := globex.MuteThreshold(ctx, "t1", time.Now().Add(time.Hour))
			return err
		},
		"unmute threshold": func(ctx context.Context) error { _, err := globex.UnmuteThreshold(ctx, "t1"); return err },
		"threshold's channel": func(ctx context.Context) error {
			r := rule
			r.ID = "t2"
			_, err := globex.CreateThreshold(ctx, r)
			return err
		},
		"alert":          func(ctx context.Context) error { _, err := globex.Alert(ctx, alert); return err },
		"snooze":         func(ctx context.Context) error { return globex.SnoozeAlert(ctx, alert, "", time.Now().Add(time.Hour)) },
		"channel":        func(ctx context.Context) error { _, err := globex.Channel(ctx, "c1"); return err },
		"update channel": func(ctx context.Context) error { _, err := globex.UpdateChannel(ctx, channel); return err },
		"delete channel": func(ctx context.Context) error { return globex.DeleteChannel(ctx, "c1", store.AnyRev) },
		"delivery":       func(ctx context.Context) error { _, err := globex.Delivery(ctx, deliveries.Items[0].ID); return err },
		"silence":        func(ctx context.Context) error { _, err := globex.Silence(ctx, "s1"); return err },
		"update silence": func(ctx context.Context) error { _, err := globex.UpdateSilence(ctx, silence); return err },
		"delete silence": func(ctx context.Context) error { return globex.DeleteSilence(ctx, "s1", store.AnyRev) },
		"silence an alert": func(ctx context.Context) error {
			v := silence
			v.ID = "s2"
			_, err := globex.CreateSilence(ctx, v)
			return err
		},
	} {
		if err := do(ctx); !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrChannelUnknown) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	if line, err := globex.Timeline(ctx, alert); err != nil || len(line) != 0 {
		t.Errorf("time line: %v, %v", line, err)
	}
}

func TestTwoEditorsOfAThreshold(t *testing.T) {
	t.Parallel()
	home := storetest.Open(t).Tenant(store.DefaultTenant)
	v, err := home.CreateThreshold(t.Context(), store.Threshold{ID: "t1", Name: "CPU", Metric: "cpu_percent", Condition: "gt", Severity: "info"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := home.UpdateThreshold(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	if _, err := home.UpdateThreshold(t.Context(), v); !errors.Is(err, store.ErrStale) {
		t.Errorf("err = %v", err)
	}
	if err := home.DeleteThreshold(t.Context(), "t1", 1); !errors.Is(err, store.ErrStale) {
		t.Errorf("err = %v", err)
	}
}

func TestTheOutboxKnowsWhatIsDue(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	home := s.Tenant(store.DefaultTenant)
	for _, name := range []string{"a", "b", "off"} {
		c := store.Channel{ID: name, Name: name, Type: "ntfy", Enabled: name != "off", Config: map[string]any{}}
		if _, err := home.CreateChannel(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	fired(t, home, time.Now(), 2, "")
	next, err := home.NextDeliveries(t.Context())
	if err != nil || len(next) != 2 || next["a"].IsZero() {
		t.Fatal(next, err)
	}
	queued, err := home.QueuedFor(t.Context(), "a")
	if err != nil || len(queued) != 2 || queued[0].Alert != "default-0" {
		t.Fatal(queued, err)
	}
	now := time.Now()
	for _, d := range queued {
		d.State, d.Sent = store.DeliverySent, &now
		if err := home.Attempted(t.Context(), d, &store.AlertEvent{At: now, Kind: store.EventTold, Text: "Told a"}); err != nil {
			t.Fatal(err)
		}
	}
	if next, err = home.NextDeliveries(t.Context()); err != nil || len(next) != 1 {
		t.Error(next, err)
	}
}
