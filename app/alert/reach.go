package alert

import (
	"context"
	"strings"

	"unity.internal/store"
)

// A reach says how a server answers.
type reach struct {
	state      string
	reason     string // a sentence or a part of one, of a server that is not up
	keyChanged bool   // it showed another host key than the one that is trusted
}

// Reached takes in that a server answers, or not. It may be told the same again.
func (s *Service) Reached(ctx context.Context, t store.Tenant, server store.Server, state store.ServerState) error {
	now := reach{state: state.State, reason: state.Reason, keyChanged: changed(server)}
	if now.state == store.ServerUntrusted && !now.keyChanged {
		v, err := t.Server(ctx, server.ID)
		if err != nil {
			return err
		}
		now.keyChanged = changed(v)
	}
	return s.on(ctx, t, func(x *board) error {
		if err := s.meet(ctx, t, x, server.ID); err != nil {
			return err
		}
		x.reach[server.ID] = now
		p := x.plan(s.Now())
		x.reached(p, server.ID, now)
		return s.commit(ctx, t, x, p, "")
	})
}

// changed reports whether a server showed another host key than the trusted one.
// One that nobody trusted yet waits for a person, but alarms nobody.
func changed(v store.Server) bool {
	return v.HostKey != nil && v.HostKey.Trusted && v.HostKey.Offered != nil
}

// reached plans what the state of a server means for the rules that events feed.
func (x *board) reached(p *plan, server string, now reach) {
	switch now.state {
	case store.ServerUp:
		x.feed(p, Unreachable, server, false, "Answers again")
		x.feed(p, HostKey, server, false, "Shows the trusted host key again")
	case store.ServerDown:
		x.feed(p, Unreachable, server, true, sentence("Not answering", now.reason))
	case store.ServerUntrusted:
		x.feed(p, Unreachable, server, false, "Answers again")
		x.feed(p, HostKey, server, now.keyChanged, sentence("Shows another host key than the trusted one", now.reason))
	}
}

// reachAll plans what the states of all servers mean. Whether a cluster answers
// is a reading.
func (x *board) reachAll(p *plan, targets []store.Target) {
	for _, v := range targets {
		if v.Kind != store.TargetServer {
			continue
		}
		now, told := x.reach[v.ID]
		if !told {
			now = reach{v.State, v.Reason, v.KeyChanged}
		}
		x.reached(p, v.ID, now)
	}
}

func sentence(what, reason string) string {
	if reason = strings.TrimSpace(reason); reason == "" {
		return what
	}
	return what + ": " + reason
}

// Unwell takes in why the appliance itself is not well; no reason: it is. t is
// the appliance's own tenant.
func (s *Service) Unwell(ctx context.Context, t store.Tenant, reasons []string) error {
	return s.on(ctx, t, func(x *board) error {
		p := x.plan(s.Now())
		if len(reasons) == 0 {
			x.feed(p, Unwell, "", false, "The appliance is well again")
		} else {
			x.feed(p, Unwell, "", true, strings.Join(reasons, " "))
		}
		return s.commit(ctx, t, x, p, "")
	})
}

// feed plans what it means that a condition without samples holds or not.
func (x *board) feed(p *plan, builtin, server string, holds bool, message string) {
	r := x.byEvent[builtin]
	if r == nil || !r.watches(x.targets[server]) {
		return
	}
	k := key(r, server, nil)
	e := x.open[k]
	held, isHeld := x.held[k]
	switch {
	case e != nil:
		p.tell(r, e, holds, message)
	case isHeld && !holds:
		p.cleared(held)
	case !isHeld && holds:
		p.begin(r, server, nil, nil, titles[builtin], message)
	}
}

// tell plans what it means for an open alert that its condition still holds or not.
func (p *plan) tell(r *rule, e *entry, holds bool, message string) {
	switch {
	case holds && e.Message != message:
		a := e.Alert
		a.Message = message
		p.restate(e, a)
	case holds:
	case e.State == store.AlertPending:
		p.forget(e)
	default:
		p.resolve(r, e, p.line(store.AlertResolved, message))
	}
}

// titles names the alerts that events make.
var titles = map[string]string{
	Unreachable: "Not answering", HostKey: "Host key changed", Unwell: "Appliance unwell",
}
