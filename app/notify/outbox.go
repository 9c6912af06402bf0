package notify

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	sendTime = 20 * time.Second // for one attempt
	grace    = 3 * time.Second  // for the attempt that runs when the appliance stops
	giveUp   = 24 * time.Hour   // after that a message is no news any more
	look     = time.Minute      // how often the outbox is looked at unasked
	tired    = 3                // failures in a row after which a channel rests
	rest     = 10 * time.Second
)

// backOff is how long a delivery waits after its first, second, … attempt; the
// last goes on.
var backOff = []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// A lane is one channel of one tenant: its deliveries go one after the other,
// and beside those of every other lane.
type lane struct {
	tenant  store.TenantID
	channel string
}

// An end is how the work on a lane ended: it may rest for a while.
type end struct {
	lane lane
	rest time.Duration
}

// Run sends what is due until ctx ends; then what is being sent gets a moment.
func (s *Service) Run(ctx context.Context) error {
	ends := make(chan end)
	running, resting := map[lane]bool{}, map[lane]time.Time{}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			for len(running) > 0 {
				delete(running, (<-ends).lane)
			}
			return nil
		case e := <-ends:
			delete(running, e.lane)
			if e.rest > 0 {
				resting[e.lane] = s.Now().Add(e.rest)
			}
		case <-s.wake:
		case <-timer.C:
		}
		next, err := s.start(ctx, running, resting, ends)
		if err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "read the outbox", "err", err)
		}
		timer.Reset(next)
	}
}

// start begins work on every lane that has something due, and returns when to
// look again.
func (s *Service) start(ctx context.Context, running map[lane]bool, resting map[lane]time.Time, ends chan<- end) (time.Duration, error) {
	next := look
	tenants, err := s.Tenants(ctx)
	if err != nil {
		return rest, err
	}
	now := s.Now()
	maps.DeleteFunc(resting, func(_ lane, until time.Time) bool { return !until.After(now) })
	for _, t := range tenants {
		due, err := t.NextDeliveries(ctx)
		if err != nil {
			return rest, err
		}
		for channel, at := range due {
			l := lane{t.ID, channel}
			if until := resting[l]; until.After(at) {
				at = until
			}
			switch {
			case running[l]:
			case at.After(now):
				next = min(next, at.Sub(now))
			default:
				running[l] = true
				go func() { ends <- end{l, s.drain(ctx, t, channel)} }()
			}
		}
	}
	return next, nil
}

// drain sends what is due on one lane, oldest first, and returns how long the
// lane shall rest. A delivery waits for the ones of the same alert before it.
func (s *Service) drain(ctx context.Context, t store.Tenant, channel string) time.Duration {
	queued, err := t.QueuedFor(ctx, channel)
	if err != nil {
		s.Log.ErrorContext(ctx, "read the outbox", "tenant", t.ID, "channel", channel, "err", err)
		return rest
	}
	waits := map[string]time.Time{} // by alert
	failed := 0
	for _, d := range queued {
		if ctx.Err() != nil {
			return 0
		}
		if failed >= tired {
			return rest
		}
		tried := len(d.Attempts)
		if d, err = s.step(ctx, t, d, waits[d.Alert]); errors.Is(err, store.ErrNotFound) {
			return 0 // its tenant was deleted meanwhile
		}
		if err != nil {
			s.Log.ErrorContext(ctx, "keep a delivery", "tenant", t.ID, "delivery", d.ID, "err", err)
			return rest
		}
		if d.State == store.DeliveryQueued {
			waits[d.Alert] = d.Next
			if len(d.Attempts) > tried {
				failed++
			}
		}
	}
	return 0
}

// step does with a queued delivery what can be done now: one of the same alert
// that waits until before comes first.
func (s *Service) step(ctx context.Context, t store.Tenant, d store.Delivery, before time.Time) (store.Delivery, error) {
	switch {
	case d.Next.Before(before):
		d.Next = before
		return d, t.Attempted(ctx, d, nil)
	case !before.IsZero() || d.Next.After(s.Now()):
		return d, nil
	}
	return s.attempt(ctx, t, d)
}

