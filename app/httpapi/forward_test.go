package httpapi

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	"unity.internal/store"
)

// open opens the port of a pod and returns it, with a browser that reaches it by
// the name of the appliance.
func (b *bench) open(t *testing.T, id, namespace string) (Forward, *http.Client) {
	t.Helper()
	got := b.do("ann", http.MethodPost, base+"/clusters/"+id+"/forwards", `{"namespace":"`+namespace+`","kind":"pods","name":"web","port":"8080"}`)
	var f Forward
	if err := json.Unmarshal([]byte(got.body), &f); err != nil || got.status != http.StatusCreated {
		t.Fatalf("%v: %v", err, got)
	}
	at, err := url.Parse(f.URL)
	if err != nil || at.Hostname() != host || at.Scheme != "https" {
		t.Fatalf("%s: %v", f.URL, err)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "attic"},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+at.Port())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return f, &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// get asks at an open port; header holds "Name: value" lines.
func get(t *testing.T, client *http.Client, at string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		if k, v, _ := strings.Cut(line, ": "); k == "Host" {
			r.Host = v
		} else {
			r.Header.Add(k, v)
		}
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

// followLink follows the link and returns the cookie line of the browser.
func followLink(t *testing.T, client *http.Client, link string) string {
	t.Helper()
	got := get(t, client, link)
	cookie, err := http.ParseSetCookie(got.header.Get("Set-Cookie"))
	if err != nil || got.status != http.StatusSeeOther || got.header.Get("Location") != "/" {
		t.Fatalf("%v: %v", err, got)
	}
	if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || !strings.HasPrefix(cookie.Name, "__Host-unity-forward-") {
		t.Errorf("%+v", cookie)
	}
	return "Cookie: " + cookie.Name + "=" + cookie.Value
}

// gone waits until nothing answers at an open port.
func gone(t *testing.T, f Forward) {
	t.Helper()
	at, _ := url.Parse(f.URL)
	late, tick := time.NewTimer(10*time.Second), time.NewTicker(20*time.Millisecond)
	defer late.Stop()
	defer tick.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:"+at.Port())
		if err != nil {
			return
		}
		conn.Close()
		select {
		case <-tick.C:
		case <-late.C:
			t.Fatal("it still answers")
		}
	}
}

func TestAnOpenPort(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, ns := b.cluster(t, nil)
	f, client := b.open(t, id, ns)
	at, _, _ := strings.Cut(f.URL, "?")
	if got := get(t, client, at); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "<p>This port is open for another browser") {
		t.Errorf("a stranger: %v", got)
	}
	if got := get(t, client, at+"?unity=wrong"); got.status != http.StatusUnauthorized {
		t.Errorf("a wrong token: %v", got)
	}
	mine := followLink(t, client, f.URL)
	if got := get(t, client, f.URL); got.status != http.StatusUnauthorized {
		t.Errorf("the link again: %v", got)
	}
	if got := get(t, client, at, mine, "Host: evil.test"); got.status != http.StatusMisdirectedRequest {
		t.Errorf("another host: %v", got)
	}
	got := get(t, client, at+"a/b?c=%20d", mine+"; unity=mine; __Host-unity=mine; __Host-unity-oidc=mine; shop=2; unit=3", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: http")
	var asked struct {
		Host, Path, Query string
		Headers           http.Header
	}
	if err := json.Unmarshal([]byte(got.body), &asked); err != nil {
		t.Fatalf("%v: %v", err, got)
	}
	u, _ := url.Parse(at)
	if h := asked.Headers; asked.Path != "/a/b" || asked.Query != "c=%20d" || asked.Host != u.Host || h.Get("Cookie") != "shop=2; unit=3" || len(h["Cookie"]) != 1 ||
		h.Get("X-Forwarded-For") != "127.0.0.1" || h.Get("X-Forwarded-Proto") != "https" || h.Get("X-Forwarded-Host") != u.Host {
		t.Errorf("the pod sees %+v", asked)
	}
	if set := get(t, client, at, mine).header.Values("Set-Cookie"); len(set) != 1 || set[0] != "visited=web; Path=/" {
		t.Errorf("the browser gets %v", set)
	}

	dialer := websocket.Dialer{TLSClientConfig: client.Transport.(*http.Transport).TLSClientConfig, NetDialContext: client.Transport.(*http.Transport).DialContext}
	ws, _, err := dialer.DialContext(t.Context(), "wss://"+u.Host+"/socket", http.Header{"Cookie": {strings.TrimPrefix(mine, "Cookie: ")}}) //nolint:bodyclose // it is the connection
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if err := ws.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, data, err := ws.ReadMessage(); err != nil || string(data) != "hello" {
		t.Errorf("%q, %v", data, err)
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"stream", nil)
	r.Header.Set("Cookie", strings.TrimPrefix(mine, "Cookie: "))
	stream, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if line, err := bufio.NewReader(stream.Body).ReadString('\n'); err != nil || line != "data: web 0\n" {
		t.Errorf("%q, %v", line, err)
	}

	list := b.do("ann", http.MethodGet, base+"/clusters/forwards", "")
	if !strings.Contains(list.body, f.ID) || strings.Contains(list.body, "?unity=") {
		t.Errorf("%v", list)
	}
	if got := b.do("gus", http.MethodGet, base+"/clusters/forwards", ""); strings.Contains(got.body, f.ID) {
		t.Errorf("another tenant: %v", got)
	}
	if got := b.do("gus", http.MethodDelete, base+"/clusters/forwards/"+f.ID, ""); got.status != http.StatusNotFound {
		t.Errorf("another tenant: %v", got)
	}
	if got := b.do("ann", http.MethodDelete, base+"/clusters/forwards/"+f.ID, ""); got.status != http.StatusNoContent {
		t.Errorf("%v", got)
	}
	if _, _, err := ws.ReadMessage(); err == nil {
		t.Error("what was upgraded goes on")
	}
	if _, err := io.ReadAll(stream.Body); err == nil {
		t.Error("what was streamed ended well")
	}
	gone(t, f)
}

