package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"unity.internal/app/seal"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// audited returns the details of acme's rows, the newest first, as text.
func audited(t *testing.T, s *store.Store) (details []string) {
	t.Helper()
	rows, err := s.Tenant("acme").AuditRows(t.Context(), store.AuditList{List: store.List{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range rows.Items {
		details = append(details, string(a.Detail.(json.RawMessage)))
	}
	return details
}

func TestTheAuditSaysWhatAnUpdateChanged(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), storetest.Open(t)
	storetest.Tenants(t, s, "acme")
	acme := s.Tenant("acme")
	v := machine("s1", "db")
	v.Password, v.Notes = seal.Of([]byte("sealed one")), "old"
	v, err := acme.CreateServer(ctx, v)
	err2 := acme.SaveServerState(ctx, "s1", store.ServerState{State: "up", Since: s.Now()}) // nobody's choice
	v.Password, v.PrivateKey, v.Notes, v.Tags = seal.Of([]byte("sealed two")), seal.Of([]byte("sealed key")), "", []string{"x"}
	v, err3 := acme.UpdateServer(ctx, v)
	_, err4 := acme.UpdateServer(ctx, v)
	err5 := acme.DeleteServer(ctx, "s1", store.AnyRev)
	if err := errors.Join(err, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"was":{"auth":"key","host":"h","name":"db","password":"********","poll_seconds":10,"port":22,"private_key":"********","snapshot_minutes":30,"tags":["x"],"username":"root"}}`,
		`{"name":"db","changes":{}}`,
		`{"name":"db","changes":{"notes":["old",""],"password":["********","********"],"private_key":[null,"********"],"tags":[[],["x"]]}}`,
		`{"set":{"auth":"key","host":"h","name":"db","notes":"old","password":"********","poll_seconds":10,"port":22,"snapshot_minutes":30,"username":"root"}}`,
	}
	if got := audited(t, s); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheAuditShowsNoSecretOfAChannelOrOfSettings(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), storetest.Open(t)
	storetest.Tenants(t, s, "acme")
	acme := s.Tenant("acme")
	c, err := acme.CreateChannel(ctx, store.Channel{
		ID: "c1", Name: "hook", Type: "webhook", Secrets: seal.Of([]byte("sealed")),
		Config: map[string]any{"url": "http://a.test", "secret": "********", "headers": map[string]any{"X-Key": "********"}},
	})
	c.Config["url"], c.Config["headers"] = "http://b.test", map[string]any{}
	_, err2 := acme.UpdateChannel(ctx, c)
	_, err3 := acme.SetSSHKey(ctx, "ssh-ed25519 AAAA", seal.Of([]byte("sealed")))
	v, err4 := acme.Settings(ctx)
	v.PollSeconds, v.KeepAudit = 20, 90
	_, err5 := acme.UpdateSettings(ctx, v)
	if err := errors.Join(err, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"changes":{"audit_retention_days":[0,90],"poll_seconds":[10,20]}}`,
		`{}`,
		`{"name":"hook","changes":{"config.headers.X-Key":["********",null],"config.url":["http://a.test","http://b.test"]}}`,
		`{"set":{"config.headers.X-Key":"********","config.secret":"********","config.url":"http://a.test","enabled":false,"name":"hook","secrets":"********","type":"webhook"}}`,
	}
	if got := audited(t, s); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A history is acme's audit of n rows, one a day: row n is of the nth day.
func history(t *testing.T, n int, opts ...store.Option) (s *store.Store, day func(int) time.Time) {
	t.Helper()
	var today atomic.Int64
	day = func(i int) time.Time { return time.UnixMilli(0).UTC().AddDate(1, 0, i) }
	s = storetest.Open(t, append(opts, store.WithClock(func() time.Time { return day(int(today.Load())) }))...)
	storetest.Tenants(t, s, "acme", "globex")
	for i := range n {
		today.Store(int64(i + 1))
		a := store.Audit{Action: "servers.update", Thing: "s" + strconv.Itoa(i%3), Result: "done"}
		by := s.Tenant("acme").By("ann", "192.0.2.1")
		if i%4 == 0 {
			by, a.Action, a.Result = by.By("bob", ""), "auth.login", "refused"
		}
		if err := errors.Join(by.Record(t.Context(), a), s.Tenant("globex").Record(t.Context(), store.Audit{Action: "a", Thing: "s0", Result: "done"})); err != nil {
			t.Fatal(err)
		}
	}
	return s, day
}

func TestTheAuditIsFilteredInPages(t *testing.T) {
	t.Parallel()
	s, day := history(t, 12) // bob: 1, 5, 9
	for name, tt := range map[string]struct {
		list store.AuditList
		want []int64
	}{
		"all":              {store.AuditList{}, []int64{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}},
		"an action":        {store.AuditList{List: store.List{Q: "login"}}, []int64{9, 5, 1}},
		"a person":         {store.AuditList{Actor: "bob"}, []int64{9, 5, 1}},
		"a thing":          {store.AuditList{Thing: "s1"}, []int64{11, 8, 5, 2}},
		"both":             {store.AuditList{Thing: "s1", Actor: "bob"}, []int64{5}},
		"a result":         {store.AuditList{Result: "refused"}, []int64{9, 5, 1}},
		"a time":           {store.AuditList{From: day(4), To: day(7)}, []int64{6, 5, 4}},
		"since":            {store.AuditList{From: day(10)}, []int64{12, 11, 10}},
		"until":            {store.AuditList{To: day(3)}, []int64{2, 1}},
		"a person's time":  {store.AuditList{Actor: "ann", From: day(4), To: day(7)}, []int64{6, 4}},
		"a thing's time":   {store.AuditList{Thing: "s0", From: day(4), To: day(8)}, []int64{7, 4}},
		"a result's time":  {store.AuditList{Result: "done", From: day(8), To: day(11)}, []int64{10, 8}},
		"nobody's":         {store.AuditList{Actor: "eve"}, nil},
		"a wildcard":       {store.AuditList{List: store.List{Q: "%"}}, nil},
		"an empty time":    {store.AuditList{From: day(7), To: day(7)}, nil},
		"time of a thing":  {store.AuditList{Thing: "s2", To: day(4)}, []int64{3}},
		"another's person": {store.AuditList{Actor: "system"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.list.Limit = 2
			var got []int64
			for {
				p, err := s.Tenant("acme").AuditRows(t.Context(), tt.list)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range p.Items {
					got = append(got, a.Seq)
				}
				if tt.list.Cursor = p.Next; p.Next == "" {
					break
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAPrunedAuditIsStillAChain(t *testing.T) {
	t.Parallel()
	s, day := history(t, 20)
	acme := s.Tenant("acme")
	for _, tt := range []struct {
		before     int
		gone, left int64
	}{{1, 0, 20}, {6, 5, 15}, {6, 0, 15}, {11, 5, 10}, {99, 9, 1}, {99, 0, 1}} {
		n, err := acme.PruneAudit(t.Context(), day(tt.before))
		rows, err2 := acme.VerifyAudit(t.Context())
		if err := errors.Join(err, err2); err != nil || n != tt.gone || rows != tt.left {
			t.Fatalf("before day %d: %d gone, %d left, %v", tt.before, n, rows, err)
		}
	}
	if err := acme.Record(t.Context(), store.Audit{Action: "a", Thing: "t", Result: "done"}); err != nil {
		t.Fatal(err)
	}
	rows, err := acme.VerifyAudit(t.Context())
	begin, pruned, err2 := acme.AuditBegin(t.Context())
	others, err3 := s.Tenant("globex").VerifyAudit(t.Context())
	_, others2, err4 := s.Tenant("globex").AuditBegin(t.Context())
	if err := errors.Join(err, err2, err3, err4); err != nil || rows != 2 || !pruned || !begin.Equal(day(20)) || others != 20 || others2 {
		t.Fatal(rows, begin, pruned, others, others2, err)
	}
}

func TestAnAuditIsPrunedInSteps(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme")
	acme := s.Tenant("acme")
	err := acme.Tx(t.Context(), func(acme store.Tenant) error {
		for range 2500 {
			if err := acme.Record(t.Context(), store.Audit{Action: "a", Thing: "t", Result: "done"}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, want := range []int64{1000, 1000, 499, 0} {
		n, err2 := acme.PruneAudit(t.Context(), s.Now().Add(time.Hour))
		_, err3 := acme.VerifyAudit(t.Context()) // as after a crash between two steps
		if err := errors.Join(err, err2, err3); err != nil || n != want {
			t.Fatal(n, want, err)
		}
	}
}

func TestABrokenAnchorIsNoticed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"a cut chain":            `DELETE FROM audit WHERE tenant_id = 'acme' AND seq <= 8`,
		"a chain cut at its end": `DELETE FROM audit WHERE tenant_id = 'acme'`,
		"no anchor":              `DELETE FROM audit_anchors WHERE tenant_id = 'acme'`,
		"a forged anchor": `UPDATE audit_anchors SET seq = 8, mac = (SELECT mac FROM audit WHERE tenant_id = 'acme' AND seq = 8);
			DELETE FROM audit WHERE tenant_id = 'acme' AND seq <= 8`,
		"another time": `UPDATE audit_anchors SET at = at + 1`,
		"an anchor of another tenant": `DELETE FROM audit_anchors WHERE tenant_id = 'acme'; DELETE FROM audit WHERE tenant_id = 'acme' AND seq <= 7;
			UPDATE audit_anchors SET tenant_id = 'acme' WHERE tenant_id = 'globex'`,
		"a row before the anchor": `INSERT INTO audit SELECT tenant_id, seq - 1, 'x', at, actor, action, thing, address, result, detail, mac
			FROM audit WHERE tenant_id = 'acme' AND seq = 6`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, day := history(t, 10)
			acme := s.Tenant("acme")
			_, err := acme.PruneAudit(t.Context(), day(6))
			_, err2 := s.Tenant("globex").PruneAudit(t.Context(), day(8))
			_, err3 := acme.VerifyAudit(t.Context())
			if err := errors.Join(err, err2, err3); err != nil {
				t.Fatal(err)
			}
			if _, err := s.DB().ExecContext(t.Context(), change); err != nil {
				t.Fatal(err)
			}
			if rows, err := acme.VerifyAudit(t.Context()); err == nil {
				t.Errorf("%d rows are taken for a chain", rows)
			}
			if n, err := acme.PruneAudit(t.Context(), day(10)); err == nil && n > 0 {
				t.Error("pruning hides it")
			}
		})
	}
}

func TestPruningAndWritingGoTogether(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme")
	acme := s.Tenant("acme")
	const writers, each = 4, 50
	var wg sync.WaitGroup
	done := make(chan struct{})
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := acme.Record(t.Context(), store.Audit{Action: "a", Thing: fmt.Sprint(w, i), Result: "done"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var gone int64
	pruned := make(chan struct{})
	go func() {
		defer close(pruned)
		for {
			n, err := acme.PruneAudit(t.Context(), s.Now().Add(time.Hour))
			_, err2 := acme.VerifyAudit(t.Context())
			if err := errors.Join(err, err2); err != nil {
				t.Error(err)
				return
			}
			gone += n
			select {
			case <-done:
				return
			default:
			}
		}
	}()
	wg.Wait()
	close(done)
	<-pruned
	left, err := acme.VerifyAudit(t.Context())
	if err != nil || left+gone != writers*each {
		t.Fatalf("%d pruned, %d left: %v", gone, left, err)
	}
}
