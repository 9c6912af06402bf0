package httpapi

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"unity.internal/app/fault"
)

// status is the only place where a fault becomes an HTTP status.
var status = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Stale:           http.StatusPreconditionFailed,
	fault.Limited:         http.StatusTooManyRequests,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// A Problem is the body of every failed request (RFC 9457).
type Problem struct { //nolint:errname // the name of RFC 9457
	Status    int           `json:"status"`
	Code      string        `json:"code" example:"server.name_taken"`
	Title     string        `json:"title"`
	Detail    string        `json:"detail"`
	Errors    []fault.Field `json:"errors,omitempty"`
	RequestID string        `json:"request_id"`
	header    http.Header
}

// Error implements error.
func (p *Problem) Error() string { return p.Code }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// newProblem returns a Problem that no fault stands behind; its code is made
// from the status: "request.unprocessable_entity".
func newProblem(request string, status int, detail string) *Problem {
	title := http.StatusText(status)
	code := "request." + strings.ReplaceAll(strings.ToLower(title), " ", "_")
	return &Problem{Status: status, Code: code, Title: title, Detail: detail, RequestID: request}
}

// problem logs the cause of an Internal fault and returns what the caller may read.
func (m mux) problem(ctx context.Context, err error) *Problem {
	f := fault.From(err)
	p := newProblem(requestID(ctx), status[f.Kind], f.Msg)
	p.Code, p.Errors = f.Code, f.Fields
	if f.Kind == fault.Internal {
		m.Log.ErrorContext(ctx, "request failed", "request_id", p.RequestID, "err", f)
	}
	if f.RetryAfter > 0 {
		p.header = http.Header{"Retry-After": {strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds())))}}
	}
	return p
}

// useProblem makes huma's own failures Problems too. huma keeps the function
// in a global, so it is set once. A cause that is no field is never shown.
var useProblem = sync.OnceFunc(func() {
	of := func(request string, status int, msg string, errs []error) huma.StatusError {
		p := newProblem(request, status, msg)
		for _, err := range errs {
			if d, ok := errors.AsType[*huma.ErrorDetail](err); ok {
				p.Errors = append(p.Errors, fault.Field{Field: d.Location, Message: d.Message})
			}
		}
		return p
	}
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return of("", status, msg, errs) // of no request: it describes what a problem is
	}
	huma.NewErrorWithContext = func(c huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return of(requestID(c.Context()), status, msg, errs)
	}
})
