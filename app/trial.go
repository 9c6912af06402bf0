package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"unity.internal/app/fault"
)

const (
	trialSocket = "trial.sock" // where a program on trial says how it is
	tailLines   = 40           // of its log that are kept
	feedEvery   = 5 * time.Second
	askHealth   = 250 * time.Millisecond
	stopTime    = 30 * time.Second // for a program on trial to end its work
	maxPatience = time.Hour        // for a migration, however it asks for more time
)

// Why a trial failed.
var (
	errNoStart  = fault.New(fault.Conflict, "upgrade.no_start", "It could not be started.")
	errEnded    = fault.New(fault.Conflict, "upgrade.ended", "It ended by itself.")
	errLate     = fault.New(fault.Conflict, "upgrade.not_ready", "It was not ready in time.")
	errUnwell   = fault.New(fault.Conflict, "upgrade.unwell", "It was not well.")
	errCutOff   = fault.New(fault.Conflict, "upgrade.cut_off", "The machine or the process stopped in the middle of it.")
	errTrialEnd = errors.New("stopped during a trial")
)

// A trial is another program that runs on this data directory as a child, with the
// lock and the sockets of this process.
type trial struct {
	cmd   *exec.Cmd
	tail  *tail
	ears  *net.UnixConn
	heard chan string   // what it tells the manager of services
	ended chan struct{} // closed when it has
	err   error         // how it ended
}

// spawn starts a program on trial. It dies with this process, however that ends.
func (h *hold) spawn(ctx context.Context, path string, out io.Writer) (x *trial, err error) {
	x = &trial{tail: &tail{}, heard: make(chan string, 64), ended: make(chan struct{})}
	p, err := h.pack()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	socket := filepath.Join(h.dir, trialSocket)
	os.Remove(socket) //nolint:gosec // of one that was cut off
	if x.ears, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"}); err != nil {
		return nil, fmt.Errorf("listen for the new program: %w", err)
	}
	x.cmd = exec.CommandContext(context.WithoutCancel(ctx), path, os.Args[1:]...) //nolint:gosec // it was verified
	x.cmd.Args[0] = os.Args[0]
	x.cmd.Env = append(os.Environ(), p.label(func(i int) int { return 3 + i }), trialVariable+"=1",
		programVariable+"="+installed(), "NOTIFY_SOCKET="+socket)
	x.cmd.ExtraFiles = p.files
	x.cmd.Stdout, x.cmd.Stderr = io.MultiWriter(out, x.tail), io.MultiWriter(os.Stderr, x.tail)
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	x.cmd.WaitDelay = time.Second
	go x.listen()
	started := make(chan error, 1)
	go x.run(started)
	if err := <-started; err != nil {
		return nil, errors.Join(err, x.close(h.dir))
	}
	return x, nil
}

// run starts the program and waits for its end. The kernel ends the program with
// the thread that started it, so that one is kept until then.
func (x *trial) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := x.cmd.Start()
	started <- err
	if err == nil {
		x.err = x.cmd.Wait()
		close(x.ended)
	}
}

// listen hears what the program reports, until its socket is closed.
func (x *trial) listen() {
	defer close(x.heard)
	for buf := make([]byte, 4096); ; {
		n, err := x.ears.Read(buf)
		if err != nil {
			return
		}
		for line := range strings.Lines(string(buf[:n])) {
			select {
			case x.heard <- strings.TrimSpace(line):
			case <-x.ended:
			}
		}
	}
}

func (x *trial) close(dir string) error {
	err := x.ears.Close()
	for range x.heard { // until it does not listen any more
		continue
	}
	os.Remove(filepath.Join(dir, trialSocket)) //nolint:gosec // the next one does, too
	return err
}

// ready waits until the program says that it answers. Who migrates asks for more
// time, as of systemd.
func (x *trial) ready(ctx context.Context, patience time.Duration) error {
	began := time.Now()
	late := time.NewTimer(patience)
	defer late.Stop()
	feed := time.NewTicker(feedEvery)
	defer feed.Stop()
	for {
		select {
		case <-ctx.Done():
			return errTrialEnd
		case <-x.ended:
			return errEnded.Because(x.err)
		case <-late.C:
			return errLate
		case <-feed.C:
			keepWaiting()
		case line := <-x.heard:
			if line == daemon.SdNotifyReady {
				return nil
			}
			if more := extension(line); more > 0 && time.Since(began) < maxPatience {
				late.Reset(max(more, patience-time.Since(began)))
			}
		}
	}
}

