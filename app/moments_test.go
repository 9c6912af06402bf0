package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"unity.internal/app/backup/place/placetest"
	"unity.internal/store"
)

// A listener is a webhook's other end.
type listener struct {
	mu    sync.Mutex
	heard []string
}

func listen(t *testing.T) (*listener, string) {
	t.Helper()
	l := &listener{}
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.heard = append(l.heard, string(text))
	}))
	t.Cleanup(srv.Close)
	return l, srv.URL
}

// of reports whether a message with a text came.
func (l *listener) of(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.heard, func(v string) bool { return strings.Contains(v, text) })
}

// fire makes a threshold that is passed at once.
func (p *process) fire(name string) {
	p.t.Helper()
	p.must("POST", "/thresholds", `{"name":"`+name+`","metric":"node_memory_used_bytes","condition":"gt","value":1,"for_seconds":0,"severity":"critical","enabled":true}`, nil)
}

// fires waits until an alert of that name is there.
func (p *process) fires(name string) {
	p.t.Helper()
	p.until(name+" fires", func() bool {
		var all []byte
		p.must("GET", "/alerts", "", &all)
		return strings.Contains(string(all), name)
	})
}

type previewed struct {
	ID, Position string
	Differences  []store.Difference
}

// preview looks at another moment.
func (p *process) preview(position string) (v previewed) {
	p.t.Helper()
	p.must("POST", "/backup/restore-preview", `{"position":"`+position+`"}`, nil)
	p.until("previewed", func() bool {
		status, err := p.call("GET", "/backup/restore-preview", "", &v)
		return err == nil && status == 200
	})
	return v
}

