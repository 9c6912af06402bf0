package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/app/auth"
	"unity.internal/app/cluster"
	"unity.internal/app/cluster/clustertest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// upgrade opens a socket as who; header holds "Name: value" lines.
func (b *bench) upgrade(who, path string, header ...string) (*websocket.Conn, answer) {
	b.tb.Helper()
	d := websocket.Dialer{NetDialContext: b.client.Transport.(*http.Transport).DialContext, HandshakeTimeout: 10 * time.Second}
	h := http.Header{"Origin": {origin}}
	if who != "" {
		h.Set("Cookie", plainCookie+"="+b.cookie(who))
	}
	for _, line := range header {
		if k, v, _ := strings.Cut(line, ": "); v != "" {
			h.Set(k, v)
		} else {
			h.Del(k)
		}
	}
	conn, res, err := d.DialContext(b.tb.Context(), "ws://"+host+path, h) //nolint:bodyclose // it is the connection
	if err != nil {
		if res == nil {
			b.tb.Fatal(err)
		}
		text := make([]byte, 4096)
		n, _ := res.Body.Read(text)
		return nil, answer{res.StatusCode, res.Header, string(text[:n])}
	}
	b.tb.Cleanup(func() { conn.Close() })
	return conn, answer{status: res.StatusCode}
}

// cluster registers the real one for acme and makes a pod there.
func (b *bench) cluster(t *testing.T, annotations map[string]string) (id, namespace string) {
	t.Helper()
	p := clustertest.Shared(t)
	v, err := b.parts.Clusters.Create(t.Context(), b.store.Tenant("acme"), cluster.Draft{Name: "one", Kubeconfig: p.Kubeconfig()})
	if err != nil {
		t.Fatal(err)
	}
	namespace = p.Namespace(t)
	p.Pod(t, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web", Annotations: annotations}})
	return v.ID, namespace
}

func logsOf(id, namespace string) string {
	return base + "/clusters/logs?" + url.Values{"of": {id + "|pods|" + namespace + "|web"}, "follow": {"true"}}.Encode()
}

func execOf(id, namespace string, more ...string) string {
	q := url.Values{"namespace": {namespace}, "name": {"web"}, "container": {"c"}}
	for _, line := range more {
		k, v, _ := strings.Cut(line, "=")
		q.Add(k, v)
	}
	return base + "/clusters/" + id + "/exec?" + q.Encode()
}

// ended reads until a socket ends, and returns how.
func ended(t *testing.T, conn *websocket.Conn) *websocket.CloseError {
	t.Helper()
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			var closed *websocket.CloseError
			if !errors.As(err, &closed) {
				t.Fatal(err)
			}
			return closed
		}
	}
}

