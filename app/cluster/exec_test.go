package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"unity.internal/app/cluster/clustertest"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// A screen collects what a command writes.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
	news chan struct{}
}

func newScreen() *screen { return &screen{news: make(chan struct{}, 1)} }

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until a text was written.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	for !strings.Contains(s.String(), text) {
		select {
		case <-s.news:
		case <-late.C:
			t.Fatalf("%q does not come, but %q", text, s.String())
		}
	}
}

func TestACommandRunsByWebSocketAndBySPDY(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	b, ns := newStation(t), p.Namespace(t)
	p.Pod(t, rated(ns, "shell", nil))
	p.Pod(t, rated(ns, "echo", nil))
	for _, way := range []string{"WebSocket", "SPDY"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			door := p.Door(t)
			if way == "SPDY" {
				door.Refuse("^GET .*/exec", 400)
			}
			id := b.register(way, door.Kubeconfig())
			q := ExecQuery{Namespace: ns, Name: "shell", Container: "c", Command: []string{"sh"}}
			in, typed := io.Pipe()
			go io.WriteString(typed, "echo out żółw\nerr err\nexit 7\n")
			out, stderr := newScreen(), newScreen()
			code, err := b.service.Exec(t.Context(), b.acme, id, q, ExecStreams{In: in, Out: out, Err: stderr})
			if err != nil || code != 7 || out.String() != "out żółw\n" || stderr.String() != "err\n" {
				t.Errorf("%d, %v: %q, %q", code, err, out, stderr)
			}
			q.Command = nil // a shell
			in, typed = io.Pipe()
			go io.WriteString(typed, "hostname\nexit\n")
			out = newScreen()
			if code, err := b.service.Exec(t.Context(), b.acme, id, q, ExecStreams{In: in, Out: out, Err: stderr}); err != nil || code != 0 || out.String() != "shell\n" {
				t.Errorf("%d, %v: %q", code, err, out)
			}

			ctx, end := context.WithCancel(t.Context())
			sizes, done := make(chan Size), make(chan error, 1)
			in, typed = io.Pipe()
			out = newScreen()
			go func() {
				_, err := b.service.Exec(ctx, b.acme, id, ExecQuery{Namespace: ns, Name: "echo", Container: "c", TTY: true}, ExecStreams{In: in, Out: out, Sizes: sizes})
				done <- err
			}()
			out.await(t, "$ ")
			sizes <- Size{132, 43}
			out.await(t, "size 132x43")
			io.WriteString(typed, strings.Repeat("x", 10_000)+"the end")
			out.await(t, "xthe end")
			end()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			if get, post := door.Count("^GET .*/exec"), door.Count("^POST .*/exec"); get != 3 || (way == "SPDY") != (post == 3) {
				t.Errorf("%d by WebSocket, %d by SPDY", get, post)
			}
		})
	}
}

