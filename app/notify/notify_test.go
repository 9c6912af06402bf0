package notify_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/notify"
	"unity.internal/app/notify/ntfy"
	"unity.internal/app/notify/smtp"
	"unity.internal/app/notify/webhook"
	"unity.internal/app/outgoing"
	"unity.internal/app/vault"
	"unity.internal/app/vault/vaulttest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// A post is a service over a real store, with a clock that the test turns.
type post struct {
	*notify.Service
	tb    testing.TB
	store *store.Store
	t     store.Tenant
	vault *vault.Vault
	log   *bytes.Buffer

	mu     sync.Mutex
	at     time.Time
	events chan string
}

func (p *post) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

func (p *post) pass(d time.Duration) {
	p.mu.Lock()
	p.at = p.at.Add(d)
	p.mu.Unlock()
	p.Wake()
}

func open(tb testing.TB) *post {
	tb.Helper()
	p := &post{tb: tb, at: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), log: &bytes.Buffer{}, events: make(chan string, 1000)}
	p.store = storetest.Open(tb, store.WithClock(p.now))
	p.t = p.store.Tenant(store.DefaultTenant)
	p.vault = vaulttest.Open(tb, p.store)
	p.renew()
	return p
}

// renew replaces the service by one that knows nothing of the one before.
func (p *post) renew() {
	c := outgoing.New(outgoing.Options{AllowPrivate: func(netip.Addr) bool { return true }})
	p.Service = notify.New(notify.Options{
		Tenants: p.store.System().Tenants, Sealer: p.vault, Now: p.now, Log: slog.New(slog.NewTextHandler(p.log, nil)),
		Kinds: []notify.Kind{webhook.Kind(c), ntfy.Kind(c), smtp.Kind(c.Dial, nil)}, Base: func() string { return "https://unity.example" },
		Publish: func(_ store.TenantID, kind, id string, _ int64) {
			if kind == "deliveries" {
				p.events <- id
			}
		},
	})
}

// run runs the service until the returned func is called.
func (p *post) run() (stop func()) {
	p.tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	s := p.Service
	go func() { done <- s.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				p.tb.Error(err)
			}
		})
	}
	p.tb.Cleanup(stop)
	return stop
}

// attempted waits for the next attempt that was kept and returns its delivery.
func (p *post) attempted() store.Delivery {
	p.tb.Helper()
	select {
	case id := <-p.events:
		d, err := p.t.Delivery(p.tb.Context(), id)
		if err != nil {
			p.tb.Fatal(err)
		}
		return d
	case <-time.After(20 * time.Second):
		p.tb.Fatal("nothing was attempted")
	}
	return store.Delivery{}
}

func (p *post) channel(name, kind string, config map[string]any) store.Channel {
	p.tb.Helper()
	v, err := p.Create(p.tb.Context(), p.t, store.Channel{Name: name, Type: kind, Enabled: true, Config: config})
	if err != nil {
		p.tb.Fatal(err)
	}
	return v
}

// alarm writes a transition of an alert as the evaluation does.
func (p *post) alarm(event, text string) {
	const id = "a1"
	p.tb.Helper()
	now := p.now()
	a := store.Alert{
		ID: id, Key: id, Threshold: "t1", Title: "CPU", Message: text, Severity: "critical", State: store.AlertFiring,
		Labels: map[string]string{}, Started: now, Fired: &now,
	}
	if event == "resolved" {
		a.State, a.Resolved = store.AlertResolved, &now
	}
	_, err := p.t.ChangeAlerts(p.tb.Context(), "", []store.AlertChange{{Alert: a, Notify: &store.Notify{
		In: p.t.ID, Notice: store.Notice{Event: event, Text: text, Tenant: p.t.ID, Server: store.NoticeServer{ID: "s1", Name: "nas", Host: "nas.lan"}},
	}}})
	if err != nil {
		p.tb.Fatal(err)
	}
	p.Wake()
}

