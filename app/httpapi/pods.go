package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"unity.internal/app/auth"
	"unity.internal/app/cluster"
	"unity.internal/app/fault"
)

const (
	defaultTail = 1000 // lines of each container
	maxSize     = 2000 // columns or rows of a terminal
)

func (m mux) pods() {
	logs := route("followLogs", http.MethodGet, "/clusters/logs")
	logs.Description = "What containers say, as batches of JSON. Several pods, workloads and clusters are one stream; what cannot be read is said in it."
	logs.Parameters = logParameters()
	batch := m.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[cluster.LogBatch](), true, "")
	socket(m, auth.ClustersRead, logs, &huma.MediaType{Schema: batch}, m.followLogs)
	file := route("downloadLogs", http.MethodGet, "/clusters/logs/download")
	file.Parameters = logParameters()
	download(m, auth.ClustersRead, file, "text/plain", "The lines of one container after another", m.downloadLogs)
	exec := route("openExec", http.MethodGet, "/clusters/{id}/exec")
	exec.Description = "A command in a container, without one a shell. Binary messages are input and output (without a TTY the first byte of output is 1, or 2 of errors); " +
		`texts are JSON: {"type":"resize","cols","rows"} from the browser, {"type":"exit","code","message"} at the end.`
	exec.Parameters = execParameters()
	socket(m, auth.PodsExec, exec, nil, m.openExec)
	m.forwards()
}

var errQuery = fault.New(fault.Invalid, "request.query", "A number or a choice in the address cannot be read. The API is described at /api/docs.")

func param(in, name, kind, text string) *huma.Param {
	return &huma.Param{Name: name, In: in, Required: in == "path", Schema: &huma.Schema{Type: kind}, Description: text}
}

func logParameters() []*huma.Param {
	of := param("query", "of", huma.TypeArray, "Whose logs: cluster|kind|namespace|name, up to 20 times")
	of.Required, of.Schema.Items = true, &huma.Schema{Type: huma.TypeString}
	of.Explode = new(true)
	return []*huma.Param{
		of,
		param("query", "container", huma.TypeString, "Only that of each pod; empty: all, init and ephemeral ones, too"),
		param("query", "follow", huma.TypeBoolean, "Go on, with pods that come"),
		param("query", "previous", huma.TypeBoolean, "Of the container before the last restart"),
		param("query", "since_seconds", huma.TypeInteger, "Only lines of the last so many seconds"),
		param("query", "tail", huma.TypeInteger, "Lines of each container from before now; -1: all"),
		param("query", "timestamps", huma.TypeBoolean, "In a download; a stream has them always"),
	}
}

func execParameters() []*huma.Param {
	command := param("query", "command", huma.TypeArray, "Its words; none: a shell")
	command.Schema.Items, command.Explode = &huma.Schema{Type: huma.TypeString}, new(true)
	return []*huma.Param{
		param("path", "id", huma.TypeString, ""), param("query", "namespace", huma.TypeString, ""),
		param("query", "name", huma.TypeString, "Of the pod"), param("query", "container", huma.TypeString, ""), command,
		param("query", "tty", huma.TypeBoolean, "Without it errors come apart from output; on"),
		param("query", "cols", huma.TypeInteger, ""), param("query", "rows", huma.TypeInteger, ""),
	}
}

// A query reads what stands behind the question mark, and remembers if it could not.
type query struct {
	c   *fiber.Ctx
	bad bool
}

func (q *query) all(name string) (words []string) {
	for _, word := range q.c.Context().QueryArgs().PeekMulti(name) {
		words = append(words, string(word))
	}
	return words
}

func (q *query) flag(name string, otherwise bool) bool {
	text := q.c.Query(name)
	if text == "" {
		return otherwise
	}
	v, err := strconv.ParseBool(text)
	q.bad = q.bad || err != nil
	return v
}

func (q *query) number(name string, otherwise, least, most int) int {
	text := q.c.Query(name)
	if text == "" {
		return otherwise
	}
	v, err := strconv.Atoi(text)
	q.bad = q.bad || err != nil || v < least || v > most
	return v
}

func logQuery(r *fiber.Ctx, tail int) (v cluster.LogQuery, err error) {
	q := &query{c: r}
	for _, text := range q.all("of") {
		of, err := cluster.ParseLogTarget(text)
		if err != nil {
			return v, err
		}
		v.Of = append(v.Of, of)
	}
	v.Container, v.Follow, v.Previous, v.Timestamps = r.Query("container"), q.flag("follow", false), q.flag("previous", false), q.flag("timestamps", false)
	v.Since = time.Duration(q.number("since_seconds", 0, 0, math.MaxInt32)) * time.Second
	v.Tail = q.number("tail", tail, -1, math.MaxInt32)
	if q.bad {
		return v, errQuery
	}
	return v, nil
}