func TestWhoMayOpenASocket(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, ns := b.cluster(t, nil)
	for _, path := range []string{logsOf(id, ns), execOf(id, ns)} {
		exec := strings.Contains(path, "/exec")
		for _, tt := range []struct {
			name, who, header string
			status            int
			code              string
		}{
			{"nobody", "", "", 401, "auth.required"},
			{"another tenant", "gus", "", 404, "not_found"},
			{"another's tenant", "gus", "X-Tenant-ID: acme", 403, "auth.forbidden"},
			{"another site", "ann", "Origin: http://evil.test", 403, "auth.origin"},
			{"another port of this host", "ann", "Origin: http://" + host + ":8081", 403, "auth.origin"},
			{"no site", "ann", "Origin: ", 403, "auth.origin"},
			{"another host", "ann", "Host: evil.test", 421, "request.unknown_host"},
			{"its owner", "ann", "", 101, ""},
			{"a viewer", "vic", "", map[bool]int{true: 403, false: 101}[exec], map[bool]string{true: "auth.forbidden"}[exec]},
		} {
			conn, got := b.upgrade(tt.who, path, tt.header)
			if got.status != tt.status || !strings.Contains(got.body, tt.code) {
				t.Errorf("%s: %v", tt.name, got)
			}
			if conn != nil {
				conn.Close()
			}
		}
		if _, got := b.upgrade("ann", path+"&tenant=globex"); got.status != 403 {
			t.Errorf("a tenant by query: %v", got)
		}
		if got := b.do("ann", http.MethodGet, path, ""); got.status != http.StatusUpgradeRequired || got.header.Get("Upgrade") != "websocket" || !strings.Contains(got.body, "socket.upgrade_required") {
			t.Errorf("without an upgrade: %v", got)
		}
		if got := b.do("ann", http.MethodGet, path, "", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 12"); got.status != http.StatusBadRequest {
			t.Errorf("another version: %v", got)
		}
	}
	for _, query := range []string{"", "?of=x", "?of=" + id + "|pods|a|b&tail=x", "?of=" + id + "|pods|a|b&follow=perhaps", "?of=" + id + "|pods|a|b&since_seconds=-1"} {
		if got := b.do("ann", http.MethodGet, base+"/clusters/logs"+strings.ReplaceAll(query, "|", "%7C"), ""); got.status != 422 {
			t.Errorf("%s: %v", query, got)
		}
	}
	if got := b.do("ann", http.MethodGet, execOf(id, ns, "cols=0"), ""); got.status != 422 {
		t.Errorf("a terminal without columns: %v", got)
	}
}

func TestASocketEndsWithItsSession(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*bench) error{
		"signed out": func(b *bench) error {
			for _, v := range b.auth.Sessions("ann") {
				if err := b.auth.End(t.Context(), b.store.System(), "ann", v.ID); err != nil {
					return err
				}
			}
			return nil
		},
		"another role": func(b *bench) error {
			storetest.User(t, b.store, store.User{ID: "heir"})
			storetest.Member(t, b.store, "acme", "heir", "owner")
			return b.auth.DeleteMember(t.Context(), auth.Identity{User: "root"}, b.store.Tenant("acme"), "ann")
		},
		"suspended": func(b *bench) error {
			return errors.Join(b.store.System().SetTenantStatus(t.Context(), "acme", "suspended"), b.auth.Reload(t.Context()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			id, ns := b.cluster(t, nil)
			terminal, got := b.upgrade("ann", execOf(id, ns))
			logs, got2 := b.upgrade("ann", logsOf(id, ns))
			if terminal == nil || logs == nil {
				t.Fatal(got, got2)
			}
			for _, conn := range []*websocket.Conn{terminal, logs} {
				if _, _, err := conn.ReadMessage(); err != nil {
					t.Fatal(err)
				}
			}
			if err := end(b); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			for _, conn := range []*websocket.Conn{terminal, logs} {
				if closed := ended(t, conn); closed.Code != closedSession || closed.Text != "auth.required" {
					t.Errorf("%+v", closed)
				}
			}
			if took := time.Since(start); took > 2*time.Second { // one, and what a busy machine takes
				t.Errorf("it ended after %v", took)
			}
		})
	}
}