// alarmOf writes an alert about a cluster.
func (p *post) alarmOf(cluster store.Cluster, text string) {
	p.tb.Helper()
	now := p.now()
	a := store.Alert{
		ID: "a2", Key: "a2", Threshold: "t1", Cluster: cluster.ID, Title: "Nodes", Message: text, Severity: "warning",
		State: store.AlertFiring, Labels: map[string]string{}, Started: now, Fired: &now,
	}
	_, err := p.t.ChangeAlerts(p.tb.Context(), "", []store.AlertChange{{Alert: a, Notify: &store.Notify{In: p.t.ID, Notice: store.Notice{
		Event: "firing", Text: text, Tenant: p.t.ID, Cluster: store.NoticeCluster{ID: cluster.ID, Name: cluster.Name},
	}}}})
	if err != nil {
		p.tb.Fatal(err)
	}
	p.Wake()
}

// A receiver keeps what it got and answers as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	heads  []http.Header
	answer func(n int) int
}

func receive(tb testing.TB, answer func(n int) int) *receiver {
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		r.bodies, r.heads = append(r.bodies, string(body)), append(r.heads, q.Header)
		n := len(r.bodies)
		r.mu.Unlock()
		w.WriteHeader(r.answer(n))
	}))
	tb.Cleanup(r.Close)
	return r
}

func (r *receiver) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.bodies...)
}

func always(status int) func(int) int { return func(int) int { return status } }

func TestAWebhookGetsASignedBody(t *testing.T) {
	t.Parallel()
	p, r := open(t), receive(t, always(204))
	v := p.channel("hook", "webhook", map[string]any{"url": r.URL, "secret": "s3cret", "headers": map[string]any{"X-Team": "attic"}})
	if v.Config["secret"] != "********" || v.Config["headers"].(map[string]any)["X-Team"] != "********" {
		t.Errorf("config shows %v", v.Config)
	}
	p.run()
	p.alarm("firing", "CPU at 97 % (limit 90 %)")
	d := p.attempted()
	if d.State != store.DeliverySent || d.Sent == nil || len(d.Attempts) != 1 || !d.Attempts[0].OK {
		t.Fatalf("delivery: %+v", d)
	}
	body := r.got()[0]
	var n struct {
		Event, Tenant string
		Alert         struct{ ID, Message string }
		Server        struct{ Host string }
		Key           string `json:"dedup_key"`
		At            string `json:"sent_at"`
	}
	if err := json.Unmarshal([]byte(body), &n); err != nil {
		t.Fatal(err)
	}
	if n.Event != "firing" || n.Tenant != "default" || n.Alert.ID != "a1" || n.Server.Host != "nas.lan" || n.Key != d.ID || n.At != "2026-11-01T12:00:00Z" {
		t.Errorf("body = %s", body)
	}
	mac := hmac.New(sha256.New, []byte("s3cret"))
	mac.Write([]byte(body))
	h := r.heads[0]
	if h.Get("X-Unity-Signature") != "sha256="+hex.EncodeToString(mac.Sum(nil)) || h.Get("X-Team") != "attic" || h.Get("Idempotency-Key") != d.ID {
		t.Errorf("headers = %v", h)
	}
	line, err := p.t.Timeline(t.Context(), "a1")
	if err != nil || len(line) != 1 || line[0].Text != "Told hook" {
		t.Errorf("time line: %+v, %v", line, err)
	}
}

