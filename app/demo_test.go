package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"unity.internal/app"
	"unity.internal/app/demo"
)

// A show is a demo that runs in this process.
type show struct {
	base string
	code chan int
	stop context.CancelFunc
	http http.Client
}

// begin starts a demo and waits until it is ready.
func begin(t *testing.T) *show {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	s := &show{code: make(chan int, 1), stop: cancel, http: http.Client{Transport: &http.Transport{}}}
	r, w := io.Pipe()
	var said bytes.Buffer
	go func() {
		code := app.Main(ctx, []string{"serve", "--demo", "--http", "127.0.0.1:0", "--log-level", "error"}, strings.NewReader(""), w, &said)
		_ = w.Close() // of a pipe: never fails
		s.code <- code
	}()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if f := strings.Fields(lines.Text()); len(f) > 2 && f[1] == "ready" {
			s.base = f[2] + "/api/v1"
			return s
		}
	}
	t.Fatalf("it does not start: %s", &said)
	return nil
}

// get asks as somebody, in one of their tenants.
func (s *show) get(t *testing.T, token, tenant, path string, out any) {
	t.Helper()
	method, body := http.MethodGet, ""
	if token == "" {
		method, path, body = http.MethodPost, "/auth/token", path
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("X-Tenant-ID", tenant)
	}
	res, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(out); err != nil || res.StatusCode >= 300 {
		t.Fatalf("%s: %d %v", path, res.StatusCode, err)
	}
}

// as signs in one of the demo's people.
func (s *show) as(t *testing.T, name string) string {
	t.Helper()
	var tokens struct {
		Access string `json:"access_token"`
	}
	s.get(t, "", "", `{"username":"`+name+`","password":"`+demo.Password+`"}`, &tokens)
	return tokens.Access
}

// states counts the servers of a tenant by state: those that were heard live.
func (s *show) states(t *testing.T, token, tenant string) map[string]int {
	t.Helper()
	var all struct {
		Items []struct {
			State    string
			Readings struct{ At *time.Time }
		}
	}
	s.get(t, token, tenant, "/servers?limit=100", &all)
	n := map[string]int{}
	for _, v := range all.Items {
		if v.State != "up" || v.Readings.At != nil {
			n[v.State]++
		}
	}
	return n
}

// until waits for what must hold soon.
func until(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	end := time.After(limit)
	for !holds() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("after %v not yet: %s", limit, what)
		}
	}
}

// TestADemoIsThereAtOnceAndGoneAfterwards runs demos one after the other and looks
// for what is left. It is not parallel: others would be seen.
func TestADemoIsThereAtOnceAndGoneAfterwards(t *testing.T) {
	before := goleak.IgnoreCurrent()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s := begin(t)
	token := s.as(t, "demo")
	until(t, 15*time.Second, "11 of 12 servers are up and one shows another key", func() bool {
		n := s.states(t, token, "default")
		return n["up"] == 11 && n["untrusted"] == 1
	})
	token = s.as(t, "vera")
	until(t, 15*time.Second, "7 of 8 servers are up and one is down", func() bool {
		n := s.states(t, token, "harbour")
		return n["up"] == 7 && n["down"] == 1
	})
	var alerts struct {
		Items []struct {
			State, Title string
			ServerName   string `json:"server_name"`
		}
	}
	s.get(t, token, "harbour", "/alerts?state=all", &alerts)
	if len(alerts.Items) < 3 || alerts.Items[0].State != "firing" || alerts.Items[0].ServerName != "pier-cam" {
		t.Errorf("%+v", alerts)
	}
	s.end(t, dir)

	s = begin(t) // at once
	s.end(t, dir)
	goleak.VerifyNone(t, before,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"), // looks every ten seconds whether it may end
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))    // one a process, from its first answer on
}

// end stops a demo, of which nothing stays in dir.
func (s *show) end(t *testing.T, dir string) {
	t.Helper()
	s.http.CloseIdleConnections()
	s.stop()
	if code := <-s.code; code != 0 {
		t.Errorf("it ends with %d", code)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Error("left behind:", left, err)
	}
}

// TestADemoTouchesNoDatabase points one at a data directory that is in use.
func TestADemoTouchesNoDatabase(t *testing.T) {
	t.Parallel()
	used := filepath.Join(t.TempDir(), "data")
	p := start(t, used)
	p.setUp(p.printed())
	var said bytes.Buffer
	args := []string{"serve", "--demo", "--http", "127.0.0.1:0", "--data-dir", used}
	if code := app.Main(t.Context(), args, strings.NewReader(""), io.Discard, &said); code != 1 || !strings.Contains(said.String(), "demo.data_dir_used") {
		t.Fatal(code, said.String())
	}
	p.must("GET", "/servers", "", &struct{}{})
	if left, _ := filepath.Glob(filepath.Join(used, "unity-demo-*")); len(left) > 0 {
		t.Error(left)
	}
}