// TestAPodSaysNothingForTheWholeHost has an answer that would plant a session.
func TestAPodSaysNothingForTheWholeHost(t *testing.T) {
	t.Parallel()
	h := http.Header{
		"Set-Cookie":                {"shop=1; Path=/", "unity=planted; Path=/", "__Host-unity=planted; Path=/; Secure", "__host-Unity-forward-1=x", " unity-oidc =x", "unit=1"},
		"Strict-Transport-Security": {"max-age=1000"}, "Clear-Site-Data": {`"*"`}, "X-Other": {"1"},
	}
	harmless(h)
	if set := h.Values("Set-Cookie"); len(h) != 2 || len(set) != 2 || set[0] != "shop=1; Path=/" || set[1] != "unit=1" {
		t.Errorf("%v", h)
	}
}

// TestAPageOfAPodCannotUseTheAPI asks as a script of such a page would: with the
// session's cookie, which browsers send to every port of a host.
func TestAPageOfAPodCannotUseTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	page := "http://" + host + ":34567"
	for _, tt := range []struct {
		method, path, body string
		status             int
	}{
		{http.MethodGet, base + "/auth/me", "", 200}, // answered, but not readable
		{http.MethodOptions, base + "/auth/me", "", 405},
		{http.MethodPost, base + "/servers", `{}`, 403},
		{http.MethodDelete, base + "/servers/x", "", 403},
		{http.MethodGet, base + "/clusters/x/exec", "", 403},
	} {
		got := b.do("ann", tt.method, tt.path, tt.body, "Origin: "+page, "Sec-Fetch-Site: same-site")
		if got.status != tt.status || got.header.Get("Access-Control-Allow-Origin") != "" || got.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s %s: %v", tt.method, tt.path, got)
		}
	}
}

func TestOpenPortsEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, ns := b.cluster(t, nil)
	f, _ := b.open(t, id, ns)
	for _, v := range b.auth.Sessions("ann") {
		if err := b.auth.End(t.Context(), b.store.System(), "ann", v.ID); err != nil {
			t.Fatal(err)
		}
	}
	gone(t, f)
	b.tokens["ann"] = ""
	f, client := b.open(t, id, ns)
	followLink(t, client, f.URL)
	if err := b.store.Tenant("acme").DeleteCluster(t.Context(), id, store.AnyRev); err != nil {
		t.Fatal(err)
	}
	gone(t, f)
	var rows store.Page[store.Audit]
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := 0; len(rows.Items) < 2; n++ { // a row follows the end of its listener
		<-tick.C
		var err error
		if rows, err = b.store.Tenant("acme").AuditRows(t.Context(), store.AuditList{List: store.List{Q: "pods.forward_end", Limit: 10}}); err != nil || n > 500 {
			t.Fatalf("%v: %+v", err, rows.Items)
		}
	}
	for i, why := range []string{"cluster deleted", "session is over"} {
		if text, _ := json.Marshal(rows.Items[i].Detail); !strings.Contains(string(text), why) {
			t.Errorf("%s", text)
		}
	}
}

func TestATenantHasTwentyOpenPortsAtMost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, ns := b.cluster(t, nil)
	for range maxForwards {
		b.open(t, id, ns)
	}
	got := b.do("ann", http.MethodPost, base+"/clusters/"+id+"/forwards", `{"namespace":"`+ns+`","kind":"pods","name":"web","port":"8080"}`)
	if got.status != http.StatusTooManyRequests || !strings.Contains(got.body, "forward.too_many") {
		t.Errorf("%v", got)
	}
	b.leave()
	var open struct{ Items []Forward }
	late, tick := time.NewTimer(10*time.Second), time.NewTicker(50*time.Millisecond)
	defer late.Stop()
	defer tick.Stop()
	for {
		list := b.do("ann", http.MethodGet, base+"/clusters/forwards", "")
		if err := json.Unmarshal([]byte(list.body), &open); err != nil {
			t.Fatal(err)
		}
		if len(open.Items) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-late.C:
			t.Fatalf("%d are open", len(open.Items))
		}
	}
}

// TestWithoutTLSAPortIsForThisBox listens without TLS.
func TestWithoutTLSAPortIsForThisBox(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Parts) {
		p.Listen = func(ctx context.Context) (net.Listener, bool, error) {
			ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
			return ln, false, err
		}
		p.Reach.Mode = func() string { return "off" }
	})
	id, ns := b.cluster(t, nil)
	body := `{"namespace":"` + ns + `","kind":"pods","name":"web","port":"8080"}`
	got := b.do("ann", http.MethodPost, base+"/clusters/"+id+"/forwards", body)
	var f Forward
	if err := json.Unmarshal([]byte(got.body), &f); err != nil || !strings.HasPrefix(f.URL, "http://") {
		t.Fatalf("%v: %v", err, got)
	}
	at, _ := url.Parse(f.URL)
	f.URL = strings.Replace(f.URL, at.Hostname(), "127.0.0.1", 1)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if got := get(t, client, f.URL, "X-Forwarded-For: 192.0.2.7"); got.status != http.StatusForbidden {
		t.Errorf("through a proxy: %v", got)
	}
	if got := get(t, client, f.URL); got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Set-Cookie"), "unity-forward-") {
		t.Errorf("%v", got)
	}
}