func TestAFailedDeliveryIsTriedAgainInOrder(t *testing.T) {
	t.Parallel()
	p := open(t)
	r := receive(t, func(n int) int { return []int{500, 503, 200, 200}[n-1] })
	p.channel("hook", "webhook", map[string]any{"url": r.URL})
	p.run()
	p.alarm("firing", "up")
	if d := p.attempted(); d.State != store.DeliveryQueued || d.Attempts[0].Message != "It answered 500 Internal Server Error." ||
		!d.Next.Equal(p.now().Add(10*time.Second)) {
		t.Fatalf("delivery: %+v", d)
	}
	p.alarm("resolved", "down") // must not overtake
	p.pass(10 * time.Second)
	if d := p.attempted(); d.State != store.DeliveryQueued || len(d.Attempts) != 2 || !d.Next.Equal(p.now().Add(30*time.Second)) {
		t.Fatalf("delivery: %+v", d)
	}
	p.pass(30 * time.Second)
	first, second := p.attempted(), p.attempted()
	if first.Event != "firing" || first.State != store.DeliverySent || second.Event != "resolved" || second.State != store.DeliverySent {
		t.Errorf("first %+v, second %+v", first, second)
	}
	for i, body := range r.got() {
		if want := "firing"; i < 3 && !strings.Contains(body, `"event":"`+want+`"`) {
			t.Errorf("body %d = %s", i, body)
		}
	}
	if a, b := r.heads[0].Get("Idempotency-Key"), r.heads[2].Get("Idempotency-Key"); a != b {
		t.Errorf("keys of one delivery differ: %s, %s", a, b)
	}
}

func TestARefusalForGoodIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	p, r := open(t), receive(t, always(410))
	p.channel("hook", "webhook", map[string]any{"url": r.URL})
	p.run()
	p.alarm("firing", "up")
	if d := p.attempted(); d.State != store.DeliveryFailed || d.Attempts[0].Message != "It answered 410 Gone." {
		t.Fatalf("delivery: %+v", d)
	}
	line, err := p.t.Timeline(t.Context(), "a1")
	if err != nil || line[0].Kind != store.EventUntold {
		t.Errorf("time line: %+v, %v", line, err)
	}
}

func TestADeliveryIsGivenUpAfterADay(t *testing.T) {
	t.Parallel()
	p, r := open(t), receive(t, always(500))
	p.channel("hook", "webhook", map[string]any{"url": r.URL})
	p.run()
	p.alarm("firing", "up")
	d := p.attempted()
	start := d.Created
	for d.State == store.DeliveryQueued {
		p.pass(d.Next.Sub(p.now()))
		d = p.attempted()
	}
	if d.State != store.DeliveryFailed || len(d.Attempts) < 28 || p.now().Sub(start) > 24*time.Hour {
		t.Errorf("state %s after %d attempts in %s", d.State, len(d.Attempts), p.now().Sub(start))
	}
}

func TestASlowChannelDelaysNoOther(t *testing.T) {
	t.Parallel()
	p := open(t)
	hang, heard := make(chan struct{}), make(chan struct{}, 1)
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard <- struct{}{}; <-hang }))
	defer slow.Close()
	defer close(hang)
	r := receive(t, always(200))
	p.channel("a slow one", "webhook", map[string]any{"url": slow.URL})
	p.channel("b fast one", "webhook", map[string]any{"url": r.URL})
	stop := p.run()
	p.alarm("firing", "up")
	<-heard
	if d := p.attempted(); d.ChannelName != "b fast one" || d.State != store.DeliverySent {
		t.Errorf("delivery: %+v", d)
	}
	stop() // the slow one stays queued, as if nothing had been tried
	for _, d := range p.queued() {
		if len(d.Attempts) != 0 {
			t.Errorf("attempts: %+v", d.Attempts)
		}
	}
	if n := len(p.queued()); n != 1 {
		t.Errorf("%d queued", n)
	}
}

func (p *post) queued() []store.Delivery {
	p.tb.Helper()
	all, err := p.t.Deliveries(p.tb.Context(), store.List{Limit: 100}, store.DeliveryQueued, "")
	if err != nil {
		p.tb.Fatal(err)
	}
	return all.Items
}