// TestAnyMomentFromThePage goes back to a moment, finds everything held, and
// takes that back.
func TestAnyMomentFromThePage(t *testing.T) {
	t.Parallel()
	url := "file://" + filepath.Join(t.TempDir(), "replica")
	dir := filepath.Join(t.TempDir(), "data")
	p := replicating(t, dir, url)
	p.setUp(p.printed())
	var mine servers
	p.must("GET", "/servers", "", &mine)
	p.must("PATCH", "/servers/"+mine.Items[0].ID, `{"poll_seconds":1}`, nil)
	ears, hook := listen(t)
	p.must("POST", "/channels", `{"name":"hook","type":"webhook","enabled":true,"config":{"url":"`+hook+`"}}`, nil)
	p.fire("first")
	p.until("told", func() bool { return ears.of("first") })
	if status, err := p.threshold("early"); err != nil || status != 201 {
		t.Fatal(status, err)
	}
	was := p.synced()
	if status, err := p.threshold("late"); err != nil || status != 201 {
		t.Fatal(status, err)
	}
	p.synced()
	if got := p.problem("GET", "/backup/restore-preview", ""); got != "backup.no_preview" {
		t.Error(got)
	}
	v := p.preview(was.Remote)
	i := slices.IndexFunc(v.Differences, func(d store.Difference) bool { return d.Table == "thresholds" })
	if i < 0 || v.Differences[i].Vanish.N != 1 || v.Differences[i].Tenant != store.DefaultTenant || !strings.HasPrefix(v.Differences[i].Vanish.Examples[0], "late") {
		t.Errorf("%+v", v)
	}
	if !slices.Contains(p.thresholds(), "late") {
		t.Error("to look changes something")
	}
	p.proved()
	if got := p.problem("POST", "/backup/restore", `{"preview":"another"}`); got != "backup.preview_gone" {
		t.Error(got)
	}
	p.must("POST", "/backup/restore", `{"preview":"`+v.ID+`"}`, nil)
	p.until("in place, with every session ended", func() bool {
		status, err := p.call("GET", "/backup", "", nil)
		return err == nil && status == 401
	})
	p.signIn()
	if all := p.thresholds(); slices.Contains(all, "late") || !slices.Contains(all, "early") {
		t.Errorf("%v", all)
	}
	now := p.replica("following", following)
	if now.Held == nil || now.Instance == was.Instance {
		t.Errorf("%+v", now)
	}
	p.fire("second")
	p.fires("second")
	queued := func() (n int) {
		var all struct{ Items []store.Delivery }
		p.must("GET", "/deliveries", "", &all)
		for _, v := range all.Items {
			if v.State == "queued" && len(v.Attempts) == 0 {
				n++
			}
		}
		return n
	}
	p.until("waiting to be sent", func() bool { return queued() > 0 })
	p.fire("third") // by when this one has fired, the other would have been sent
	p.fires("third")
	if ears.of("second") || queued() < 2 {
		t.Error("it speaks although it is held")
	}
	p.proved()
	p.must("POST", "/backup/release", "", nil)
	p.until("told when it was released", func() bool { return ears.of("second") && ears.of("third") })

	out, err := run(t, "", "rollback", "--list", "--data-dir", dir)
	if err != nil || !strings.Contains(out, "restore") {
		t.Errorf("%v\n%s", err, out)
	}
	must(t, p.end(syscall.SIGTERM))
	if out, err := run(t, "", "rollback", "--yes", "--data-dir", dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p = replicating(t, dir, url)
	p.signIn()
	if all := p.thresholds(); !slices.Contains(all, "late") || slices.Contains(all, "second") {
		t.Errorf("%v", all)
	}
	p.synced()
	must(t, p.end(syscall.SIGTERM))
	for _, instance := range []string{was.Instance, now.Instance} {
		sound(t, fetched(t, url, instance), filepath.Join(dir, "master.key"))
	}
}

// TestAReplicaInTroubleIsSaidEverywhere takes it away: on the page, at /readyz,
// in /metrics and as an alert; and gives it back. Then its secret is wrong.
func TestAReplicaInTroubleIsSaidEverywhere(t *testing.T) {
	t.Parallel()
	s := placetest.WebDAV(t)
	p, dir := newAppliance(t)
	config, err := json.Marshal(s.Config)
	must(t, err)
	set := func(secret []byte) {
		p.must("PATCH", "/backup/settings", fmt.Sprintf(`{"replica":%s,"replica_secret":%q}`, config, secret), nil)
	}
	set(s.Secret)
	p.synced()
	p.must("POST", "/backup/drills", "", nil)
	p.replica("drilled", func(v replicaState) bool { return v.LastDrill != nil && v.LastDrill.Passed })
	var drills struct{ Items []store.Drill }
	p.must("GET", "/backup/drills", "", &drills)
	var found struct {
		Tables []store.TableDigest
		Opened string
	}
	if len(drills.Items) != 1 || drills.Items[0].Position == "" || drills.Items[0].Bytes == 0 ||
		json.Unmarshal(drills.Items[0].Evidence, &found) != nil || len(found.Tables) < 30 || found.Opened == "" {
		t.Errorf("%+v", drills)
	}
	s.Away()
	if status, err := p.threshold("meanwhile"); err != nil || status != 201 {
		t.Errorf("it does not go on: %d %v", status, err)
	}
	v := p.replica("away", func(v replicaState) bool { return v.State == "failing" })
	if v.Code != "replica.unreachable" || v.Error == "" {
		t.Errorf("%+v", v)
	}
	p.must("POST", "/backup/drills", "", nil)
	if v := p.replica("drilled in vain", func(v replicaState) bool { return v.LastDrill != nil && !v.LastDrill.Passed }); v.LastDrill.Code != "replica.unreachable" || v.LastDrill.Error == "" {
		t.Errorf("%+v", v.LastDrill)
	}
	p.until("degraded", func() bool {
		text := p.readyz()
		return strings.Contains(text, "replica: ") && strings.Contains(text, "drill: the last restore for trial failed")
	})
	p.until("an alert", func() bool {
		var all []byte
		p.must("GET", "/alerts", "", &all)
		return strings.Contains(string(all), "replica: ")
	})
	p.until("in the figures", func() bool {
		text := p.get("/metrics")
		return strings.Contains(text, "unity_replica_up 0") && !strings.Contains(text, "unity_replica_lag_seconds 0\n")
	})
	s.Back()
	p.must("POST", "/backup/sync", "", nil)
	p.replica("back", func(v replicaState) bool { return v.State == "following" && v.Code == "" })
	p.must("POST", "/backup/drills", "", nil)
	p.until("well", func() bool {
		text, figures := p.readyz(), p.get("/metrics")
		return !strings.Contains(text, "replica: ") && !strings.Contains(text, "drill: ") &&
			strings.Contains(figures, "unity_replica_up 1") && strings.Contains(figures, "unity_drill_last_success_timestamp_seconds 1")
	})
	set(s.Wrong)
	p.replica("denied", func(v replicaState) bool { return v.Code == "replica.denied" })
	set(s.Secret)
	p.synced()
	must(t, p.end(syscall.SIGTERM))
	p.keepsToItself(dir, string(s.Secret), string(s.Wrong))
	p.keepsToItself(s.Dir, string(s.Secret), string(s.Wrong))
}
