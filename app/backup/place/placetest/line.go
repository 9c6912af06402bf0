package placetest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A line is the network between a test and a server: it has one address for
// ever, behind which the server may change.
type line struct {
	tb    testing.TB
	addr  string
	mu    sync.Mutex
	to    string
	ln    net.Listener
	quiet bool
	conns map[net.Conn]bool
	ends  sync.WaitGroup
}

func newLine(tb testing.TB, to string) *line {
	tb.Helper()
	l := &line{tb: tb, addr: "127.0.0.1:0", to: to, conns: map[net.Conn]bool{}}
	l.back()
	l.addr = l.ln.Addr().String()
	tb.Cleanup(func() {
		l.away()
		l.ends.Wait()
	})
	return l
}

// back listens, and lets through what comes.
func (l *line) back() {
	l.cut()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.quiet = false
	if l.ln != nil {
		return
	}
	ln, err := net.Listen("tcp", l.addr) //nolint:noctx // it ends with the test
	if err != nil {
		l.tb.Error(err)
		return
	}
	l.ln = ln
	l.ends.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			l.ends.Go(func() { l.pass(c) })
		}
	})
}

// away closes everything.
func (l *line) away() {
	l.mu.Lock()
	if l.ln != nil {
		_ = l.ln.Close()
		l.ln = nil
	}
	l.mu.Unlock()
	l.cut()
}

// silence takes connections and what comes on them, and passes nothing on.
func (l *line) silence() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.quiet = true
}

// move lets the line lead to another server.
func (l *line) move(to string) {
	l.mu.Lock()
	l.to = to
	l.mu.Unlock()
	l.cut()
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		_ = c.Close()
	}
	clear(l.conns)
}

func (l *line) keep(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = true
}

func (l *line) silent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.quiet
}

func (l *line) pass(c net.Conn) {
	defer c.Close()
	l.keep(c)
	l.mu.Lock()
	to := l.to
	l.mu.Unlock()
	s, err := net.Dial("tcp", to) //nolint:noctx // it ends with the test
	if err != nil {
		return
	}
	defer s.Close()
	l.keep(s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.copy(s, c)
	}()
	l.copy(c, s)
	_ = s.Close()
	_ = c.Close()
	<-done
}

// copy passes on what comes, unless the line is silent.
func (l *line) copy(to io.Writer, from io.Reader) {
	for b := make([]byte, 32<<10); ; {
		n, err := from.Read(b)
		if n > 0 && !l.silent() {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