// attempt tries a delivery once and keeps what became of it. When the appliance
// stops in the middle it stays queued as it was.
func (s *Service) attempt(ctx context.Context, t store.Tenant, d store.Delivery) (store.Delivery, error) {
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	defer stop()

	v, err := t.Channel(sending, d.Channel)
	retry := false
	switch {
	case errors.Is(err, store.ErrNotFound):
		err = fault.New(fault.Conflict, "channel.deleted", "The channel was deleted.")
	case err != nil:
		return d, err
	case !v.Enabled:
		err = fault.New(fault.Conflict, "channel.disabled", "The channel is switched off.")
	default:
		var said string
		if retry, said = s.send(sending, t, v, d); said != "" {
			err = fault.New(fault.Unavailable, "channel.failed", "%s", said)
		}
	}
	if err != nil && ctx.Err() != nil && sending.Err() != nil {
		return d, nil
	}
	line := s.mark(&d, retry, err)
	if err := t.Attempted(context.WithoutCancel(ctx), d, line); err != nil {
		return d, err
	}
	s.Publish(t.ID, "deliveries", d.ID, int64(len(d.Attempts)))
	if line != nil {
		s.Publish(d.Notice.Tenant, "alerts", d.Alert, 0)
	}
	return d, nil
}

// mark adds an attempt to d and says what the alert's time line gets of it.
func (s *Service) mark(d *store.Delivery, retry bool, err error) *store.AlertEvent {
	now := s.Now().UTC().Truncate(time.Millisecond)
	a := store.DeliveryAttempt{At: now, OK: err == nil, Message: "Taken."}
	if err != nil {
		a.Message = fault.From(err).Msg
	}
	d.Attempts = append(d.Attempts, a)
	wait := backOff[min(len(d.Attempts), len(backOff))-1]
	switch {
	case err == nil:
		d.State, d.Sent = store.DeliverySent, &now
		return &store.AlertEvent{At: now, Kind: store.EventTold, Text: "Told " + d.ChannelName}
	case retry && now.Add(wait).Sub(d.Created) < giveUp:
		d.Next = now.Add(wait)
		return nil
	}
	d.State = store.DeliveryFailed
	return &store.AlertEvent{At: now, Kind: store.EventUntold, Text: "Could not tell " + d.ChannelName + ": " + a.Message}
}

// send hands d over and returns what went wrong, as a sentence without secrets.
func (s *Service) send(ctx context.Context, t store.Tenant, v store.Channel, d store.Delivery) (retry bool, said string) {
	c, secrets, err := s.channel(ctx, t, v)
	if err != nil { // a locked vault opens later; a config that is wrong stays so
		return fault.From(err).Kind == fault.Unavailable, fault.From(err).Msg
	}
	retry, err = c.Send(ctx, s.message(v, d))
	if err == nil {
		return false, ""
	}
	if f := fault.From(err); f.Kind == fault.Internal {
		s.Log.WarnContext(ctx, "send a delivery", "tenant", t.ID, "delivery", d.ID, "err", scrub(err.Error(), secrets))
	}
	return retry, scrub(fault.From(err).Msg, secrets)
}

// scrub takes secrets out of what a receiver said: it may repeat what it got.
func scrub(text string, secrets []string) string {
	for _, v := range secrets {
		if len(v) > 3 {
			text = strings.ReplaceAll(text, v, mask)
		}
	}
	return text
}

// Test sends a message through a channel, switched on or not, and returns what
// became of it. It is never tried again: the one who asked is looking.
func (s *Service) Test(ctx context.Context, t store.Tenant, channel string) (store.Delivery, error) {
	v, err := t.Channel(ctx, channel)
	if err != nil {
		return store.Delivery{}, err
	}
	now := s.Now().UTC().Truncate(time.Millisecond)
	value := 97.0
	d := store.Delivery{
		ID: store.NewID(), Channel: v.ID, ChannelName: v.Name, Event: "test", State: store.DeliveryQueued,
		Attempts: []store.DeliveryAttempt{}, Next: now, Created: now,
		Notice: store.Notice{
			Event: "test", Text: "This is a test message from Unity.", Tenant: t.ID, Server: store.NoticeServer{Name: "example", Host: "example.lan"},
			Alert: store.Alert{
				Title: "Test", Message: "This is a test message from Unity.", Severity: "info", State: store.AlertFiring,
				ServerName: "example", Value: &value, Labels: map[string]string{}, Started: now, Fired: &now,
			},
		},
	}
	d.Notice.Key = d.ID
	sending, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	if _, said := s.send(sending, t, v, d); said != "" {
		err = fault.New(fault.Unavailable, "channel.failed", "%s", said)
	}
	s.mark(&d, false, err)
	if d, err = t.AddTest(context.WithoutCancel(ctx), d); err == nil {
		s.Publish(t.ID, "deliveries", d.ID, int64(len(d.Attempts)))
	}
	return d, err
}
