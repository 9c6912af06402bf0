package app

import (
	"encoding/json"
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
