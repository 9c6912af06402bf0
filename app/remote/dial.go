package remote

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"unity.internal/app/fault"
)

// The stages of a connection, in their order.
const (
	StageName     = "name"
	StageTCP      = "tcp"
	StageHostKey  = "host_key"
	StageLogin    = "login"
	StageCommands = "commands"
)

// A Stage is one step of a test of a server.
type Stage struct {
	Stage   string `json:"stage" enum:"name,tcp,host_key,login,commands"`
	OK      bool   `json:"ok"`
	Message string `json:"message" doc:"What was found, or what to do"`
	Code    string `json:"code,omitempty" doc:"Why it failed, for programs"`
	MS      int64  `json:"ms"`
}

// A Trial is how far a connection came.
type Trial struct {
	Stages  []Stage
	Offered *HostKey // the key the server showed, if it came that far
	began   time.Time
}

// done ends the current stage and begins the next.
func (r *Trial) done(stage, message string, err error) {
	if r == nil {
		return
	}
	s := Stage{Stage: stage, OK: err == nil, Message: message, MS: time.Since(r.began).Milliseconds()}
	if err != nil {
		f := fault.From(err)
		s.Message, s.Code = f.Msg, f.Code
	}
	r.Stages = append(r.Stages, s)
	r.began = time.Now()
}

// Try makes a connection of its own for t, runs c on it and says how each stage
// but the commands went: the caller reads those in the output. The error is
// that of the stage that failed.
func (p *Pool) Try(ctx context.Context, t Target, c Command) (Trial, Output, error) {
	r := Trial{began: time.Now()}
	l, err := p.dial(ctx, t, &r)
	if err != nil {
		return r, Output{}, err
	}
	defer l.close()
	out, err := p.run(ctx, l, t, c)
	if _, dead := errors.AsType[*deadError](err); dead {
		err = lost(t).Because(err)
	}
	return r, out, err
}

// dial makes a connection through all stages, and tells r how each went.
func (p *Pool) dial(ctx context.Context, t Target, r *Trial) (*link, error) {
	release, err := p.begin(ctx, t)
	if err != nil {
		return nil, err
	}
	defer release()
	conn, err := p.reach(ctx, t, r)
	if err != nil {
		return nil, err
	}
	l, err := p.shake(ctx, t, r, conn)
	if err != nil {
		_ = conn.Close() // it failed already
		return nil, err
	}
	return l, nil
}

// begin waits for one of the places in which connections begin. A dial keeps
// its place for as long as it gets on, and at most for patience: hosts that
// never answer do not delay others.
func (p *Pool) begin(ctx context.Context, t Target) (release func(), err error) {
	select {
	case p.dials <- struct{}{}:
	case <-ctx.Done():
		return nil, interrupted(ctx, t)
	}
	free := sync.OnceFunc(func() { <-p.dials })
	late := time.AfterFunc(patience, free)
	return func() { late.Stop(); free() }, nil
}

// reach finds the address of t and connects to it.
func (p *Pool) reach(ctx context.Context, t Target, r *Trial) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, p.limits.Connect)
	defer cancel()
	if p.Other != nil {
		if conn, known, err := p.Other(ctx, t.Host); known {
			return other(t, r, conn, err)
		}
	}
	addrs, err := lookUp(ctx, t.Host)
	if err != nil {
		err := unnamed(t, err)
		r.done(StageName, "", err)
		return nil, err
	}
	r.done(StageName, t.Host+" is "+addrs[0].String()+".", nil)
	port := strconv.FormatInt(t.Port, 10)
	for i, a := range addrs {
		conn, err := dialOne(ctx, net.JoinHostPort(a.String(), port), len(addrs)-i)
		if err == nil {
			r.done(StageTCP, "Port "+port+" answers.", nil)
			return conn, nil
		}
		if i == len(addrs)-1 || ctx.Err() != nil {
			if errors.Is(ctx.Err(), context.Canceled) {
				return nil, ctx.Err()
			}
			err := unreached(t, err)
			r.done(StageTCP, "", err)
			return nil, err
		}
	}
	return nil, unnamed(t, net.UnknownNetworkError(t.Host))
}

// other tells r of a connection that was made without a network.
func other(t Target, r *Trial, conn net.Conn, err error) (net.Conn, error) {
	r.done(StageName, t.Host+" is known.", nil)
	if err != nil {
		err := unreached(t, err)
		r.done(StageTCP, "", err)
		return nil, err
	}
	r.done(StageTCP, "Port "+strconv.FormatInt(t.Port, 10)+" answers.", nil)
	return conn, nil
}

// dialOne gives one of several addresses its share of the time that is left.
func dialOne(ctx context.Context, addr string, shares int) (net.Conn, error) {
	if end, ok := ctx.Deadline(); ok && shares > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(shares))
		defer cancel()
	}
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3}}
	return d.DialContext(ctx, "tcp", addr)
}

func lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err == nil && len(addrs) == 0 {
		err = &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	return addrs, err
}

// shake makes an SSH connection of conn: first the host key, then the log-in.
func (p *Pool) shake(ctx context.Context, t Target, r *Trial, conn net.Conn) (*link, error) {
	if err := conn.SetDeadline(time.Now().Add(p.limits.Handshake)); err != nil {
		return nil, unshaken(t, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var keyErr error
	seen := false
	in := &login{ctx: ctx, t: t}
	if p.Agent != nil {
		in.agent = p.Agent()
	}
	defer in.close()
	c, channels, requests, err := ssh.NewClientConn(conn, conn.RemoteAddr().String(), &ssh.ClientConfig{
		User: t.User, Auth: in.methods(), ClientVersion: "SSH-2.0-Unity", HostKeyAlgorithms: preferred(t.Trusted),
		HostKeyCallback: func(_ string, _ net.Addr, k ssh.PublicKey) error {
			seen, keyErr = true, verify(t, k)
			if offered := hostKey(k); r != nil {
				r.Offered = &offered
				r.done(StageHostKey, "The host key is the trusted one: "+offered.Fingerprint+".", keyErr)
			}
			return keyErr
		},
	})
	switch {
	case err == nil && conn.SetDeadline(time.Time{}) == nil:
		r.done(StageLogin, "Signed in as "+t.User+".", nil)
		return newLink(conn, c, channels, requests), nil
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, ctx.Err()
	case keyErr != nil:
		return nil, keyErr
	case !seen:
		err := unshaken(t, err)
		r.done(StageHostKey, "", err)
		return nil, err
	case in.err != nil:
		err = in.err
	default:
		err = unwelcome(t, err)
	}
	r.done(StageLogin, "", err)
	return nil, err
}

// broken reports whether err means that the other side is gone.
func broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
