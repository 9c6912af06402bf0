package remote

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"unity.internal/app/fault"
)

// A link is one SSH connection. It opens sessions for commands and refuses
// everything that the other side would like to open: no agent, no forwarding.
type link struct {
	conn  net.Conn
	ssh   ssh.Conn
	used  atomic.Int64 // unix nanoseconds of the last sign of life
	ended chan struct{}
	once  sync.Once
}

func newLink(conn net.Conn, c ssh.Conn, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) *link {
	l := &link{conn: conn, ssh: c, ended: make(chan struct{})}
	l.used.Store(time.Now().UnixNano())
	go ssh.DiscardRequests(requests) // ends with the connection
	go func() {
		for c := range channels {
			_ = c.Reject(ssh.Prohibited, "not here") // a refusal that cannot be sent is one too
		}
		close(l.ended)
	}()
	return l
}

func (l *link) alive() bool {
	if l == nil {
		return false
	}
	select {
	case <-l.ended:
		return false
	default:
		return true
	}
}

// close ends the connection and waits until its reader is gone.
func (l *link) close() {
	if l == nil {
		return
	}
	l.once.Do(func() { _ = l.conn.Close() }) // nothing is in flight that somebody waits for
	<-l.ended
}

// keep asks the other side for a sign of life whenever the connection was
// silent for idle, and ends it when none comes. It returns when the link ends.
func (l *link) keep(idle time.Duration) {
	tick := time.NewTicker(idle)
	defer tick.Stop()
	for {
		select {
		case <-l.ended:
			return
		case <-tick.C:
		}
		if time.Since(time.Unix(0, l.used.Load())) < idle {
			continue
		}
		late := time.AfterFunc(idle, func() { _ = l.conn.Close() })
		_, _, err := l.ssh.SendRequest("keepalive@openssh.com", true, nil)
		late.Stop()
		if err != nil {
			l.close()
			return
		}
		l.used.Store(time.Now().UnixNano())
	}
}

// buffers are kept between polls, so that a thousand polls are not a thousand buffers.
type buffers struct{ chunk [16 << 10]byte }

// run runs c in a session of l. Whatever goes wrong, l is of no further use.
func (p *Pool) run(ctx context.Context, l *link, t Target, c Command) (Output, error) {
	ctx, cancel := context.WithTimeout(ctx, orElse(c.Limit, p.limits.Command))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = l.conn.Close() })
	defer stop()
	s, err := open(l)
	if err != nil {
		if ctx.Err() != nil {
			return Output{}, ended(ctx, t)
		}
		return Output{}, &deadError{err}
	}
	out, err := s.run(c, p.limits.Output, l.conn)
	l.used.Store(time.Now().UnixNano())
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		return out, ended(ctx, t)
	case errors.Is(err, errTooLarge):
		return out, fault.New(fault.TooLarge, "remote.output_too_large",
			"The command on %s wrote more than %d MB and was cut off. Check what its shell prints at log-in.", t.Host, p.limits.Output>>20).Because(err)
	case errors.Is(err, errRefused):
		return out, fault.New(fault.Conflict, "remote.no_commands",
			"%s does not let %q run commands. Check the account's shell and the options of its key.", t.Host, t.User).Because(err)
	}
	return out, lost(t).Because(err)
}

// ended says whether time ran out or nobody waits any more.
func ended(ctx context.Context, t Target) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return slow(t, "finish the command").Because(ctx.Err())
}

var (
	errTooLarge = errors.New("remote: output over the limit")
	errRefused  = errors.New("remote: the server refuses to run a command")
	errCut      = errors.New("remote: the session ended without a status")
)

// A session is one command.
type session struct {
	ch       ssh.Channel
	requests <-chan *ssh.Request
}

func open(l *link) (session, error) {
	ch, requests, err := l.ssh.OpenChannel("session", nil)
	return session{ch, requests}, err
}

// run pipes the script into sh: a word that every login shell understands.
// If that fails, the connection ends too: nothing else would be sure to end the command.
func (s session) run(c Command, limit int, conn io.Closer) (out Output, err error) {
	status := make(chan int, 1)
	stderr := make(chan []byte, 1)
	var parts sync.WaitGroup
	defer func() {
		_ = s.ch.Close() // the other side closed it first if all is well
		if err != nil {
			_ = conn.Close()
		}
		parts.Wait()
	}()
	parts.Go(func() { status <- exit(s.requests) })
	ok, err := s.ch.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{"sh"}))
	if err != nil {
		return out, err
	}
	if !ok {
		return out, errRefused
	}
	parts.Go(func() { stderr <- head(s.ch.Stderr(), maxStderr) })
	out.Started = time.Now()
	// A shell that ends at once may close its end first: the status tells more.
	if _, err := io.WriteString(s.ch, c.Script); err == nil {
		_ = s.ch.CloseWrite()
	}
	out.Stdout, err = readAll(s.ch, limit, c.Watch)
	out.Ended = time.Now()
	if err != nil {
		return out, err
	}
	out.Stderr = <-stderr
	if out.Status = <-status; out.Status < 0 {
		return out, errCut
	}
	return out, nil
}

// exit returns the exit status among requests, -1 if there is none.
func exit(requests <-chan *ssh.Request) int {
	status := -1
	for r := range requests {
		var v struct{ Status uint32 }
		switch r.Type {
		case "exit-status":
			if ssh.Unmarshal(r.Payload, &v) == nil {
				status = int(v.Status)
			}
		case "exit-signal":
			status = -1
		}
		if r.WantReply {
			_ = r.Reply(false, nil) // a peer that is gone needs no answer
		}
	}
	return status
}

var chunks = sync.Pool{New: func() any { return new(buffers) }}

// readAll reads r to its end, or to limit.
func readAll(r io.Reader, limit int, watch func([]byte)) ([]byte, error) {
	b := chunks.Get().(*buffers)
	defer chunks.Put(b)
	var all bytes.Buffer
	for {
		n, err := r.Read(b.chunk[:])
		if all.Len()+n > limit {
			return all.Bytes(), errTooLarge
		}
		all.Write(b.chunk[:n])
		if watch != nil && n > 0 {
			watch(b.chunk[:n])
		}
		if errors.Is(err, io.EOF) {
			return all.Bytes(), nil
		}
		if err != nil {
			return all.Bytes(), err
		}
	}
}

// head keeps the beginning of r and reads on to its end, so that nobody blocks on it.
func head(r io.Reader, limit int64) []byte {
	first, _ := io.ReadAll(io.LimitReader(r, limit)) // a cut end is an end
	_, _ = io.Copy(io.Discard, r)
	return first
}
