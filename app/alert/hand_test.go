package alert_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"unity.internal/app/alert"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// reach tells that the server answers or not.
func (h *house) reach(state, reason string) {
	h.tb.Helper()
	if err := h.Reached(h.tb.Context(), h.t, h.server, store.ServerState{State: state, Since: h.now(), Reason: reason}); err != nil {
		h.tb.Fatal(err)
	}
}

func TestAServerThatStaysDownFires(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.reach(store.ServerUp, "")
	h.reach(store.ServerDown, "no route to host")
	h.want("pending")
	h.pass(30 * time.Second)
	h.tick()
	h.want("pending")
	h.reach(store.ServerUp, "") // it was only a moment
	h.want()
	h.reach(store.ServerDown, "no route to host")
	h.pass(30 * time.Second)
	h.restart()
	h.pass(30 * time.Second)
	h.tick()
	a := h.want("firing")[0]
	if a.Message != "Not answering: no route to host" || a.Severity != "critical" || a.Value != nil {
		t.Errorf("alert: %+v", a)
	}
	h.reach(store.ServerDown, "connection refused")
	if a := h.want("firing")[0]; a.Message != "Not answering: connection refused" {
		t.Errorf("message = %q", a.Message)
	}
	h.pass(time.Hour)
	h.tick()
	if a := h.want("firing")[0]; a.Stale != nil {
		t.Error("an alert without samples went stale")
	}
	h.reach(store.ServerUp, "")
	h.want("resolved")
	if d := h.told("firing", "resolved"); d[0].Notice.Text != "Answers again" {
		t.Errorf("text = %q", d[0].Notice.Text)
	}
}

func TestTheStateOfServersIsTakenOverAtStart(t *testing.T) {
	t.Parallel()
	h := open(t)
	if err := h.t.SaveServerState(t.Context(), h.server.ID, store.ServerState{State: store.ServerDown, Since: h.now(), Reason: "timeout"}); err != nil {
		t.Fatal(err)
	}
	h.tick()
	h.want("pending")
	h.pass(time.Minute)
	h.tick()
	h.want("firing")
	if err := h.t.SaveServerState(t.Context(), h.server.ID, store.ServerState{State: store.ServerUp, Since: h.now()}); err != nil {
		t.Fatal(err)
	}
	h.restart()
	h.tick()
	h.want("resolved")
}

func TestAReloadKeepsWhatIsNewerThanTheStore(t *testing.T) {
	t.Parallel()
	h := open(t)
	if err := h.t.SaveServerState(t.Context(), h.server.ID, store.ServerState{State: store.ServerUp, Since: h.now()}); err != nil {
		t.Fatal(err)
	}
	h.reach(store.ServerDown, "timeout")
	h.changed() // the state is stored a moment later
	h.want("pending")
	h.set(alert.Unreachable, func(v *store.Threshold) { v.Enabled = false })
	h.want()
	h.set(alert.Unreachable, func(v *store.Threshold) { v.Enabled = true }) // still down
	h.want("pending")
}

func TestAChangedHostKeyFiresAtOnceANewOneDoesNot(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.reach(store.ServerUntrusted, "Its key waits for you to trust it.")
	h.want()
	h.server.HostKey = &store.HostKey{Trusted: true, Offered: &store.KeyName{Type: "ssh-ed25519", Fingerprint: "SHA256:x"}}
	h.reach(store.ServerUntrusted, "")
	if a := h.want("firing")[0]; a.Title != "Host key changed" || a.Severity != "critical" {
		t.Errorf("alert: %+v", a)
	}
	h.reach(store.ServerUp, "")
	h.want("resolved")
}

func TestTheApplianceTellsThroughTheHousehold(t *testing.T) {
	t.Parallel()
	h := open(t)
	own := h.store.System().Own()
	unwell := func(reasons ...string) {
		if err := h.Unwell(t.Context(), own, reasons); err != nil {
			t.Fatal(err)
		}
	}
	unwell()
	unwell("The disk is nearly full.")
	unwell("The disk is nearly full.")
	unwell("The disk is nearly full.", "Writing failed.")
	a := h.want("firing")[0]
	if a.Message != "The disk is nearly full. Writing failed." || a.Server != "" {
		t.Errorf("alert: %+v", a)
	}
	if _, err := h.t.Alert(t.Context(), a.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it lives in the household: %v", err)
	}
	unwell()
	h.want("resolved")
	if d := h.told("firing", "resolved"); d[0].Notice.Tenant != store.SystemTenant {
		t.Errorf("tenant = %s", d[0].Notice.Tenant)
	}
}