func TestWhatCannotBeRunIsSaid(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	b, ns := newStation(t), p.Namespace(t)
	id, viewer := b.register("one", p.Kubeconfig()), b.register("viewer", p.Viewer())
	p.Pod(t, rated(ns, "shell", nil))
	for _, tt := range []struct {
		name, cluster, pod, container, command string
		idle                                   time.Duration
		want                                   string
	}{
		{"no such pod", id, "none", "c", "true", 0, "cluster.object_gone"},
		{"no such container", id, "shell", "x", "true", 0, "cluster.object_invalid"},
		{"no such command", id, "shell", "c", "/no/such/fish", 0, "exec.failed"},
		{"no right", viewer, "shell", "c", "true", 0, "cluster.forbidden"},
		{"nothing said", id, "shell", "c", "cat", 50 * time.Millisecond, "exec.idle"},
	} {
		in, typed := io.Pipe()
		_, err := b.service.Exec(t.Context(), b.acme, tt.cluster, ExecQuery{
			Namespace: ns, Name: tt.pod, Container: tt.container, Command: []string{tt.command}, Idle: tt.idle,
		}, ExecStreams{In: in, Out: io.Discard, Err: io.Discard})
		if f := fault.From(err); f.Code != tt.want || f.Msg == "" {
			t.Errorf("%s: %v, %+v", tt.name, err, f)
		}
		typed.Close()
	}
	if _, err := b.service.Exec(t.Context(), b.globex, id, ExecQuery{}, ExecStreams{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another tenant: %v", err)
	}
}

func TestCommandsAreAuditedWithoutWhatWasSaid(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	b, ns := newStation(t), p.Namespace(t)
	id := b.register("one", p.Kubeconfig())
	p.Pod(t, rated(ns, "shell", nil))
	in, typed := io.Pipe()
	go func() { io.WriteString(typed, "marker\n"); typed.Close() }()
	out := newScreen()
	if code, err := b.service.Exec(t.Context(), b.acme, id, ExecQuery{Namespace: ns, Name: "shell", Container: "c", Command: []string{"cat"}}, ExecStreams{In: in, Out: out, Err: out}); err != nil || code != 0 || out.String() != "marker\n" {
		t.Fatalf("%d, %v: %q", code, err, out)
	}
	rows, err := b.acme.AuditRows(t.Context(), store.AuditList{Thing: id, List: store.List{Limit: 10}})
	if err != nil || len(rows.Items) != 3 {
		t.Fatalf("%v: %+v", err, rows.Items)
	}
	for i, action := range []string{"pods.exec_end", "pods.exec"} {
		row := rows.Items[i]
		detail, err := json.Marshal(row.Detail)
		if err != nil || row.Action != action || row.Actor != "ann" || row.Address != "192.0.2.1" || row.Result != "done" {
			t.Errorf("%+v, %v", row, err)
		}
		if text := string(detail); !strings.Contains(text, `"pod":"shell"`) || !strings.Contains(text, `"command":["cat"]`) || strings.Contains(text, "marker") || strings.Contains(text, `"exit_code":0`) != (i == 0) {
			t.Errorf("%s", text)
		}
	}
}

// TestEveryWayGoesThroughTheGuards has a Dial that refuses: nothing else may reach
// the cluster, by any protocol.
func TestEveryWayGoesThroughTheGuards(t *testing.T) {
	p := clustertest.Shared(t)
	refused := fault.New(fault.Invalid, "outgoing.blocked", "Not from here.")
	shut := false
	var dialer net.Dialer
	b := newStation(t, func(o *Options) {
		o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if shut {
				return nil, refused
			}
			return dialer.DialContext(ctx, network, address)
		}
	})
	id, ns := b.register("one", p.Kubeconfig()), p.Namespace(t)
	p.Pod(t, rated(ns, "shell", nil))
	l, err := b.service.link(t.Context(), b.acme, id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.kinds(t.Context()); err != nil {
		t.Fatal(err)
	}
	shut = true
	t.Setenv("HTTPS_PROXY", p.Server) // a proxy would be a way around
	in, typed := io.Pipe()
	defer typed.Close()
	q := ExecQuery{Namespace: ns, Name: "shell", Container: "c", Command: []string{"true"}}
	if _, err := b.service.Exec(t.Context(), b.acme, id, q, ExecStreams{In: in, Out: io.Discard, Err: io.Discard}); !errors.Is(err, refused) {
		t.Errorf("by WebSocket: %v", err)
	}
	transport, up, err := l.spdy()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dialSPDY(t.Context(), transport, up, l.forwardURL(ns, "shell")); err == nil || !strings.Contains(err.Error(), refused.Code) {
		t.Errorf("by SPDY: %v", err)
	}
	reader := b.listen(LogQuery{Of: []LogTarget{of(id, "pods", ns, "shell")}})
	reader.until("it ended", func() bool { return reader.ended })
	if got := reader.named("shell", ""); got.Code != refused.Code {
		t.Errorf("logs: %+v", got)
	}
}