// extension returns how much more time a program asks for; zero: none.
func extension(line string) time.Duration {
	text, ok := strings.CutPrefix(line, "EXTEND_TIMEOUT_USEC=")
	n, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil || n < 0 || n > maxPatience.Microseconds() {
		return 0
	}
	return time.Duration(n) * time.Microsecond
}

// keepWaiting tells systemd that this process works.
func keepWaiting() {
	_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog+"\nEXTEND_TIMEOUT_USEC="+strconv.FormatInt((4*feedEvery).Microseconds(), 10)) // not under systemd: nothing to tell
}

// well waits until the program was well for a while without a break, with some
// patience for what is not at first. What was not well before it is no reason to
// refuse it.
func (x *trial) well(ctx context.Context, dir string, watch, patience time.Duration, before []string, known bool) error {
	ask := time.NewTicker(askHealth)
	defer ask.Stop()
	feed := time.NewTicker(feedEvery)
	defer feed.Stop()
	end := time.Now().Add(watch + patience)
	since := time.Now()
	for {
		select {
		case <-ctx.Done():
			return errTrialEnd
		case <-x.ended:
			return errEnded.Because(x.err)
		case <-feed.C:
			keepWaiting()
		case <-x.heard: // it feeds its watchdog
		case <-ask.C:
			why := unwell(ctx, dir, before, known)
			switch {
			case why == "" && time.Since(since) >= watch:
				return nil
			case why == "":
			case time.Now().Before(end):
				since = time.Now()
			default:
				return errUnwell.Because(errors.New(why))
			}
		}
	}
}

// unwell asks a program on trial how it is, and says what is not well that was well
// before. A new kind of trouble counts, another sentence about an old one does not.
func unwell(ctx context.Context, dir string, before []string, known bool) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	v, err := dialControl(dir).health(ctx)
	switch {
	case err != nil:
		return "it does not answer: " + err.Error()
	case !v.Ready:
		return "it cannot serve: " + strings.Join(v.Degraded, "; ")
	case !known:
		return ""
	}
	old := map[string]bool{}
	for _, text := range before {
		old[kindOf(text)] = true
	}
	var all []string
	for _, text := range v.Degraded {
		if !old[kindOf(text)] {
			all = append(all, text)
		}
	}
	return strings.Join(all, "; ")
}

func kindOf(text string) string {
	kind, _, _ := strings.Cut(text, ":")
	return kind
}

// stop has the program end in its usual order, or at once. A second signal to this
// process ends it at once, too.
func (x *trial) stop(politely bool) {
	group := -x.cmd.Process.Pid
	if politely {
		again := make(chan os.Signal, 1)
		signal.Notify(again, syscall.SIGTERM, os.Interrupt)
		defer signal.Stop(again)
		_ = x.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		feed := time.NewTicker(feedEvery)
		defer feed.Stop()
		late := time.NewTimer(stopTime)
		defer late.Stop()
		for waiting := true; waiting; {
			select {
			case <-x.ended:
				waiting = false
			case <-feed.C:
				keepWaiting()
			case <-again:
				waiting = false
			case <-late.C:
				waiting = false
			}
		}
	}
	_ = syscall.Kill(group, syscall.SIGKILL) // what it started and left
	<-x.ended
}

// A tail keeps the last lines that were written.
type tail struct {
	mu    sync.Mutex
	text  []byte
	lines []string
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	for {
		line, rest, ok := bytes.Cut(t.text, []byte("\n"))
		if !ok {
			break
		}
		t.lines = append(t.lines, strings.ToValidUTF8(string(line[:min(len(line), 1000)]), ""))
		t.text = rest
	}
	t.lines = t.lines[max(0, len(t.lines)-tailLines):]
	t.text = t.text[:min(len(t.text), 4096)]
	return len(p), nil
}

// Lines returns them. A set-up address lets its reader in, so it is none of them.
func (t *tail) Lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := []string{}
	for _, line := range append(slices.Clip(t.lines), string(t.text)) {
		if line != "" && !strings.Contains(line, "token=") {
			all = append(all, line)
		}
	}
	return all
}
