package notify

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"unity.internal/app/fault"
)

// A Beat is the last sign of life that was sent, and what became of it.
type Beat struct {
	At      time.Time `json:"at"`
	OK      bool      `json:"ok"`
	Message string    `json:"message"`
}

// A Heartbeat asks an address regularly, so that an outside service notices when
// the appliance is gone. While the appliance is not well it keeps silent, which
// says the same. Make one with NewHeartbeat.
type Heartbeat struct {
	client   Doer
	settings func(context.Context) (url string, every time.Duration, err error)
	well     func() bool
	now      func() time.Time
	log      *slog.Logger
	changed  chan struct{}

	mu   sync.Mutex
	last Beat
}

// NewHeartbeat returns a heartbeat. settings says where to and how often; an
// empty address sends none.
func NewHeartbeat(client Doer, settings func(context.Context) (string, time.Duration, error), well func() bool, now func() time.Time, log *slog.Logger) *Heartbeat {
	return &Heartbeat{client: client, settings: settings, well: well, now: now, log: log, changed: make(chan struct{}, 1)}
}

// Changed says that the settings were written.
func (h *Heartbeat) Changed() {
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

// Run sends signs of life until ctx ends.
func (h *Heartbeat) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.changed:
		case <-timer.C:
		}
		timer.Reset(h.beat(ctx))
	}
}

// beat sends one sign of life and returns when the next is due.
func (h *Heartbeat) beat(ctx context.Context) time.Duration {
	url, every, err := h.settings(ctx)
	if err != nil || every <= 0 {
		every = time.Minute
	}
	if err != nil || url == "" || !h.well() {
		return every
	}
	err = h.send(ctx, url)
	if ctx.Err() != nil {
		return every
	}
	b := Beat{At: h.now().UTC(), OK: err == nil, Message: "Taken."}
	if err != nil {
		b.Message = fault.From(err).Msg
		h.log.WarnContext(ctx, "heartbeat failed", "code", fault.From(err).Code) // the address may hold a token
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = b
	return every
}

func (h *Heartbeat) send(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return ErrRefused("The heartbeat URL is not an address.")
	}
	req.Header.Set("User-Agent", UserAgent)
	res, err := h.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection is kept
	if res.StatusCode/100 != 2 {
		return ErrRefused("It answered %d %s.", res.StatusCode, http.StatusText(res.StatusCode))
	}
	return nil
}

// LastHeartbeat returns the last sign of life; a zero time: none yet.
func (h *Heartbeat) LastHeartbeat() Beat {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}
