package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"unity.internal/app/vault"
)

// errRestart is how an appliance ends that is to begin anew.
var errRestart = errors.New("restart")

// A hold is what a process keeps while one appliance after the other runs in it:
// the lock, so that no command comes between, and the sockets, so that callers
// wait for the next one instead of being refused.
type hold struct {
	dir     string
	trial   bool // of a new version, which another process watches
	lock    *os.File
	sockets map[string]*net.TCPListener // by their flag
	key     vault.Key                   // of the last one's vault: a person opened it once
}

// take makes the data directory and locks it.
func take(dir string) (*hold, error) {
	if err := prepare(dir); err != nil {
		return nil, err
	}
	h := &hold{dir: dir, sockets: map[string]*net.TCPListener{}}
	err := errors.Join(h.inherit(dir), h.activated())
	if h.lock == nil && err == nil {
		h.lock, err = lock(dir)
	}
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// listen returns a listener of its own on the socket of a flag, which is opened
// at the first time: on the first of the addresses that can be had.
func (h *hold) listen(ctx context.Context, flag string, addresses ...string) (net.Listener, error) {
	kept := h.sockets[flag]
	if kept == nil {
		ln, err := first(ctx, flag, addresses)
		if err != nil {
			return nil, err
		}
		kept = ln.(*net.TCPListener)
		h.sockets[flag] = kept
	}
	f, err := kept.File()
	if err != nil {
		return nil, fmt.Errorf("share a socket: %w", err)
	}
	defer f.Close()
	return net.FileListener(f)
}

// drop closes the socket of a flag that is not served: who calls there is to be
// refused, not to wait.
func (h *hold) drop(flag string) error {
	ln := h.sockets[flag]
	if ln == nil {
		return nil
	}
	delete(h.sockets, flag)
	return ln.Close()
}

// refuse closes the sockets: nobody is to wait at the end of the last appliance.
func (h *hold) refuse() (err error) {
	for flag, ln := range h.sockets {
		err = errors.Join(err, ln.Close())
		delete(h.sockets, flag)
	}
	return err
}

// Close lets go of everything.
func (h *hold) Close() error {
	err := h.refuse()
	if h.lock != nil {
		err = errors.Join(err, h.lock.Close())
	}
	return err
}

// serve runs an appliance on the data directory until ctx ends or it fails, and
// another one whenever it is asked to restart. made is told of each.
func (c *Config) serve(ctx context.Context, log *slog.Logger, out io.Writer, made func(*App)) (err error) {
	h, err := take(c.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	for {
		if err := h.upgrade(ctx, c, log, out); err != nil {
			return err
		}
		if ctx.Err() != nil { // it was stopped meanwhile
			return nil
		}
		a, err := h.begin(ctx, c, log)
		if err != nil {
			return err
		}
		made(a)
		if err = a.Run(ctx, out); !errors.Is(err, errRestart) {
			return err
		}
		h.key, _ = a.vault.Master() // a locked one has none
		if ctx.Err() != nil {       // it was stopped meanwhile
			return nil
		}
		log.InfoContext(ctx, "starting again in the same process")
	}
}

// Restart has the appliance end in its usual order and another one begin in the
// same process, on the same addresses. It only asks, so it may be called by what
// ends with it: a request, or a job.
func (a *App) Restart() { a.ask() }

// awaitRestart ends the parts when somebody asked for a restart.
func (a *App) awaitRestart(ctx context.Context) error {
	select {
	case <-a.asked:
		a.leave()
		return errRestart
	case <-ctx.Done():
		return nil
	}
}

// patiently does what may take long at a start, as a migration, and tells systemd
// meanwhile that it goes on.
func patiently(ctx context.Context, do func() error) error {
	waiting, done := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(feedEvery)
		defer tick.Stop()
		for {
			select {
			case <-waiting.Done():
				return
			case <-tick.C:
				keepWaiting()
			}
		}
	})
	defer wg.Wait()
	defer done()
	return do()
}

// announce tells systemd, and who wants to connect, whether this is the end.
func (a *App) announce() error {
	select {
	case <-a.asked:
		_, _ = daemon.SdNotify(false, daemon.SdNotifyReloading+"\n"+daemon.SdNotifyMonotonicUsec()) // not under systemd: nothing to tell
		return nil
	default:
		_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping) // not under systemd: nothing to tell
		return a.hold.refuse()
	}
}