func TestATerminal(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, ns := b.cluster(t, nil)
	conn, got := b.upgrade("ann", execOf(id, ns, "cols=100", "rows=30"))
	if conn == nil {
		t.Fatal(got)
	}
	say := func(kind int, text string) {
		if err := conn.WriteMessage(kind, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	until := func(text string) (last control) {
		for !strings.Contains(out.String(), text) {
			kind, data, err := conn.ReadMessage()
			if err != nil {
				t.Fatalf("%v after %q", err, out.String())
			}
			if kind == websocket.TextMessage {
				if err := json.Unmarshal(data, &last); err != nil {
					t.Fatal(err)
				}
			}
			out.Write(data)
		}
		return last
	}
	until("size 100x30")
	say(websocket.TextMessage, `{"type":"resize","cols":132,"rows":43}`)
	until("size 132x43")
	say(websocket.BinaryMessage, "echo żółw\nexit 3\n")
	if last := until(`"exit"`); last.Code != 3 || !strings.Contains(out.String(), "\nżółw\r\n") {
		t.Errorf("%+v: %q", last, out.String())
	}
	if closed := ended(t, conn); closed.Code != websocket.CloseNormalClosure {
		t.Errorf("%+v", closed)
	}

	conn, _ = b.upgrade("ann", execOf(id, ns, "tty=false", "command=sh", "command=-c", "command=echo out; err err"))
	out.Reset()
	if last := until(`"exit"`); last.Code != 0 || !strings.Contains(out.String(), "\x01out\n") || !strings.Contains(out.String(), "\x02err\n") {
		t.Errorf("%+v: %q", last, out.String())
	}
	conn, _ = b.upgrade("ann", execOf(id, ns, "command=/no/such/fish"))
	out.Reset()
	if last := until(`"exit"`); last.Code != -1 || !strings.Contains(last.Message, "/no/such/fish") {
		t.Errorf("%+v", last)
	}
	conn, _ = b.upgrade("ann", execOf(id, ns))
	say(websocket.TextMessage, "nonsense")
	if closed := ended(t, conn); closed.Code != websocket.CloseNormalClosure {
		t.Errorf("%+v", closed)
	}
	conn, _ = b.upgrade("ann", execOf(id, ns))
	if err := conn.WriteMessage(websocket.BinaryMessage, make([]byte, maxMessage+1)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			break // 1009, unless it was cut off while it still sent
		}
	}
	rows, err := b.store.Tenant("acme").AuditRows(t.Context(), store.AuditList{Actor: "ann", Thing: id, List: store.List{Limit: 50}})
	if err != nil || len(rows.Items) < 6 {
		t.Errorf("%v, %+v", err, rows.Items)
	}
}

// TestABrowserThatReadsTooLateIsToldWhy stops reading, and reads again.
func TestABrowserThatReadsTooLateIsToldWhy(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Parts) { p.Limits.Reader = 2 * time.Second })
	id, ns := b.cluster(t, map[string]string{"sim.test/log-rate": "500", "sim.test/log-size": "20000"})
	conn, got := b.upgrade("ann", logsOf(id, ns))
	if conn == nil {
		t.Fatal(got)
	}
	wait := time.NewTimer(5 * time.Second) // a socket holds what comes in the first of them
	defer wait.Stop()
	<-wait.C
	if closed := ended(t, conn); closed.Code != closedSlow || closed.Text != "socket.slow" {
		t.Errorf("%+v", closed)
	}
}

func TestLogsComeAsTheyAreDescribed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, ns := b.cluster(t, nil)
	conn, got := b.upgrade("vic", strings.Replace(logsOf(id, ns), "follow=true", "tail=3", 1))
	if conn == nil {
		t.Fatal(got)
	}
	var last cluster.LogBatch
	lines := 0
	for !last.Ended {
		kind, data, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		last = cluster.LogBatch{}
		if err := json.Unmarshal(data, &last); err != nil || kind != websocket.TextMessage {
			t.Fatalf("%v: %s", err, data)
		}
		lines += len(last.Lines)
	}
	if closed := ended(t, conn); lines == 0 || lines > 3 || closed.Code != websocket.CloseNormalClosure {
		t.Errorf("%d lines, %+v", lines, closed)
	}
	file := b.do("vic", http.MethodGet, strings.Replace(logsOf(id, ns), "/logs?", "/logs/download?tail=2&", 1), "")
	if file.status != 200 || !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment; filename=\"web-") || !strings.HasPrefix(file.body, "[web c] "+ns+"/web[c] line ") {
		t.Errorf("%v", file)
	}
}

func TestSocketsEndWithTheAppliance(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, ns := b.cluster(t, nil)
	conn, got := b.upgrade("ann", execOf(id, ns))
	if conn == nil {
		t.Fatal(got)
	}
	if _, _, err := conn.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	b.leave()
	if closed := ended(t, conn); closed.Code != websocket.CloseGoingAway {
		t.Errorf("%+v", closed)
	}
}