func TestWhatWasWrittenIsSentByTheNextRun(t *testing.T) {
	t.Parallel()
	p, r := open(t), receive(t, always(200))
	p.channel("hook", "webhook", map[string]any{"url": r.URL})
	p.alarm("firing", "up") // and the process is gone before it is sent
	p.renew()
	p.run()
	if d := p.attempted(); d.State != store.DeliverySent {
		t.Fatalf("delivery: %+v", d)
	}
}

func TestDeletedAndDisabledChannelsFailWithASentence(t *testing.T) {
	t.Parallel()
	p, r := open(t), receive(t, always(200))
	a := p.channel("a", "webhook", map[string]any{"url": r.URL})
	b := p.channel("b", "webhook", map[string]any{"url": r.URL})
	p.alarm("firing", "up")
	if err := p.t.DeleteChannel(t.Context(), a.ID, a.Rev); err != nil {
		t.Fatal(err)
	}
	b.Enabled = false
	if _, err := p.Update(t.Context(), p.t, b); err != nil {
		t.Fatal(err)
	}
	p.run()
	said := map[string]bool{}
	for range 2 {
		d := p.attempted()
		said[d.State+" "+d.Attempts[0].Message] = true
	}
	if !said["failed The channel was deleted."] || !said["failed The channel is switched off."] {
		t.Errorf("said %v", said)
	}
	if len(r.got()) != 0 {
		t.Error("it was sent")
	}
}

func TestAddressesThatMustNotBeReachedAreRefused(t *testing.T) {
	t.Parallel()
	p := open(t)
	away := httptest.NewServer(http.RedirectHandler("http://elsewhere.example/", http.StatusTemporaryRedirect))
	defer away.Close()
	for address, want := range map[string]string{
		"http://169.254.169.254/latest": outgoing.ErrBlocked.Msg, away.URL: outgoing.ErrRedirect.Msg,
	} {
		v := p.channel(address, "webhook", map[string]any{"url": address})
		d, err := p.Test(t.Context(), p.t, v.ID)
		if err != nil || d.State != store.DeliveryFailed || d.Attempts[0].Message != want {
			t.Errorf("%s: %+v, %v", address, d, err)
		}
	}
}

func TestTestReallySends(t *testing.T) {
	t.Parallel()
	p, r := open(t), receive(t, always(200))
	v := p.channel("hook", "webhook", map[string]any{"url": r.URL})
	d, err := p.Test(t.Context(), p.t, v.ID)
	if err != nil || d.State != store.DeliverySent || d.Event != "test" {
		t.Fatal(d, err)
	}
	if got := r.got(); len(got) != 1 || !strings.Contains(got[0], `"event":"test"`) {
		t.Errorf("got %v", got)
	}
	storetest.Tenants(t, p.store, "globex")
	if _, err := p.Test(t.Context(), p.store.Tenant("globex"), v.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another tenant tests it: %v", err)
	}
}

