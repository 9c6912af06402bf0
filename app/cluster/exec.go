package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/remotecommand"
	client "k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	pingEvery = 5 * time.Second
	pongAfter = time.Minute // a server that does not answer for so long is gone
	writeTime = 30 * time.Second
	execIdle  = time.Hour
)

// shell begins the best shell that a container has.
var shell = []string{"sh", "-c", "export TERM=xterm-256color; if command -v bash >/dev/null 2>&1; then exec bash; fi; exec sh"}

var (
	errIdle = fault.New(fault.Unavailable, "exec.idle", "Nothing was typed or shown for an hour, so the terminal was closed. Open it again.")
	errExec = fault.New(fault.Invalid, "exec.failed", "The command cannot be run in this container.")
)

// An ExecQuery says what is run where.
type ExecQuery struct {
	Namespace, Name, Container string
	Command                    []string // empty: a shell
	TTY                        bool
	Idle                       time.Duration // ends it when nothing is said; zero: an hour
}

// A Size is that of a terminal, in characters.
type Size struct{ Cols, Rows uint16 }

// ExecStreams are what a command reads and writes. With a TTY nothing is written to Err.
type ExecStreams struct {
	In       io.ReadCloser
	Out, Err io.Writer
	Sizes    <-chan Size
}

// Exec runs a command in a container until it ends, and returns its exit code.
// The beginning and the end are in the audit, what is said is not.
func (s *Service) Exec(ctx context.Context, t store.Tenant, id string, q ExecQuery, o ExecStreams) (code int, err error) {
	l, err := s.link(ctx, t, id)
	if err != nil {
		return 0, err
	}
	if len(q.Command) == 0 {
		q.Command = shell
	}
	detail := map[string]any{"namespace": q.Namespace, "pod": q.Name, "container": q.Container, "command": q.Command}
	if err := t.Record(ctx, store.Audit{Action: "pods.exec", Thing: id, Result: "done", Detail: detail}); err != nil {
		return 0, err
	}
	begun := s.Now()
	code, err = l.exec(ctx, q, o)
	detail["seconds"], detail["exit_code"] = int(s.Now().Sub(begun).Seconds()), code
	result := "done"
	if err != nil && ctx.Err() == nil {
		result, detail["reason"] = "failed", fault.From(err).Code
	}
	return code, errors.Join(err, t.Record(context.WithoutCancel(ctx), store.Audit{Action: "pods.exec_end", Thing: id, Result: result, Detail: detail}))
}

// exec runs a command by WebSocket or, where that is not known, by SPDY.
func (l *link) exec(ctx context.Context, q ExecQuery, o ExecStreams) (int, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	idle := newIdle(cmp.Or(q.Idle, execIdle), func() { end(errIdle) })
	defer idle.stop()
	defer o.In.Close()
	options := client.StreamOptions{Stdin: idle.reader(o.In), Stdout: idle.writer(o.Out), Tty: q.TTY}
	if !q.TTY {
		options.Stderr = idle.writer(o.Err)
	}
	conn, err := l.upgrade(ctx, l.execURL(q), remotecommand.StreamProtocolV5Name)
	switch {
	case err == nil:
		err = attach(ctx, conn, options, o)
	case errors.Is(err, errNoUpgrade):
		options.TerminalSizeQueue = sizes{ctx, o.Sizes}
		err = better(err, l.execSPDY(ctx, q, options))
	}
	if cause := context.Cause(ctx); cause != nil {
		return 0, cause
	}
	if code, ok := errors.AsType[exec.CodeExitError](err); ok {
		return code.Code, nil
	}
	return 0, reason(err)
}

func (l *link) execURL(q ExecQuery) *url.URL {
	r := l.plain.Get().AbsPath(podKind.path(q.Namespace, q.Name, "exec")...).Param("container", q.Container)
	r.Param("stdin", "true").Param("stdout", "true").Param("stderr", strconv.FormatBool(!q.TTY)).Param("tty", strconv.FormatBool(q.TTY))
	for _, word := range q.Command {
		r.Param("command", word)
	}
	return r.URL()
}

