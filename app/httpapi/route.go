package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"unity.internal/app/auth"
	"unity.internal/store"
)

// handle registers a JSON route for callers that hold need. There is no way to
// register one without saying what it needs.
func handle[In, Out any](m mux, need auth.Permission, op huma.Operation, do func(context.Context, Caller, *In) (*Out, error)) {
	op.Security = []map[string][]string{{"session": {string(need)}}}
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBody
	}
	huma.Register(m.api, op, func(ctx context.Context, in *In) (*Out, error) {
		c, err := m.callerFor(ctx, need, op)
		if err != nil {
			return nil, m.problem(ctx, err)
		}
		out, err := do(ctx, c, in)
		if err != nil {
			return nil, m.problem(ctx, err)
		}
		return out, nil
	})
}

// callerFor returns the caller if they hold need, and have proved anew that it is
// them where op wants that.
func (m mux) callerFor(ctx context.Context, need auth.Permission, op huma.Operation) (Caller, error) {
	c, err := m.callerWith(ctx, need)
	if err == nil && op.Extensions[stepUpMark] != nil && !m.Auth.Fresh(c.Identity) {
		err = auth.ErrStepUp
	}
	return c, err
}

// stepUpMark is how the document says that an operation wants a fresh proof.
const stepUpMark = "x-step-up"

// stepUp makes an operation one for which who asks must have proved within five
// minutes that it is them: what reveals, what destroys, what opens a way in.
func stepUp(op huma.Operation) huma.Operation {
	op.Extensions = map[string]any{stepUpMark: true}
	return op
}

// route names an operation; the id is the name of its handler.
func route(id, method, path string) huma.Operation {
	tag, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	op := huma.Operation{OperationID: id, Method: method, Path: base + path, Tags: []string{tag}}
	if method == http.MethodPost {
		op.DefaultStatus = http.StatusCreated
	}
	return op
}

// action is a route whose POST makes nothing new, so it answers 200.
func action(id, path string) huma.Operation {
	op := route(id, http.MethodPost, path)
	op.DefaultStatus = http.StatusOK
	return op
}

// accepted is a route whose POST starts a job, so it answers 202.
func accepted(id, path string) huma.Operation {
	op := route(id, http.MethodPost, path)
	op.DefaultStatus = http.StatusAccepted
	return op
}

// A body is an answer that is one value; a versioned one has an ETag.
type body[T any] struct{ Body T }

type versioned[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// tagged returns v with the ETag of its revision.
func tagged[T any](v T, rev int64, err error) (*versioned[T], error) {
	return &versioned[T]{strconv.Quote(strconv.FormatInt(rev, 10)), v}, err
}

// items is a list that is never long enough for pages.
type items[T any] struct {
	Items []T `json:"items" nullable:"false"`
}

func listed[T any](all []T, err error) (*body[items[T]], error) {
	if all == nil {
		all = []T{}
	}
	return &body[items[T]]{items[T]{all}}, err
}

// ID is embedded in requests, so it is exported: huma skips, silently, what is
// embedded under a lower-case name.
type ID struct {
	ID string `path:"id" maxLength:"64"`
}

// IfMatch is what a write of a versioned thing takes.
type IfMatch struct {
	ETag string `header:"If-Match" doc:"The ETag that was read; without it, any"`
}

func (m IfMatch) rev() (int64, error) {
	if m.ETag == "" || m.ETag == "*" {
		return store.AnyRev, nil
	}
	rev, err := strconv.ParseInt(strings.Trim(m.ETag, `"`), 10, 64)
	if err != nil || rev <= 0 {
		return 0, store.ErrStale
	}
	return rev, nil
}

// Paging is what every list takes; sort is each list's own.
type Paging struct {
	Q      string `query:"q" maxLength:"100" doc:"Part of the name"`
	Cursor string `query:"cursor" maxLength:"400"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

func (p Paging) list(sort string) store.List {
	return store.List{Q: p.Q, Sort: sort, Cursor: p.Cursor, Limit: p.Limit}
}