func TestAHandResolvedAlertWaitsForItsValueToComeBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90})
	h.cpu(95)
	a := h.want("firing")[0]
	if out, err := h.Resolve(t.Context(), h.t.By("u1", "::1"), "lea", a.ID); err != nil || out[0].State != "resolved" {
		t.Fatal(out, err)
	}
	h.told("firing", "resolved")
	h.cpu(96)
	h.restart()
	h.cpu(97)
	h.want("resolved")
	if _, err := h.Resolve(t.Context(), h.t, "lea", a.ID); !errors.Is(err, alert.ErrResolved) {
		t.Errorf("resolved twice: %v", err)
	}
	h.cpu(50)
	h.restart()
	h.cpu(95)
	h.want("resolved", "firing")
	rows, err := h.t.AuditRows(t.Context(), store.AuditList{List: store.List{Q: "alerts.resolve", Limit: 10}, Actor: "u1"})
	if err != nil || len(rows.Items) != 1 || rows.Items[0].Thing != a.ID {
		t.Errorf("audit: %+v, %v", rows.Items, err)
	}
}

func TestAcknowledgeAndBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90})
	h.cpu(95)
	id := h.want("firing")[0].ID
	out, err := h.Acknowledge(t.Context(), h.t, "lea", id)
	if err != nil || out[0].AckBy != "lea" || out[0].Acknowledged == nil {
		t.Fatal(out, err)
	}
	h.restart()
	if n, err := h.Stats(t.Context(), h.t); err != nil || n.Acknowledged != 1 {
		t.Errorf("stats = %+v, %v", n, err)
	}
	if out, err = h.Unacknowledge(t.Context(), h.t, "lea", id); err != nil || out[0].Acknowledged != nil || out[0].AckBy != "" {
		t.Fatal(out, err)
	}
	line, err := h.t.Timeline(t.Context(), id)
	if err != nil || len(line) != 3 || line[1].Actor != "lea" {
		t.Errorf("time line: %+v, %v", line, err)
	}
	if _, err := h.Acknowledge(t.Context(), h.t, "lea", "nothing"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
}

func TestASnoozedAlertIsToldAgainWhenItStillFires(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90})
	h.cpu(95)
	out, err := h.Snooze(t.Context(), h.t, "lea", h.now().Add(15*time.Minute), h.want("firing")[0].ID)
	if err != nil || out[0].Snoozed == nil {
		t.Fatal(out, err)
	}
	h.restart()
	for range 89 {
		h.cpu(95)
		h.tick()
	}
	h.told("firing")
	h.cpu(95)
	h.tick()
	h.tick()
	h.told("firing", "firing")
	h.cpu(10)
	h.told("firing", "firing", "resolved")
}

func TestSilencesHoldBackWhatTheyMatch(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(h *house, r store.Threshold) store.Silence{
		"everything": func(*house, store.Threshold) store.Silence { return store.Silence{Source: "quiet_hours"} },
		"its server": func(h *house, _ store.Threshold) store.Silence {
			return store.Silence{Source: "maintenance", Server: h.server.ID}
		},
		"its tag": func(*house, store.Threshold) store.Silence { return store.Silence{Source: "manual", Tag: "attic"} },
		"its severity": func(*house, store.Threshold) store.Silence {
			return store.Silence{Source: "manual", Severity: "warning"}
		},
		"its rule": func(_ *house, r store.Threshold) store.Silence { return store.Silence{Source: "mute", Threshold: r.ID} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			s := of(h, h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90}))
			s.ID, s.Actor, s.Starts, s.Ends = store.NewID(), "u1", h.now().Add(time.Minute), h.now().Add(5*time.Minute)
			if _, err := h.t.CreateSilence(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			h.changed()
			h.cpu(95) // it has not begun
			h.cpu(10)
			h.told("firing", "resolved")
			h.pass(time.Minute)
			h.cpu(95)
			h.want("resolved", "firing") // recorded
			h.tick()
			h.told("firing", "resolved")
			h.restart()
			h.cpu(10) // ended while nobody was told
			h.cpu(95)
			h.tick()
			h.told("firing", "resolved")
			h.pass(4 * time.Minute) // the silence ends, and it still fires
			h.tick()
			h.told("firing", "resolved", "firing")
			h.cpu(10)
			h.told("firing", "resolved", "firing", "resolved")
		})
	}
}

func TestSilencesOfOtherThingsDoNot(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90})
	other := h.add("pi", "garden")
	for _, s := range []store.Silence{{Server: other.ID}, {Tag: "garden"}, {Severity: "info"}, {Threshold: h.builtin(h.t, alert.DiskFull).ID}} {
		s.ID, s.Source, s.Actor, s.Starts, s.Ends = store.NewID(), "manual", "u1", h.now(), h.now().Add(time.Hour)
		if _, err := h.t.CreateSilence(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	h.changed()
	h.cpu(95)
	h.told("firing")
}

func TestAMutedThresholdSaysSoAndSpeaksWhenUnmuted(t *testing.T) {
	t.Parallel()
	h := open(t)
	r := h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90})
	until := h.now().Add(time.Hour)
	r, err := h.t.MuteThreshold(t.Context(), r.ID, until)
	if err != nil || r.MutedUntil == nil || !r.MutedUntil.Equal(until) {
		t.Fatal(r.MutedUntil, err)
	}
	h.changed()
	h.cpu(95)
	h.tick()
	h.told()
	if r, err = h.t.UnmuteThreshold(t.Context(), r.ID); err != nil || r.MutedUntil != nil {
		t.Fatal(r.MutedUntil, err)
	}
	h.changed()
	h.tick()
	h.told("firing")
}

func TestAlertsEndWithWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do   func(h *house, r store.Threshold) error
		text string
	}{
		"threshold deleted": {func(h *house, r store.Threshold) error {
			return h.t.DeleteThreshold(t.Context(), r.ID, r.Rev)
		}, "deleted"},
		"threshold switched off": {func(h *house, r store.Threshold) error {
			r.Enabled = false
			_, err := h.t.UpdateThreshold(t.Context(), r)
			return err
		}, "switched off"},
		"threshold elsewhere": {func(h *house, r store.Threshold) error {
			r.Tag = "garden"
			_, err := h.t.UpdateThreshold(t.Context(), r)
			return err
		}, "no longer covers"},
		"threshold of another metric": {func(h *house, r store.Threshold) error {
			r.Metric = "load1"
			_, err := h.t.UpdateThreshold(t.Context(), r)
			return err
		}, "something else"},
		"server deleted": {func(h *house, _ store.Threshold) error {
			return h.t.DeleteServer(t.Context(), h.server.ID, store.AnyRev)
		}, "server was removed"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			r := h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90})
			h.cpu(95)
			if err := tt.do(h, r); err != nil {
				t.Fatal(err)
			}
			h.changed()
			a := h.want("resolved")[0]
			line, err := h.t.Timeline(t.Context(), a.ID)
			if err != nil || !strings.Contains(line[len(line)-1].Text, tt.text) {
				t.Errorf("time line: %+v, %v", line, err)
			}
			h.told("firing", "resolved")
		})
	}
}

func TestOldAlertsAndDeliveriesAreLetGo(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90})
	h.cpu(95)
	h.cpu(10)
	h.cpu(95) // this one stays open
	h.pass(91 * 24 * time.Hour)
	h.tick()
	h.want("resolved", "firing")
	if d := h.told("firing", "resolved", "firing"); len(d) != 3 { // they wait for their channel
		t.Fatal(d)
	}
	all, err := h.t.Deliveries(t.Context(), store.List{Limit: 10}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all.Items {
		d.State = store.DeliverySent
		if err := h.t.Attempted(t.Context(), d, nil); err != nil {
			t.Fatal(err)
		}
	}
	h.pass(300 * 24 * time.Hour)
	h.tick()
	h.want("firing")
	h.told()
}

func TestBuiltinThresholdsAreThereOnceAndStay(t *testing.T) {
	t.Parallel()
	h := open(t)
	r := h.builtin(h.t, alert.Unreachable)
	if err := h.t.DeleteThreshold(t.Context(), r.ID, r.Rev); !errors.Is(err, store.ErrThresholdBuiltin) {
		t.Errorf("deleted: %v", err)
	}
	r.For, r.Severity = 300, "info"
	if err := alert.CheckUpdate(h.builtin(h.t, alert.Unreachable), r); err != nil {
		t.Errorf("edit refused: %v", err)
	}
	if _, err := h.t.UpdateThreshold(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	h.restart()
	if got := h.builtin(h.t, alert.Unreachable); got.ID != r.ID || got.For != 300 {
		t.Errorf("made anew: %+v", got)
	}
	old := r
	r.Metric = "cpu_percent"
	if err := alert.CheckUpdate(old, r); fault.From(err).Code != "threshold.fixed" {
		t.Errorf("err = %v", err)
	}
}

func TestBadThresholdsAreNamedFieldByField(t *testing.T) {
	t.Parallel()
	high, id := 95.0, "s1"
	v := store.Threshold{Metric: "bad metric", Condition: "gt", Value: 90, Clear: &high, Tag: "a", Server: &id, For: -1}
	f := fault.From(alert.Check(v))
	if f.Code != "threshold.invalid" || len(f.Fields) != 5 {
		t.Errorf("fault: %+v", f)
	}
}

func TestRunLooksEverySecondAndOutlivesFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		n := 0
		s := alert.Service{Log: slog.New(slog.DiscardHandler)}
		s.Tenants = func(context.Context) ([]store.Tenant, error) { n++; return nil, errors.New("boom") }
		if err := s.Run(ctx); err != nil || n != 4 {
			t.Fatalf("n = %d, err = %v", n, err)
		}
	})
}