// execSPDY runs a command over SPDY.
func (l *link) execSPDY(ctx context.Context, q ExecQuery, o client.StreamOptions) error {
	transport, up, err := l.spdy()
	if err != nil {
		return err
	}
	run, err := client.NewSPDYExecutorForTransports(transport, up, "POST", l.execURL(q))
	if err != nil {
		return err
	}
	return run.StreamWithContext(ctx, o)
}

// sizes hands over the sizes of a terminal until ctx ends.
type sizes struct {
	ctx context.Context //nolint:containedctx // the interface of client-go has none
	of  <-chan Size
}

// Next implements remotecommand.TerminalSizeQueue.
func (s sizes) Next() *client.TerminalSize {
	select {
	case v, open := <-s.of:
		if !open {
			return nil
		}
		return &client.TerminalSize{Width: v.Cols, Height: v.Rows}
	case <-s.ctx.Done():
		return nil
	}
}

// attach speaks the protocol v5.channel.k8s.io: the first byte of each message
// says which stream it belongs to.
func attach(ctx context.Context, conn *websocket.Conn, o client.StreamOptions, of ExecStreams) error {
	ctx, end := context.WithCancel(ctx)
	ended := context.AfterFunc(ctx, func() { _ = conn.Close() }) // whoever reads or writes it stops
	w := &channels{conn: conn}
	var parts sync.WaitGroup
	parts.Go(func() { w.input(o.Stdin) })
	parts.Go(func() { w.resize(sizes{ctx, of.Sizes}) })
	parts.Go(func() { w.ping(ctx) })
	err := w.output(o.Stdout, o.Stderr)
	end()
	_ = of.In.Close() // so that nobody waits for input
	parts.Wait()
	if ended() {
		_ = conn.Close()
	}
	return err
}

// channels are the streams of a command over one WebSocket.
type channels struct {
	conn    *websocket.Conn
	writing sync.Mutex
}

func (c *channels) write(stream byte, data []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	return c.conn.WriteMessage(websocket.BinaryMessage, append([]byte{stream}, data...))
}

// input sends what is typed, and then that no more comes.
func (c *channels) input(from io.Reader) {
	buf := make([]byte, frameSize-1)
	for {
		n, err := from.Read(buf)
		if n > 0 && c.write(remotecommand.StreamStdIn, buf[:n]) != nil {
			return // whoever reads sees why
		}
		if err != nil {
			_ = c.write(remotecommand.StreamClose, []byte{remotecommand.StreamStdIn})
			return
		}
	}
}

func (c *channels) resize(from sizes) {
	for v := from.Next(); v != nil; v = from.Next() {
		text, err := json.Marshal(v)
		if err != nil || c.write(remotecommand.StreamResize, text) != nil {
			return
		}
	}
}

// ping keeps the connection alive on the way.
func (c *channels) ping(ctx context.Context) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(pingEvery)) // whoever reads sees why
		}
	}
}

// output hands over what the command writes until it ends, and returns how.
func (c *channels) output(out, stderr io.Writer) error {
	var status []byte
	alive := func(string) error { return c.conn.SetReadDeadline(time.Now().Add(pongAfter)) }
	c.conn.SetPongHandler(alive)
	for {
		if err := alive(""); err != nil {
			return err
		}
		_, data, err := c.conn.ReadMessage()
		if err != nil {
			if status != nil {
				return outcome(status)
			}
			return err
		}
		if len(data) == 0 {
			continue
		}
		to := io.Discard
		switch data[0] {
		case remotecommand.StreamStdOut:
			to = out
		case remotecommand.StreamStdErr:
			to = stderr
		case remotecommand.StreamErr:
			status = append(status, data[1:]...)
		}
		if to == nil {
			continue
		}
		if _, err := to.Write(data[1:]); err != nil {
			return err
		}
	}
}

// outcome reads how a command ended.
func outcome(text []byte) error {
	var v metav1.Status
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	if v.Status == metav1.StatusSuccess {
		return nil
	}
	if v.Reason == remotecommand.NonZeroExitCodeReason && v.Details != nil {
		for _, c := range v.Details.Causes {
			if code, err := strconv.Atoi(c.Message); err == nil && c.Type == remotecommand.ExitCodeCauseType {
				return exec.CodeExitError{Err: errors.New(v.Message), Code: code}
			}
		}
	}
	return saying(errExec, v.Message)
}
