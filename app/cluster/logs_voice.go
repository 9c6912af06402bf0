package cluster

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"unity.internal/app/fault"
)

const (
	maxLine    = 256 << 10 // bytes of a line that are shown
	lineBuffer = 8 << 10
)

// A voice is one container whose lines are read.
type voice struct {
	crew     *crew
	said     LogSource
	changed  chan struct{} // holds a token when its pod changed
	finished atomic.Bool   // it will not run again
	answered func()        // its first answer is there
	last     time.Time     // of the last line
	same     int           // how many lines had that time
}

// claim begins to read a container, unless that is done already. It returns false
// if there are too many.
func (l *Logs) claim(c *crew, pod *corev1.Pod, container string) (*voice, bool) {
	key := c.target.Cluster + "|" + string(pod.UID) + "|" + container
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known[key] != nil {
		return nil, true
	}
	if len(l.known) >= maxSources {
		first := !l.full
		l.full = true
		return nil, !first
	}
	s := &voice{crew: c, changed: make(chan struct{}, 1), answered: func() {}, said: LogSource{
		Index: l.indexes, Cluster: c.target.Cluster, Kind: kindPods, Namespace: pod.Namespace, Name: pod.Name, Container: container, State: logOpen,
	}}
	l.known[key] = s
	l.indexes++
	return s, true
}

func (r *voice) wake() {
	select {
	case r.changed <- struct{}{}:
	default: // it has a token
	}
}

// say tells the reader of another state.
func (r *voice) say(state string, err error) {
	f := &fault.Error{}
	if err != nil {
		f = fault.From(err)
	}
	if r.said.State == state && r.said.Reason == f.Msg {
		return
	}
	r.said.State, r.said.Code, r.said.Reason = state, f.Code, f.Msg
	r.crew.logs.say(r.said)
}

// run reads until the container has ended. What breaks is taken up again where it
// broke; a container that waits is asked for when its pod changes.
func (r *voice) run(ctx context.Context) { //nolint:cyclop // a state machine, a state a case
	defer r.answered()
	r.crew.logs.say(r.said)
	follow := r.crew.logs.query.Follow
	for pause, tries := backoffFirst, 0; ; tries++ {
		before := r.last
		err := r.read(ctx)
		r.answered()
		if ctx.Err() != nil {
			return
		}
		if r.last.After(before) {
			pause, tries = backoffFirst, 0
		}
		over := r.finished.Load()
		switch waits := waiting(err); {
		case err == nil && (over || !follow), over && waits:
			r.say(logEnded, nil)
			return
		case waits && follow:
			r.say(logWaiting, saying(errWaiting, said(err)))
		case err == nil:
			r.say(logWaiting, errStopped)
		case !broken(err) || !follow && tries > 3:
			r.lost(err)
			return
		default:
			r.say(logBroken, reason(err))
		}
		if !linger(ctx, pause, r.changed) {
			return
		}
		pause = min(2*pause, backoffLast)
	}
}

// lost says that a voice cannot be read.
func (r *voice) lost(err error) {
	if apierrors.IsNotFound(err) && !r.last.IsZero() {
		r.say(logEnded, nil)
		return
	}
	r.say(logFailed, reason(err))
}

var (
	errWaiting = fault.New(fault.Unavailable, "logs.waiting", "The container has not begun yet. Its lines come as soon as it does.")
	errStopped = fault.New(fault.Unavailable, "logs.stopped", "The container has ended. Its lines come as soon as it runs again.")
)

// waiting reports whether the cluster refused because a container does not run yet.
func waiting(err error) bool {
	return apierrors.IsBadRequest(err) && (strings.Contains(err.Error(), "waiting to start") || strings.Contains(err.Error(), "not available") ||
		strings.Contains(err.Error(), "does not have a host assigned"))
}

// broken reports whether a voice may be read again: what the cluster refused
// stays refused.
func broken(err error) bool {
	var status apierrors.APIStatus
	return !errors.As(err, &status) || apierrors.IsTooManyRequests(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err) || apierrors.IsTimeout(err) ||
		apierrors.IsServerTimeout(err) || apierrors.IsUnexpectedServerError(err)
}

// said returns what the cluster itself says of an error.
func said(err error) string {
	if status := apierrors.APIStatus(nil); errors.As(err, &status) {
		return status.Status().Message
	}
	return ""
}

// request asks for the lines of a container: all that are wanted, or those from
// the last one on.
func (q LogQuery) request(client *rest.RESTClient, v LogSource, last time.Time) *rest.Request {
	r := client.Get().AbsPath(podKind.path(v.Namespace, v.Name, "log")...).Param("container", v.Container).Param("timestamps", "true")
	if q.Follow {
		r.Param("follow", "true")
	}
	if q.Previous {
		r.Param("previous", "true")
	}
	if !last.IsZero() {
		return r.Param("sinceTime", last.UTC().Truncate(time.Second).Format(time.RFC3339)) // the kubelet knows seconds only
	}
	if q.Since > 0 {
		r.Param("sinceSeconds", strconv.Itoa(max(1, int(q.Since.Seconds()))))
	}
	if q.Tail >= 0 {
		r.Param("tailLines", strconv.Itoa(q.Tail))
	}
	return r
}

// read reads once, until the stream ends: nil if the container did, too.
func (r *voice) read(ctx context.Context) error {
	stream, err := r.crew.logs.query.request(r.crew.client, r.said, r.last).Stream(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	r.say(logOpen, nil)
	r.answered()
	skip := resume{r.last, r.same}
	lines := newLines(stream)
	for {
		v, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if skip.seen(v.At) {
			continue
		}
		if v.At.Equal(r.last) {
			r.same++
		} else if !v.At.IsZero() {
			r.last, r.same = v.At, 1
		}
		v.Source = r.said.Index
		if !r.crew.logs.backlog.put(ctx, v) {
			return ctx.Err()
		}
	}
}

// A resume knows which lines were read before a stream broke.
type resume struct {
	last time.Time
	same int
}

// seen reports whether a line was read before.
func (r *resume) seen(at time.Time) bool {
	if at.Before(r.last) {
		return true
	}
	if r.same > 0 && at.Equal(r.last) {
		r.same--
		return true
	}
	r.same = 0
	return false
}

// lines cuts a log into lines, each with the time before it.
type lines struct {
	from *bufio.Reader
	line []byte
	at   time.Time // of the line before
}

func newLines(from io.Reader) *lines { return &lines{from: bufio.NewReaderSize(from, lineBuffer)} }

// next returns the next line, or io.EOF. The end of one that is too long is left out.
func (l *lines) next() (v LogLine, err error) {
	l.line = l.line[:0]
	for {
		part, err := l.from.ReadSlice('\n')
		if room := maxLine + len(time.RFC3339Nano) + 1 - len(l.line); len(part) > room {
			part, v.Cut = part[:room], true
		}
		l.line = append(l.line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(l.line) == 0) {
			return v, err // what it had of a line comes again when it is resumed
		}
		break
	}
	line := bytes.TrimRight(l.line, "\r\n")
	stamp, text, _ := bytes.Cut(line, []byte(" "))
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil {
		at, text = l.at, line // what the runtime itself says has no time
	}
	l.at = at
	v.At, v.Text = at, string(text)
	if cap(l.line) > 2*lineBuffer {
		l.line = nil // one long line is no reason to keep room for many
	}
	return v, nil
}
