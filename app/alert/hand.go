package alert

import (
	"context"
	"errors"
	"slices"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

// ErrResolved says that an alert has ended, so nothing can be done with it.
var ErrResolved = fault.New(fault.Conflict, "alert.resolved", "The alert is resolved already.")

// Acknowledge says that by looks after these alerts.
func (s *Service) Acknowledge(ctx context.Context, t store.Tenant, by string, ids ...string) ([]store.Alert, error) {
	return s.hand(ctx, t, "alerts.acknowledge", ids, func(p *plan, e *entry) {
		a := e.Alert
		a.Acknowledged, a.AckBy = &p.now, by
		p.byHand(e, a, store.AlertEvent{At: p.now, Kind: "acknowledged", Actor: by, Text: "Acknowledged"})
	})
}

// Unacknowledge takes that back.
func (s *Service) Unacknowledge(ctx context.Context, t store.Tenant, by string, ids ...string) ([]store.Alert, error) {
	return s.hand(ctx, t, "alerts.unacknowledge", ids, func(p *plan, e *entry) {
		a := e.Alert
		a.Acknowledged, a.AckBy = nil, ""
		p.byHand(e, a, store.AlertEvent{At: p.now, Kind: "unacknowledged", Actor: by, Text: "No longer acknowledged"})
	})
}

// Resolve ends alerts, whatever their values are. Their series open none before
// the value came back once.
func (s *Service) Resolve(ctx context.Context, t store.Tenant, by string, ids ...string) ([]store.Alert, error) {
	return s.hand(ctx, t, "alerts.resolve", ids, func(p *plan, e *entry) {
		line := store.AlertEvent{At: p.now, Kind: store.EventClosed, Actor: by, Text: "Resolved by hand"}
		m := p.resolve(p.board.rules[e.Threshold], e, line)
		m.held = true
	})
}

// Snooze keeps alerts quiet until then; those that still fire are told of then.
func (s *Service) Snooze(ctx context.Context, t store.Tenant, by string, until time.Time, ids ...string) ([]store.Alert, error) {
	quiet := func(t store.Tenant, id string) error { return t.SnoozeAlert(ctx, id, "Snoozed by "+by, until) }
	return s.handWith(ctx, t, "alerts.snooze", ids, quiet, func(p *plan, e *entry) {
		text := "Snoozed for " + span(until.Sub(p.now))
		p.byHand(e, e.Alert, store.AlertEvent{At: p.now, Kind: store.EventSnoozed, Actor: by, Text: text})
		p.moves[len(p.moves)-1].owed = true
	})
}

// byHand stores what a person changed about an open alert.
func (p *plan) byHand(e *entry, a store.Alert, line store.AlertEvent) {
	p.restate(e, a, line)
	p.moves[len(p.moves)-1].unheard = true
}

func (s *Service) hand(ctx context.Context, t store.Tenant, action string, ids []string, do func(*plan, *entry)) ([]store.Alert, error) {
	return s.handWith(ctx, t, action, ids, nil, do)
}

// handWith plans what a person does to each of these alerts and writes it, with
// also beside it, in one transaction. Of many, those that ended are left out.
func (s *Service) handWith(ctx context.Context, t store.Tenant, action string, ids []string,
	also func(store.Tenant, string) error, do func(*plan, *entry),
) (out []store.Alert, err error) {
	err = s.on(ctx, t, func(x *board) error {
		p := x.plan(s.Now())
		var beside []func(store.Tenant) error
		for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
			e, err := x.find(ctx, t, id)
			if errors.Is(err, ErrResolved) && len(ids) > 1 {
				continue
			}
			if err != nil {
				return err
			}
			do(p, e)
			if also != nil {
				beside = append(beside, func(t store.Tenant) error { return also(t, id) })
			}
		}
		if err := s.commit(ctx, t, x, p, action, beside...); err != nil {
			return err
		}
		if also != nil {
			if x.silences, err = t.OpenSilences(ctx); err != nil {
				return err
			}
		}
		for _, m := range p.moves {
			v, err := t.Alert(ctx, m.Alert.ID)
			if err != nil {
				return err
			}
			out = append(out, v)
		}
		return nil
	})
	return out, err
}

// find returns an open alert by its id. One that was opened and ended is ErrResolved.
func (x *board) find(ctx context.Context, t store.Tenant, id string) (*entry, error) {
	for _, e := range x.open {
		if e.ID == id {
			return e, nil
		}
	}
	if _, err := t.Alert(ctx, id); err != nil {
		return nil, err
	}
	return nil, ErrResolved
}
