package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
)

// forwarder connects streams to the web server that every pod has, at the ports
// of its containers and at 8080.
type forwarder struct{ *sim }

// PortForward serves one connection.
func (f forwarder) PortForward(ctx context.Context, pod, _ string, port int32, stream io.ReadWriteCloser) error {
	p := find[corev1.Pod](f.pods, pod)
	if p == nil {
		return fmt.Errorf("pod %q does not exist", pod)
	}
	open := port == 8080
	for _, c := range p.Spec.Containers {
		open = open || slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.ContainerPort == port })
	}
	if !open {
		return fmt.Errorf("failed to connect to localhost:%d inside namespace %q, IPv4: dial tcp4 127.0.0.1:%[1]d: connect: connection refused", port, pod)
	}
	here, there := net.Pipe()
	defer there.Close()
	defer context.AfterFunc(ctx, func() { _ = there.Close() })()
	l := &oneConn{conn: here, done: make(chan struct{})}
	server := &http.Server{Handler: site(p, port), ReadHeaderTimeout: time.Minute, ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			_ = there.Close()
		}
	}}
	f.wg.Go(func() { _ = server.Serve(l) })
	defer server.Close()
	defer l.Close()
	f.wg.Go(func() {
		_, _ = io.Copy(there, stream)
		_ = there.Close()
	})
	_, err := io.Copy(stream, there)
	_ = stream.Close()
	if errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// oneConn is a listener with one connection.
type oneConn struct {
	conn net.Conn
	done chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.done
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error {
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	return nil
}

func (*oneConn) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// page has links of each kind that a proxy meets.
const page = `<!doctype html>
<html><head><title>%[1]s</title><link rel="stylesheet" href="/style.css"></head>
<body><h1>%[1]s</h1>
<a id="relative" href="deep/page">relative</a>
<a id="absolute" href="/top">absolute</a>
<a id="whole" href="http://localhost:%[2]d/whole">whole</a>
<form method="post" action="/form"><input name="word"><button>Send</button></form>
<script src="app.js"></script></body></html>
`

// site is the web server of a pod. What it has no answer to it echoes.
func site(p *corev1.Pod, port int32) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "visited", Value: p.Name, Path: "/"})
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, page, p.Name, port)
	})
	m.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		_, _ = io.WriteString(w, "h1 { color: rgb(1, 2, 3) }\n")
	})
	m.HandleFunc("GET /app.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, "document.body.dataset.script = 'ran'\n")
	})
	m.HandleFunc("GET /redirect", func(w http.ResponseWriter, r *http.Request) {
		to := r.FormValue("to")
		if to == "" {
			to = "/landed"
		}
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	})
	m.HandleFunc("GET /bytes/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.ParseInt(r.PathValue("n"), 10, 64)
		_, _ = io.CopyN(w, endless{}, n)
	})
	m.HandleFunc("GET /stream", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		flush := http.NewResponseController(w)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			fmt.Fprintf(w, "data: %s %d\n\n", p.Name, n)
			if flush.Flush() != nil {
				return
			}
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
		}
	})
	m.HandleFunc("GET /socket", socket)
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		answer(w, map[string]any{
			"pod": p.Name, "namespace": p.Namespace, "port": port, "method": r.Method, "path": r.URL.Path,
			"query": r.URL.RawQuery, "host": r.Host, "headers": r.Header, "body": string(body),
		})
	})
	return m
}

// socket echoes what comes over a WebSocket.
func socket(w http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }, Subprotocols: websocket.Subprotocols(r)}
	c, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer c.Close()
	for {
		kind, text, err := c.ReadMessage()
		if err != nil || c.WriteMessage(kind, text) != nil {
			return
		}
	}
}

// endless is a source of bytes.
type endless struct{}

var filler = []byte(strings.Repeat("0123456789abcdef", 4096))

func (endless) Read(b []byte) (int, error) { return copy(b, filler), nil }