func TestSecretsStayAndNeverShow(t *testing.T) {
	t.Parallel()
	const marker = "m4rk3r-of-a-secret"
	p := open(t)
	answer := receive(t, always(500))
	v := p.channel("hook", "webhook", map[string]any{"url": answer.URL, "secret": marker, "headers": map[string]any{"Authorization": marker}})
	v.Name = "renamed"
	v, err := p.Update(t.Context(), p.t, v) // masks keep
	if err != nil {
		t.Fatal(err)
	}
	p.run()
	p.alarm("firing", "up")
	p.attempted()
	if h := answer.heads[0]; h.Get("Authorization") != marker || h.Get("X-Unity-Signature") == "" {
		t.Errorf("headers = %v", h)
	}
	moved := v
	moved.Config = map[string]any{"url": "http://elsewhere.example", "secret": "********", "headers": map[string]any{"Authorization": "********"}}
	if _, err := p.Update(t.Context(), p.t, moved); !errors.Is(err, notify.ErrSecret) {
		t.Errorf("a secret follows to another host: %v", err)
	}
	if _, err := p.Create(t.Context(), p.t, store.Channel{Name: "x", Type: "ntfy", Config: map[string]any{"topic": "a", "token": "********"}}); !errors.Is(err, notify.ErrSecret) {
		t.Errorf("a mask without a secret: %v", err)
	}
	var all bytes.Buffer
	shown, err := p.t.Channel(t.Context(), v.ID)
	if err != nil {
		t.Fatal(err)
	}
	deliveries, err := p.t.Deliveries(t.Context(), store.List{Limit: 10}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	audit, err := p.t.AuditRows(t.Context(), store.AuditList{List: store.List{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{shown, deliveries, audit} {
		if err := json.NewEncoder(&all).Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Fprintf(&all, "%+v %s", shown, p.log)
	if detail := fmt.Sprintf("%s", audit.Items[0].Detail); detail != `{"name":"renamed","changes":{"name":["hook","renamed"]}}` {
		t.Errorf("a new name is shown as %s", detail)
	}
	if strings.Contains(all.String(), marker) {
		t.Error("the secret shows")
	}
}

func TestBadConfigsAreNamed(t *testing.T) {
	t.Parallel()
	p := open(t)
	mail := func(change map[string]any) map[string]any {
		c := map[string]any{"host": "mail.example", "port": 587, "tls": "starttls", "from": "unity@example.org", "to": []any{"lea@example.org"}}
		maps.Copy(c, change)
		return c
	}
	for _, tt := range []struct {
		kind   string
		config map[string]any
		field  string
	}{
		{"webhook", map[string]any{"url": "ftp://x"}, "body.config.url"},
		{"webhook", map[string]any{"url": "http://x", "headers": map[string]any{"A\r\nB": "c"}}, "body.config.headers"},
		{"webhook", map[string]any{"url": "http://x", "headers": map[string]any{"A": "c\r\nD: e"}}, "body.config.headers"},
		{"webhook", map[string]any{"url": "http://x", "headers": map[string]any{"host": "c"}}, "body.config.headers"},
		{"webhook", map[string]any{"url": "http://x", "color": "red"}, "body.config."},
		{"webhook", map[string]any{"url": 7}, "body.config.url"},
		{"ntfy", map[string]any{"topic": "a/b"}, "body.config.topic"},
		{"ntfy", map[string]any{"server": "nas", "topic": "a"}, "body.config.server"},
		{"ntfy", map[string]any{"topic": "a", "priority": 9}, "body.config.priority"},
		{"smtp", mail(map[string]any{"tls": "maybe"}), "body.config.tls"},
		{"smtp", mail(map[string]any{"from": "a@b\r\nBcc: c@d"}), "body.config.from"},
		{"smtp", mail(map[string]any{"to": []any{}}), "body.config.to"},
		{"smtp", mail(map[string]any{"to": []any{"nobody"}}), "body.config.to"},
		{"smtp", mail(map[string]any{"port": 0}), "body.config.port"},
		{"smtp", mail(map[string]any{"host": "a b"}), "body.config.host"},
		{"pigeon", map[string]any{}, ""},
	} {
		_, err := p.Create(t.Context(), p.t, store.Channel{Name: "x", Type: tt.kind, Config: tt.config})
		f := fault.From(err)
		if f.Kind != fault.Invalid || tt.field != "" && (len(f.Fields) != 1 || f.Fields[0].Field != tt.field) {
			t.Errorf("%s %v: %+v", tt.kind, tt.config, f)
		}
	}
}

func TestAMessageNamesItsCluster(t *testing.T) {
	t.Parallel()
	p, hook, phone := open(t), receive(t, always(204)), receive(t, always(200))
	p.channel("hook", "webhook", map[string]any{"url": hook.URL})
	p.run()
	p.alarmOf(store.Cluster{ID: "k1", Name: "home"}, "2 of 5 nodes are not ready: n1, n2")
	p.attempted()
	var n struct {
		Alert struct {
			Cluster string `json:"cluster_id"`
		}
		Server  struct{ ID, Name string }
		Cluster struct{ ID, Name string }
	}
	if err := json.Unmarshal([]byte(hook.got()[0]), &n); err != nil || n.Alert.Cluster != "k1" || n.Cluster.ID != "k1" || n.Cluster.Name != "home" || n.Server.ID != "" {
		t.Errorf("body = %s", hook.got()[0])
	}

	p = open(t)
	p.channel("phone", "ntfy", map[string]any{"server": phone.URL, "topic": "alarms"})
	p.run()
	p.alarmOf(store.Cluster{ID: "k1", Name: "home"}, "2 of 5 nodes are not ready: n1, n2")
	p.attempted()
	if got := phone.got()[0]; !strings.Contains(got, "Warning: home: 2 of 5 nodes are not ready") {
		t.Errorf("body = %s", got)
	}
}

func TestTemplatesSayWhatIsAskedAndNoMore(t *testing.T) {
	t.Parallel()
	p, r := open(t), receive(t, always(200))
	v, err := p.Create(t.Context(), p.t, store.Channel{
		Name: "hook", Type: "webhook", Enabled: true, Config: map[string]any{"url": r.URL},
		Template: `{"content": "{{.Server.Name}}: {{.Text}}{{if .URL}} {{.URL}}{{end}}"}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.run()
	p.alarm("firing", "CPU at 97 %")
	p.attempted()
	if got := r.got()[0]; got != `{"content": "nas: CPU at 97 % https://unity.example/alerts/a1"}` {
		t.Errorf("body = %s", got)
	}
	for _, bad := range []string{
		"{{.Nothing}}", "{{", "{{range 1000000000}}{{end}}", `{{printf "%1000000000d" 1}}`, `{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`,
		"{{call .Text}}", "{{if (printf .Text)}}{{end}}", strings.Repeat("x", 5000),
	} {
		v.Template = bad
		if _, err := p.Update(t.Context(), p.t, v); fault.From(err).Code != "channel.template" {
			t.Errorf("%.40s: err = %v", bad, err)
		}
	}
}

func TestNtfyGetsAnArticle(t *testing.T) {
	t.Parallel()
	p, r := open(t), receive(t, always(200))
	p.channel("phone", "ntfy", map[string]any{"server": r.URL, "topic": "attic", "token": "tk_1"})
	p.run()
	p.alarm("firing", "CPU at 97 %")
	p.attempted()
	var a struct {
		Topic, Title, Message, Click string
		Priority                     int
		Tags                         []string
	}
	if err := json.Unmarshal([]byte(r.got()[0]), &a); err != nil {
		t.Fatal(err)
	}
	if a.Topic != "attic" || a.Title != "Critical: nas: CPU at 97 %" || a.Priority != 5 || a.Click != "https://unity.example/alerts/a1" || a.Tags[0] != "rotating_light" {
		t.Errorf("article: %+v", a)
	}
	if r.heads[0].Get("Authorization") != "Bearer tk_1" {
		t.Errorf("headers: %v", r.heads[0])
	}
}

func TestAChannelThatWasDownHearsOfItLater(t *testing.T) {
	t.Parallel()
	p := open(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	p.channel("hook", "webhook", map[string]any{"url": "http://" + address})
	p.run()
	p.alarm("firing", "up")
	if d := p.attempted(); d.State != store.DeliveryQueued || d.Attempts[0].Message != outgoing.ErrUnreachable.Msg {
		t.Fatalf("delivery: %+v", d)
	}
	if l, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	s := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go func() { _ = s.Serve(l) }()
	defer func() { _ = s.Close() }()
	p.pass(10 * time.Second)
	if d := p.attempted(); d.State != store.DeliverySent || len(d.Attempts) != 2 {
		t.Fatalf("delivery: %+v", d)
	}
}
