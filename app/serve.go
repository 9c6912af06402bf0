package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/skip2/go-qrcode"
	"golang.org/x/sync/errgroup"
	"golang.org/x/term"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// drainTime is how long a stop waits for requests to end.
const drainTime = 5 * time.Second

// secretFile returns the first line of a file that holds a secret.
func secretFile(path string) ([]byte, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, fmt.Errorf("read a secret: %w", err)
	}
	text, _, _ = bytes.Cut(text, []byte("\n"))
	return bytes.TrimSpace(text), nil
}

// serve says where the appliance is reached, and answers until ctx ends.
func (a *App) serve(ctx context.Context, out io.Writer, listeners []net.Listener) error {
	if a.unproxied() {
		a.log.WarnContext(ctx, unproxied)
	}
	g, serving := errgroup.WithContext(ctx)
	for _, ln := range listeners {
		g.Go(func() error { return a.http.Serve(ln) })
	}
	if err := a.greet(ctx, out); err != nil && ctx.Err() == nil { // stopped meanwhile: it ends as ever
		return errors.Join(err, a.drain(ctx), g.Wait())
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // little is garbage here, and memory is what small boxes lack
	}
	a.calmDown(serving)
	refused := a.announce()
	err := a.drain(ctx)
	a.leave()
	a.end()
	return errors.Join(err, refused, g.Wait())
}

// drain takes no more requests, and waits a while for those that run.
func (a *App) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := a.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		a.log.WarnContext(ctx, "requests were still running at the stop")
		return nil
	}
	return err
}

const (
	calm  = 20 * time.Second // when the first look at everything is over
	eased = 5 * time.Second  // and what follows the first look at a cluster
)

// calmDown lets go of what only the start needed, later of what only the first
// look at everything did, and each time a cluster was read or kept whole. It
// returns when ctx ends.
func (a *App) calmDown(ctx context.Context) {
	forget := func() {
		if err := forgetPages(); err != nil {
			a.log.DebugContext(ctx, "keep the pages of the program", "err", err) // they cost nothing but the figure
		}
	}
	forget()
	for wait := calm; ; {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		debug.FreeOSMemory()
		forget()
		select {
		case <-a.eased:
			wait = eased
		case <-ctx.Done():
			return
		}
	}
}

// auto is an address that is found at the start: the port that browsers try, or
// one that anybody may have.
const auto = "auto"

// unasked is where this box finds an appliance of whose ports nothing is known.
const unasked = "http://127.0.0.1:8080"

// or returns the addresses to try for one that a flag gave.
func or(address string, found ...string) []string {
	if address == auto {
		return found
	}
	return []string{address}
}

// first listens on the first of the addresses that can be had.
func first(ctx context.Context, flag string, addresses []string) (net.Listener, error) {
	var why []string
	for _, address := range addresses {
		ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err == nil {
			return ln, nil
		}
		why = append(why, fmt.Sprintf("%s: %v", address, unwrapped(err)))
	}
	return nil, fault.New(fault.Conflict, "listen.failed", "Cannot listen on %s. Choose another address with %s.", strings.Join(why, ", nor on "), flag)
}

// listeners opens the addresses that the flags name, and closes what was handed
// over for others.
func (a *App) listeners(ctx context.Context) (all []net.Listener, err error) {
	s := a.config.Serve
	if s.HTTP != "" {
		ln, err := s.plain(ctx, a.hold)
		if err != nil {
			return nil, err
		}
		a.names.plain = ln.Addr()
		all = append(all, ln)
	} else if err := a.hold.drop("--http"); err != nil {
		return nil, err
	}
	if s.HTTPS == "" || a.tlsMode() == store.TLSOff {
		return all, a.hold.drop("--https")
	}
	ln, err := s.secure(ctx, a.hold)
	if err != nil {
		for _, open := range all {
			err = errors.Join(err, open.Close())
		}
		return nil, err
	}
	a.names.tls = ln.Addr()
	return append(all, tls.NewListener(ln, a.cert.TLSConfig())), nil
}

func (s *Serve) plain(ctx context.Context, h *hold) (net.Listener, error) {
	return h.listen(ctx, "--http", or(s.HTTP, ":80", ":8080")...)
}

func (s *Serve) secure(ctx context.Context, h *hold) (net.Listener, error) {
	return h.listen(ctx, "--https", or(s.HTTPS, ":443", ":8443")...)
}

// hold has the sockets open before an appliance is there, for one that runs in
// another process. Which of them it uses is known when it has read its settings.
func (s *Serve) hold(ctx context.Context, h *hold) error {
	if s.HTTP != "" {
		ln, err := s.plain(ctx, h)
		if err != nil {
			return err
		}
		defer func() { _ = ln.Close() }() // the one of the hold stays
	}
	if s.HTTPS != "" && s.TLS != store.TLSOff {
		ln, err := s.secure(ctx, h)
		if err != nil {
			return err
		}
		defer func() { _ = ln.Close() }()
	}
	return nil
}

// unwrapped returns the innermost cause, which is what a person can use.
func unwrapped(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// greet prints where the appliance is reached and, on a new one, where it is set up.
func (a *App) greet(ctx context.Context, out io.Writer) error {
	urls := a.names.urls()
	first := ""
	if len(urls) > 0 {
		first = urls[0]
	}
	fmt.Fprintf(out, "unity: ready %s in %d ms\n", first, time.Since(a.started).Milliseconds())
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady) // not under systemd: nothing to tell
	there, err := a.store.System().HasUsers(ctx)
	if err != nil || there {
		return errors.Join(err, a.setup.Remove())
	}
	token, err := a.setup.Make()
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "unity: nobody can sign in yet. Open one of these, once:")
	last := ""
	for _, u := range urls {
		last = u + "/setup?token=" + token
		fmt.Fprintf(out, "  %-9s %s\n", whose(u), last)
	}
	a.vouch(ctx, out)
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && last != "" {
		if code, err := qrcode.New(last, qrcode.Low); err == nil {
			fmt.Fprint(out, code.ToSmallString(false))
		}
	}
	return nil
}

// whose says who reaches the appliance at an address.
func whose(base string) string {
	if u, err := url.Parse(base); err == nil {
		if at, err := netip.ParseAddr(u.Hostname()); err == nil && at.IsLoopback() {
			return "this box"
		}
	}
	return "the LAN"
}

// vouch prints how a device learns to trust the appliance, and what to compare.
func (a *App) vouch(ctx context.Context, out io.Writer) {
	page := a.names.open(a.names.lan())
	if page == "" || a.names.tls == nil || a.tlsMode() != store.TLSInternal {
		return
	}
	shown, err := a.cert.Fingerprint(ctx)
	if err != nil {
		return // locked: the page says so, too
	}
	fmt.Fprintf(out, "unity: until a device trusts this appliance, its browser warns of it. %s/trust says how; the fingerprint is\n  %s\n", page, shown)
}

// tlsMode says who signs certificates.
func (a *App) tlsMode() string { return a.cert.Mode() }

// unproxied is what is wrong with TLS that is off without a proxy in front.
const unproxied = "TLS is off and no proxy is named, so only this box is served"

// unproxied reports whether nobody but this box can be served.
func (a *App) unproxied() bool { return a.tlsMode() == store.TLSOff && !a.names.proxied() }
