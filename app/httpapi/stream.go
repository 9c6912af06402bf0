package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"unity.internal/app/auth"
	"unity.internal/app/event"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	heartbeat   = 15 * time.Second
	writeWait   = 10 * time.Second
	checkEvery  = 500 * time.Millisecond // how soon a stream ends after its session
	maxWatching = 2000                   // pairs of server and metric one stream may name
)

// A source writes what comes next to out; it returns false when it has ended.
type source interface {
	next(ctx context.Context, out *bytes.Buffer, wake <-chan time.Time) bool
	close()
}

// stream registers a route that sends server-sent events for as long as its
// caller listens and holds need.
func stream(m mux, need auth.Permission, op huma.Operation, open func(context.Context, Caller, *fiber.Ctx) (source, error)) {
	flow(m, need, op, "text/event-stream", "Server-sent events", func(ctx context.Context, c Caller, r *fiber.Ctx) (sender, error) {
		from, err := open(ctx, c, r)
		if err != nil {
			return nil, err
		}
		r.Set("X-Accel-Buffering", "no")
		return func(ctx context.Context, w flusher) {
			defer from.close()
			m.send(ctx, need, from, w)
		}, nil
	})
}

// A sender writes an answer piece by piece, until it is whole or ctx ends.
type sender func(context.Context, flusher)

// flow registers a route whose answer is not made before it is sent. It is raw
// Fiber, because huma's adapter buffers, but it is in the document like any other.
func flow(m mux, need auth.Permission, op huma.Operation, media, text string, open func(context.Context, Caller, *fiber.Ctx) (sender, error)) {
	op.Security = []map[string][]string{{"session": {string(need)}}}
	op.Responses = map[string]*huma.Response{"200": {Description: text, Content: map[string]*huma.MediaType{media: {}}}}
	m.api.OpenAPI().AddOperation(&op)
	path := strings.NewReplacer("{", ":", "}", "").Replace(op.Path)
	m.app.Add(op.Method, path, func(c *fiber.Ctx) error {
		ctx, cancel := context.WithCancel(c.UserContext())
		caller, err := m.callerFor(ctx, need, op)
		var send sender
		if err == nil {
			send, err = open(ctx, caller, c)
		}
		if err != nil {
			cancel()
			return err
		}
		c.Set("Content-Type", media)
		c.Set("Cache-Control", "no-store")
		conn := c.Context().Conn() // c itself is used again once this handler returns
		c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
			defer cancel()
			ended := context.AfterFunc(m.stop, cancel) //nolint:contextcheck // the appliance's, which ends first
			defer ended()
			send(ctx, flusher{w, conn})
		})
		return nil
	})
}

// send copies events until they or ctx end, the reader is gone or too slow, or
// the caller may no longer listen, which it sees within a second.
func (m mux) send(ctx context.Context, need auth.Permission, from source, w flusher) {
	check := time.NewTicker(checkEvery)
	defer check.Stop()
	out := bytes.NewBufferString(": hello\n\n")
	last := time.Now()
	for {
		if out.Len() > 0 {
			if w.flush(out.Bytes()) != nil {
				return
			}
			out.Reset()
			last = time.Now()
		}
		if !from.next(ctx, out, check.C) || !m.still(ctx, need) {
			_ = w.flush(out.Bytes()) // the end of the stream either way
			return
		}
		if out.Len() == 0 && time.Since(last) >= heartbeat {
			out.WriteString(": heartbeat\n\n")
		}
	}
}

// A flusher writes to a connection that fasthttp gave one deadline for the
// whole answer: each write sets its own.
type flusher struct {
	w    *bufio.Writer
	conn net.Conn
}

// cut ends an answer that is not whole, so that nobody takes it for one.
func (f flusher) cut() { _ = f.conn.Close() } // the reader is told by nothing else

func (f flusher) flush(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if err := f.conn.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
		return err
	}
	if _, err := f.w.Write(text); err != nil {
		return err
	}
	return f.w.Flush()
}

// errWatching says that a stream names too much.
var errWatching = fault.New(fault.Invalid, "events.too_many_samples", "A stream may name at most 2,000 series. Name fewer, or use * for all servers.")

func (m mux) events() {
	op := route("events", http.MethodGet, "/events")
	op.Description = "Changes of things as {kind, id, rev}, and the samples of the named series. Last-Event-ID resumes."
	text := &huma.Schema{Type: huma.TypeString}
	op.Parameters = []*huma.Param{
		{Name: "topics", In: "query", Schema: text, Description: "Kinds of things, with commas between; empty: all"},
		{Name: "samples", In: "query", Schema: text, Description: "<server id>|<metric>, with commas between; either may be *"},
		{Name: "objects", In: "query", Schema: text, Description: "<cluster id>|<kind>, with commas between; either may be *"},
	}
	stream(m, auth.EventsRead, op, m.openEvents)
}