func (m mux) followLogs(ctx context.Context, c Caller, r *fiber.Ctx) (talk, error) {
	q, err := logQuery(r, defaultTail)
	if err != nil {
		return nil, err
	}
	logs, err := m.Clusters.Logs(ctx, c.Tenant, q)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, w *wire) error {
		var parts sync.WaitGroup
		ctx, end := context.WithCancel(ctx)
		parts.Go(func() { w.ignore(ctx) })
		err := logs.Run(ctx, func(v cluster.LogBatch) error { return w.json(v) })
		end()
		parts.Wait()
		return err
	}, nil
}

// ignore reads what nobody listens to, so that the browser's farewell is heard.
func (w *wire) ignore(ctx context.Context) {
	for {
		select {
		case <-w.in:
		case <-ctx.Done():
			return
		}
	}
}

// json sends v as a text.
func (w *wire) json(v any) error {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	return w.text(bytes.TrimSpace(out.Bytes()))
}

func (m mux) downloadLogs(ctx context.Context, c Caller, r *fiber.Ctx) (file, error) {
	q, err := logQuery(r, -1)
	if err != nil {
		return file{}, err
	}
	f, err := m.Clusters.LogFile(ctx, c.Tenant, q)
	if err != nil {
		return file{}, err
	}
	return file{q.Of[0].Name + "-" + time.Now().UTC().Format("20060102-150405") + ".log", f.Next, f}, nil
}

// A control is a text at a terminal's socket.
type control struct {
	Type    string `json:"type"`
	Cols    int    `json:"cols,omitempty"`
	Rows    int    `json:"rows,omitempty"`
	Code    int    `json:"code"`
	Message string `json:"message,omitempty"`
}

func (m mux) openExec(ctx context.Context, c Caller, r *fiber.Ctx) (talk, error) {
	id, q := r.Params("id"), &query{c: r}
	if _, err := c.Tenant.Cluster(ctx, id); err != nil {
		return nil, err
	}
	ask := cluster.ExecQuery{
		Namespace: r.Query("namespace"), Name: r.Query("name"), Container: r.Query("container"), Command: q.all("command"), TTY: q.flag("tty", true),
	}
	size := control{Cols: q.number("cols", 80, 1, maxSize), Rows: q.number("rows", 24, 1, maxSize)}
	if q.bad {
		return nil, errQuery
	}
	return func(ctx context.Context, w *wire) error {
		code, err := m.exec(ctx, c, id, ask, size, w)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		last := control{Type: "exit", Code: code}
		if err != nil {
			last.Code, last.Message = -1, m.problem(ctx, err).Detail
		}
		return w.json(last)
	}, nil
}

// exec runs a command whose input and output are messages.
func (m mux) exec(ctx context.Context, c Caller, id string, q cluster.ExecQuery, size control, w *wire) (int, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	in, typed := io.Pipe()
	o := cluster.ExecStreams{In: in, Out: output{w, 0}, Err: output{w, 2}}
	if !q.TTY {
		o.Out = output{w, 1}
	}
	sizes := make(chan cluster.Size, 1)
	o.Sizes = sizes
	sizes <- size.size()
	var parts sync.WaitGroup
	parts.Go(func() { end(w.hearTyping(ctx, typed, sizes)) })
	code, err := m.Clusters.Exec(ctx, c.Tenant, id, q, o)
	end(nil)
	_ = in.Close() // so that nobody waits for what reads no more
	parts.Wait()
	return code, err
}

func (c control) size() cluster.Size {
	return cluster.Size{Cols: uint16(min(c.Cols, maxSize)), Rows: uint16(min(c.Rows, maxSize))} //nolint:gosec // they are between 1 and 2,000
}

var errControl = fault.New(fault.Invalid, "exec.control", "A text to a terminal must be {type: resize, cols, rows}.")

// hearTyping hands over what is typed until ctx ends, or nobody reads it.
func (w *wire) hearTyping(ctx context.Context, typed *io.PipeWriter, sizes chan cluster.Size) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case v := <-w.in:
			if !v.text {
				if _, err := typed.Write(v.data); err != nil {
					<-ctx.Done() // the command has ended
					return nil   //nolint:nilerr // which its own end tells
				}
				continue
			}
			var c control
			if err := json.Unmarshal(v.data, &c); err != nil || c.Type != "resize" || c.Cols < 1 || c.Rows < 1 {
				return errControl
			}
			select {
			case <-sizes: // the one before is out of date
			default:
			}
			sizes <- c.size()
		}
	}
}

// output sends what is written as messages, with the number of its stream if it has one.
type output struct {
	w      *wire
	stream byte
}

// Write implements io.Writer.
func (o output) Write(b []byte) (int, error) {
	data := b
	if o.stream != 0 {
		data = append([]byte{o.stream}, b...)
	}
	if err := o.w.binary(data); err != nil {
		return 0, err
	}
	return len(b), nil
}
