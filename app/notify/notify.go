// Package notify tells people. It sends what the outbox holds: a delivery is
// tried until its channel takes it, for a day at most, and an alert's firing
// always before its end. Each delivery carries one key in every attempt, so that
// a receiver which heard it twice can tell. Which alerts are worth telling is
// decided elsewhere.
package notify

import (
	"context"
	"log/slog"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// A Message is one delivery, ready to be sent.
type Message struct {
	store.Notice
	Title  string // one line
	Body   string // the text, from the channel's template if it has one
	Custom bool   // the body is the channel's own template
	URL    string // of the alert; empty, if the appliance has no public address
}

// A Channel hands messages over. An error is a fault whose sentence is kept
// with the delivery; retry says that the same message may get through later.
type Channel interface {
	Send(ctx context.Context, m Message) (retry bool, err error)
}

// A Kind is one way to tell people: what its config holds, and how it is opened.
type Kind struct {
	Type   string    `json:"type"`
	Title  string    `json:"title"`
	Fields []Setting `json:"fields" nullable:"false"`
	// Open checks a whole config and returns the channel, or a fault.
	Open func(config []byte) (Channel, error) `json:"-"`
	// Home says where secrets go, so that they never go elsewhere unasked.
	Home func(config map[string]any) string `json:"-"`
}

// A Setting is one entry of a config, as a form asks for it.
type Setting struct {
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	Type     string   `json:"type" enum:"text,url,secret,secrets,number,select,list"`
	Required bool     `json:"required"`
	Options  []string `json:"options,omitempty"`
	Default  any      `json:"default,omitempty"`
	Help     string   `json:"help,omitempty"`
}

// Secret reports whether people never see it again.
func (f Setting) Secret() bool { return f.Type == "secret" || f.Type == "secrets" }

// A Sealer keeps secrets: where names the place of one, and opens no other.
type Sealer interface {
	Seal(ctx context.Context, t store.TenantID, where string, secret []byte) (seal.Value, error)
	Open(ctx context.Context, t store.TenantID, where string, v seal.Value) ([]byte, error)
}

// Options are what a Service stands on.
type Options struct {
	// Tenants returns the active tenants, whose outboxes are sent.
	Tenants func(context.Context) ([]store.Tenant, error)
	Sealer  Sealer
	Kinds   []Kind
	// Publish tells streams that a thing changed.
	Publish func(tenant store.TenantID, kind, id string, rev int64)
	// Base returns the address under which people reach the appliance, or nothing.
	Base func() string
	Now  func() time.Time
	Log  *slog.Logger
}

// A Service keeps channels and sends the outbox.
type Service struct {
	Options
	wake chan struct{}
}

// New returns a service.
func New(o Options) *Service { return &Service{Options: o, wake: make(chan struct{}, 1)} }

// Wake says that something was queued.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
}

// ErrKind says that there is no such way to tell people.
var ErrKind = fault.New(fault.Invalid, "channel.type", "There is no such kind of channel. Choose webhook, ntfy or smtp.")

func (s *Service) kind(name string) (Kind, error) {
	for _, k := range s.Kinds {
		if k.Type == name {
			return k, nil
		}
	}
	return Kind{}, ErrKind
}

// ErrConfig returns a fault about one field of a config.
func ErrConfig(field, message string) error {
	f := fault.New(fault.Invalid, "channel.config", "The channel's settings are not right: %s", message)
	f.Fields = []fault.Field{{Field: "body.config." + field, Message: message}}
	return f
}

// ErrRefused returns a fault of a receiver that answered, but did not take a message.
func ErrRefused(format string, args ...any) error {
	return fault.New(fault.Unavailable, "channel.refused", format, args...)
}
