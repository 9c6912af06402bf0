package httpapi

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/fasthttp/websocket"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
	"unity.internal/app/auth"
	"unity.internal/app/fault"
)

const (
	maxMessage = 1 << 20                // bytes that a browser may send at once
	pongWait   = 3 * heartbeat          // a browser that says nothing for so long is gone
	closeWait  = 500 * time.Millisecond // for the word why a socket ends
	maxSockets = 200                    // that one user may have open
)

// How a socket ends beside what WebSocket itself has a code for. What fails has
// 4000 and the status that it would have had, with its code as the reason.
const (
	closedSession = 4401 // the session or the permission is over
	closedSlow    = 4408 // the browser did not read
)

var (
	errUpgrade = &Problem{
		Status: http.StatusUpgradeRequired, Code: "socket.upgrade_required", Title: "Upgrade Required",
		Detail: "This address speaks WebSocket only. Connect to it with wss://.",
	}
	errClosed  = fault.New(fault.Unavailable, "appliance.stopping", "The appliance stops. Try again in a moment.")
	errSockets = fault.New(fault.Limited, "socket.too_many", "You have too many terminals and logs open. Close some of them.")
)

// A talk is a conversation over a socket. It returns when it is over, or when ctx
// ends, and what it fails with is told to the browser.
type talk func(ctx context.Context, w *wire) error

// socket registers a route that speaks WebSocket for as long as its caller stays
// and holds need. open looks whether there is something to speak of; it changes
// nothing, because the caller may not have come for a socket at all.
func socket(m mux, need auth.Permission, op huma.Operation, says *huma.MediaType, open func(context.Context, Caller, *fiber.Ctx) (talk, error)) {
	op.Security = []map[string][]string{{"session": {string(need)}}}
	op.Responses = map[string]*huma.Response{"101": {Description: "A WebSocket"}}
	if says != nil {
		op.Responses["101"].Content = map[string]*huma.MediaType{"application/json": says}
	}
	m.api.OpenAPI().AddOperation(&op)
	upgrade := websocket.FastHTTPUpgrader{
		ReadBufferSize: 4 << 10, WriteBufferSize: 16 << 10, WriteBufferPool: &sync.Pool{},
		CheckOrigin: func(*fasthttp.RequestCtx) bool { return true }, // it was, by who knows the public URL
	}
	path := strings.NewReplacer("{", ":", "}", "").Replace(op.Path)
	m.app.Add(op.Method, path, func(c *fiber.Ctx) error {
		ctx := c.UserContext()
		caller, err := m.callerFor(ctx, need, op)
		if err == nil && !caller.Program && !m.ours(c, clientOf(ctx)) {
			err = errOrigin // any page may open a socket, and the cookie goes along
		}
		if err != nil {
			return err
		}
		say, err := open(ctx, caller, c)
		if err != nil {
			return err
		}
		if !websocket.FastHTTPIsWebSocketUpgrade(c.Context()) {
			c.Set("Upgrade", "websocket")
			p := *errUpgrade
			p.RequestID = requestID(ctx)
			return &p
		}
		err = upgrade.Upgrade(c.Context(), func(conn *websocket.Conn) {
			m.talk(ctx, need, caller.User, conn, say) // c is used for another request by now
		})
		if err != nil {
			c.Response().ResetBody()
			return fiber.ErrBadRequest
		}
		return nil
	})
}

// talk has a conversation until it is over, the browser is gone, the appliance
// stops or the caller may no longer have it, which it sees within a second.
func (m mux) talk(ctx context.Context, need auth.Permission, user string, conn *websocket.Conn, say talk) {
	w := &wire{conn: conn, in: make(chan message), gone: make(chan struct{}), patience: cmp.Or(m.Limits.Reader, writeWait)}
	if err := m.talks.begin(user); err != nil {
		p := m.problem(ctx, err)
		close(w.gone)
		w.close(4000+p.Status, p.Code)
		return
	}
	defer m.talks.end(user)
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	w.slow = func() { end(errSlow) }
	stopped := context.AfterFunc(m.stop, func() { end(errStopping) }) //nolint:contextcheck // the appliance's, which ends first
	defer stopped()
	var parts sync.WaitGroup
	parts.Go(func() { end(w.hear(ctx)) })
	parts.Go(func() { m.tend(ctx, need, w, end) })
	end(say(ctx, w))
	w.close(m.farewell(ctx))
	parts.Wait()
}