// openEvents subscribes a caller. Where there is one household, what belongs to
// the appliance itself is heard, too.
func (m mux) openEvents(ctx context.Context, c Caller, r *fiber.Ctx) (source, error) {
	watch, err := parseWatch(r.Query("samples"))
	if err != nil {
		return nil, err
	}
	objects, err := parseWatch(r.Query("objects"))
	if err == nil && len(objects) > 0 { // their names are told
		_, err = m.callerWith(ctx, auth.ClustersRead)
	}
	if err != nil {
		return nil, err
	}
	var topics []string
	if text := r.Query("topics"); text != "" {
		topics = strings.Split(text, ",")
	}
	reader, missed, reset := m.Bus.Read(c.Tenant.ID, r.Get("Last-Event-ID", r.Query("last")))
	e := &eventSource{bus: m.Bus, reader: reader, missed: missed, reset: reset, topics: topics, watch: watch, objects: objects}
	if !m.Auth.MultiTenancy() && c.Tenant.ID != store.SystemTenant {
		e.own, _, _ = m.Bus.Read(store.SystemTenant, "")
	}
	return e, nil
}

// An eventSource turns the bus into text.
type eventSource struct {
	bus    *event.Bus
	reader *event.Reader
	own    *event.Reader // of the appliance; nil: not heard
	missed []event.Event
	reset  bool
	topics []string
	watch  watch // samples by server and metric

	objects watch // changes by cluster and kind
}

func (s *eventSource) close() {
	s.reader.Close()
	if s.own != nil {
		s.own.Close()
	}
}

const resetText = "event: reset\ndata: {}\n\n"

func (s *eventSource) next(ctx context.Context, out *bytes.Buffer, wake <-chan time.Time) bool {
	if s.reset {
		s.reset = false
		out.WriteString(resetText)
		return true
	}
	for _, e := range s.missed {
		s.write(out, e, true)
	}
	s.missed = nil
	if out.Len() > 0 {
		return true
	}
	var own <-chan event.Event
	if s.own != nil {
		own = s.own.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-wake:
		return true
	case e, open := <-s.reader.C:
		return s.take(out, e, open, true)
	case e, open := <-own:
		return s.take(out, e, open, false)
	}
}

// take writes e and whatever waits behind it. A reader that fell behind is told
// to start over.
func (s *eventSource) take(out *bytes.Buffer, e event.Event, open, named bool) bool {
	for {
		if !open {
			out.WriteString(resetText)
			return false
		}
		s.write(out, e, named)
		if !named || len(s.reader.C) == 0 {
			return true
		}
		e, open = <-s.reader.C
	}
}

// write adds e if its reader asked for it. Only events of the caller's own
// tenant carry an id, because only those can be resumed.
func (s *eventSource) write(out *bytes.Buffer, e event.Event, named bool) {
	var name string
	var data any
	switch {
	case e.Samples != nil:
		points := s.watch.points(*e.Samples)
		if len(points) == 0 {
			return
		}
		name, data = "samples", samples{e.Samples.Server, e.Samples.At.UnixMilli(), points}
	case e.Objects != nil:
		if !s.objects.wants(e.Objects.Cluster, e.Objects.Kind) {
			return
		}
		name, data = "objects", e.Objects
	default:
		if s.topics != nil && !slices.Contains(s.topics, e.Kind) {
			return
		}
		name, data = "change", changed{e.Kind, e.ID, e.Rev}
	}
	text, err := json.Marshal(data)
	if err != nil {
		return // strings and finite numbers marshal
	}
	if named {
		out.WriteString("id: " + s.bus.Name(e) + "\n")
	}
	out.WriteString("event: " + name + "\ndata: ")
	out.Write(text)
	out.WriteString("\n\n")
}

// changed says that a thing changed; the browser fetches it anew.
type changed struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Rev  int64  `json:"rev"`
}

// samples is what one poll brought of the series that were asked for.
type samples struct {
	Server string  `json:"server_id"`
	At     int64   `json:"at"`
	Points []point `json:"points"`
}

type point struct {
	Metric string            `json:"metric"`
	Labels map[string]string `json:"labels"`
	Value  float64           `json:"value"`
}

// watch is the metrics wanted by server; either may be "*".
type watch map[string]map[string]bool

func parseWatch(text string) (watch, error) {
	w := watch{}
	if text == "" {
		return w, nil
	}
	pairs := strings.Split(text, ",")
	if len(pairs) > maxWatching {
		return nil, errWatching
	}
	for _, pair := range pairs {
		server, metric, _ := strings.Cut(pair, "|")
		if w[server] == nil {
			w[server] = map[string]bool{}
		}
		w[server][metric] = true
	}
	return w, nil
}

// wants reports whether a kind of a cluster is named.
func (w watch) wants(cluster, kind string) bool {
	one, all := w[cluster], w["*"]
	return one[kind] || one["*"] || all[kind] || all["*"]
}

// points returns the readings of b that are wanted.
func (w watch) points(b store.Batch) []point {
	one, all := w[b.Server], w["*"]
	if one == nil && all == nil {
		return nil
	}
	var points []point
	for _, r := range b.Readings {
		wanted := one[r.Metric] || one["*"] || all[r.Metric] || all["*"]
		if wanted && !math.IsNaN(r.Value) && !math.IsInf(r.Value, 0) {
			points = append(points, point{r.Metric, r.Labels.Map(), r.Value})
		}
	}
	return points
}
