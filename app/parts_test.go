package app

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"unity.internal/app/event"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// TestTheLogHoldsTheHeadOfEachAudit reads what an outside copy of the log would
// be compared with: the newest row of each tenant that has one.
func TestTheLogHoldsTheHeadOfEachAudit(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex") // two rows of the appliance
	if err := s.Tenant("acme").SetMember(t.Context(), store.Membership{User: "nobody", Role: "owner"}); err == nil {
		t.Fatal("a member who is nobody") // and no row of acme
	}
	if err := s.Tenant("globex").Record(t.Context(), store.Audit{Action: "a", Thing: "t", Result: "done"}); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	a := &App{store: s, log: slog.New(slog.NewJSONHandler(&out, nil))}
	if err := a.logHeads(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows := map[string]float64{}
	for line := range strings.Lines(out.String()) {
		var v struct {
			Msg, Tenant, Mac string
			Row              float64
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Msg != "audit head" || len(v.Mac) != 64 {
			t.Fatal(line, err)
		}
		rows[v.Tenant] = v.Row
	}
	if len(rows) != 2 || rows["system"] != 2 || rows["globex"] != 1 {
		t.Fatal(rows)
	}
}

// TestAuditsArePrunedAndDoctorSaysSo prunes what two of three tenants do not
// keep, one of which is the appliance; then the anchors are signed by others.
func TestAuditsArePrunedAndDoctorSaysSo(t *testing.T) {
	t.Parallel()
	ctx, now := t.Context(), time.Now()
	var other store.TenantID // whose key signs
	s := storetest.Open(t, store.WithClock(func() time.Time { return now }),
		store.WithSigner(func(ctx context.Context, tenant store.TenantID, msg []byte) ([]byte, error) {
			return storetest.Sign(ctx, tenant+other, msg)
		}))
	storetest.Tenants(t, s, "acme", "globex")
	a := &App{store: s, log: slog.New(slog.DiscardHandler)}
	own, err := s.System().Settings(ctx)
	own.KeepAudit = 30
	_, err2 := s.System().UpdateSettings(ctx, own)
	v, err3 := s.Tenant("acme").Settings(ctx)
	v.KeepAudit = 60
	_, err4 := s.Tenant("acme").UpdateSettings(ctx, v)
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	for range 100 { // days
		now = now.Add(24 * time.Hour)
		for _, id := range []store.TenantID{"system", "acme", "globex"} {
			if err := s.Tenant(id).Record(ctx, store.Audit{Action: "a", Thing: "t", Result: "done"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.pruneAudits(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for id, want := range map[store.TenantID]string{
		"system": "31 rows, chain unbroken since ", "acme": "61 rows, chain unbroken since ", "globex": "100 rows, chain unbroken since its first row",
	} {
		if f := chain(ctx, s.Tenant(id)); !f.OK || !strings.Contains(f.Text, want) || strings.Contains(f.Text, "pruned") != (id != "globex") {
			t.Errorf("%s: %+v", id, f)
		}
	}
	other = "x"
	if f := chain(ctx, s.Tenant("acme")); f.OK || !strings.Contains(f.Text, "anchor") {
		t.Errorf("an anchor of another: %+v", f)
	}
	if err := a.pruneAudits(ctx); err == nil {
		t.Error("a broken audit is pruned")
	}
}

// TestNoTenantsChangeIsLostToAnothers floods the sink for one tenant while
// nobody listens; the change of another is still there.
func TestNoTenantsChangeIsLostToAnothers(t *testing.T) {
	t.Parallel()
	s := newSink(&App{bus: event.New("boot", time.Now)})
	for i := range 500 {
		s.publish("acme", "servers", strconv.Itoa(i), 1)
	}
	s.publish("globex", "servers", "one", 1)
	<-s.signal
	if all := s.take(); len(all) != 2 || !all["acme"] || !all["globex"] {
		t.Fatal(all)
	}
	if all := s.take(); len(all) != 0 {
		t.Fatal(all)
	}
}