// Why a conversation ends.
var (
	errGone     = errors.New("socket: the browser is gone")
	errStopping = errors.New("socket: the appliance stops")
	errOver     = errors.New("socket: the session is over")
	errSlow     = errors.New("socket: the browser does not read")
)

// tend asks now and then whether the browser is there and may be.
func (m mux) tend(ctx context.Context, need auth.Permission, w *wire, end context.CancelCauseFunc) {
	check, beat := time.NewTicker(checkEvery), time.NewTicker(heartbeat)
	defer check.Stop()
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			w.close(m.farewell(ctx)) // a write that hangs ends with it
			return
		case <-beat.C:
			_ = w.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(closeWait)) // a write that hangs is seen elsewhere
		case <-check.C:
			if !m.still(ctx, need) {
				end(errOver)
			}
		}
	}
}

// farewell says why a socket ends.
func (m mux) farewell(ctx context.Context) (code int, reason string) {
	cause := context.Cause(ctx)
	switch {
	case cause == nil, errors.Is(cause, context.Canceled), errors.Is(cause, errGone):
		return websocket.CloseNormalClosure, ""
	case errors.Is(cause, errStopping):
		return websocket.CloseGoingAway, "appliance.stopping"
	case errors.Is(cause, errOver):
		return closedSession, auth.ErrSignIn.Code
	case errors.Is(cause, errSlow):
		return closedSlow, "socket.slow"
	}
	p := m.problem(ctx, cause)
	return 4000 + p.Status, p.Code
}

// A message is what a browser said.
type message struct {
	text bool // else binary
	data []byte
}

// A wire is the end of a socket that a talk holds.
type wire struct {
	conn     *websocket.Conn
	in       chan message
	gone     chan struct{} // closed when the browser can say nothing any more
	patience time.Duration
	slow     func() // ends the talk
	writing  sync.Mutex
	over     sync.Once
}

// hear hands over what the browser says, one message at a time, until it is gone.
func (w *wire) hear(ctx context.Context) error {
	defer close(w.gone)
	w.conn.SetReadLimit(maxMessage)
	alive := func(string) error { return w.conn.SetReadDeadline(time.Now().Add(pongWait)) }
	w.conn.SetPongHandler(alive)
	for {
		if err := alive(""); err != nil {
			return err
		}
		kind, data, err := w.conn.ReadMessage()
		if err != nil {
			return errGone
		}
		select {
		case w.in <- message{kind == websocket.TextMessage, data}:
		case <-ctx.Done(): // nobody listens: only its farewell is waited for
		}
	}
}

// binary and text send one message. A browser that reads again, but took longer
// than it may, gets what was under way and is told why the socket ends; one that
// does not is cut off after three times as long.
func (w *wire) binary(data []byte) error { return w.write(websocket.BinaryMessage, data) }
func (w *wire) text(data []byte) error   { return w.write(websocket.TextMessage, data) }

func (w *wire) write(kind int, data []byte) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	begun := time.Now()
	err := w.conn.SetWriteDeadline(begun.Add(3 * w.patience))
	if err == nil {
		err = w.conn.WriteMessage(kind, data)
	}
	if err == nil && time.Since(begun) <= w.patience {
		return nil
	}
	w.slow() // or it is gone, and nobody is told
	return errSlow
}

// close says why, waits a moment for the browser to have heard it, and ends
// whatever still reads or writes.
func (w *wire) close(code int, reason string) {
	w.over.Do(func() {
		wait := closeWait
		if code == closedSlow {
			wait = 2 * w.patience // it must read what is before that first
		}
		if w.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(wait)) == nil {
			select {
			case <-w.gone:
			case <-time.After(wait):
			}
		}
		if c, ok := w.conn.NetConn().(interface{ UnsafeConn() net.Conn }); ok {
			_ = c.UnsafeConn().Close() // fasthttp closes it only when the handler has returned
		}
	})
}

// An opened counts the conversations that go on outside of requests, so that the
// appliance can wait for their end.
type opened struct {
	mu     sync.Mutex
	closed bool
	by     map[string]int // user -> sockets
	all    sync.WaitGroup
}

// begin counts one more of a user.
func (o *opened) begin(user string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return errClosed
	case o.by[user] >= maxSockets:
		return errSockets
	}
	o.by[user]++
	o.all.Add(1)
	return nil
}

func (o *opened) end(user string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.by[user]--; o.by[user] == 0 {
		delete(o.by, user)
	}
	o.all.Done()
}

// wait lets none begin any more, and waits for the others until ctx ends.
func (o *opened) wait(ctx context.Context) error {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		o.all.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
