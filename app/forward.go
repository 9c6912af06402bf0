package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
)

// portRange is which ports may be opened for the ports of pods; zero: any.
type portRange struct{ from, to int }

// UnmarshalText reads FROM-TO.
func (p *portRange) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	first, last, ok := strings.Cut(string(text), "-")
	from, err := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if !ok || err != nil || err2 != nil || from < 1 || to > 65535 || from > to {
		return fmt.Errorf("%q is no range of ports: write it as in 20000-20100", text)
	}
	p.from, p.to = from, to
	return nil
}

// ports returns those to try, beginning anywhere, so that one which was just
// closed is not at once another's.
func (p portRange) ports() []int {
	if p.from == 0 {
		return []int{0}
	}
	all := rand.Perm(p.to - p.from + 1) //nolint:gosec // where to begin is no secret
	for i := range all {
		all[i] += p.from
	}
	return all
}

// forwardListener opens a listener beside that of HTTPS: with the same address
// and certificates. Without TLS it is for this box only.
func (a *App) forwardListener(ctx context.Context) (ln net.Listener, secure bool, err error) {
	host := "127.0.0.1"
	if at, ok := a.names.tls.(*net.TCPAddr); ok {
		secure = true
		if host = at.IP.String(); at.IP.IsUnspecified() {
			host = ""
		}
	}
	for _, port := range a.config.Serve.ForwardPorts.ports() {
		ln, err = (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			break
		}
	}
	if err != nil {
		return nil, false, err
	}
	ln = a.names.opened(ln)
	if secure {
		ln = tls.NewListener(ln, a.cert.TLSConfig())
	}
	return ln, secure, nil
}

// opened notes a listener for as long as it is open: requests to the outside must
// not reach it either.
func (n *names) opened(ln net.Listener) net.Listener {
	n.forwards.Store(ln.Addr(), true)
	return &noted{Listener: ln, forget: sync.OnceFunc(func() { n.forwards.Delete(ln.Addr()) })}
}

type noted struct {
	net.Listener
	forget func()
}

// Close implements net.Listener.
func (n *noted) Close() error {
	n.forget()
	return n.Listener.Close()
}
