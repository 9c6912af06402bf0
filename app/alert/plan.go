package alert

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"unity.internal/store"
)

// A plan is what one moment brings: transitions that are written together.
type plan struct {
	board *board
	now   time.Time
	moves []move
	keys  map[string]bool // each key moves once
}

// A move is one transition, and what the board keeps beside the row.
type move struct {
	store.AlertChange
	owed    bool // nobody was told that it fires
	held    bool // it does not open again before its value came back
	unheard bool // no reading caused it
}

func (x *board) plan(now time.Time) *plan {
	return &plan{board: x, now: now.UTC().Truncate(time.Millisecond), keys: map[string]bool{}}
}

func (p *plan) add(m move) {
	if p.keys[m.Alert.Key] {
		return // the same series twice in one poll
	}
	p.keys[m.Alert.Key] = true
	p.moves = append(p.moves, m)
}

// line is one line of a time line, written by the appliance.
func (p *plan) line(kind, text string) store.AlertEvent {
	return store.AlertEvent{At: p.now, Kind: kind, Text: text}
}

// key names one series under one rule.
func key(r *rule, target string, labels store.Labels) string {
	return r.ID + "|" + target + "|" + labels.JSON()
}

// begin opens an alert: pending while its rule waits, else firing at once.
func (p *plan) begin(r *rule, target string, labels store.Labels, value *float64, title, message string) {
	a := store.Alert{
		ID: store.NewID(), Key: key(r, target, labels), Threshold: r.ID,
		Title: title, Message: message, Severity: r.Severity, State: store.AlertPending, Value: value, Labels: labels.Map(), Started: p.now,
	}
	if v := p.board.targets[target]; v.Kind == store.TargetCluster {
		a.Cluster, a.ClusterName = v.ID, v.Name
	} else {
		a.Server, a.ServerName = target, v.Name
	}
	if r.wait == 0 {
		p.fire(r, &entry{Alert: a})
		return
	}
	p.add(move{AlertChange: store.AlertChange{
		Alert: a, Events: []store.AlertEvent{p.line("pending", fmt.Sprintf("%s. It fires if that lasts %s.", strings.TrimSuffix(message, "."), span(r.wait)))},
	}})
}

// fire makes a pending or new alert known, unless a silence holds it back.
func (p *plan) fire(r *rule, e *entry) {
	a := e.Alert
	a.State, a.Fired, a.Severity, a.Stale = store.AlertFiring, &p.now, r.Severity, nil
	m := move{AlertChange: store.AlertChange{
		Alert: a, Events: []store.AlertEvent{p.line("fired", "Fired"+r.waited()+": "+a.Message)},
	}}
	if s, quiet := p.board.silenced(a, p.now); quiet {
		m.owed = true
		m.Events = append(m.Events, p.line(store.EventSilenced, "Nobody is told: "+why(s)))
	} else {
		m.Notify = p.notice(r, a, "firing", a.Message)
	}
	p.add(m)
}

// why says which kind of silence holds an alert back.
func why(s store.Silence) string {
	return map[string]string{
		store.SourceMute: "its threshold is muted.", store.SourceSnooze: "it is snoozed.",
		"maintenance": "maintenance.", "quiet_hours": "quiet hours.", "manual": "a silence covers it.",
	}[s.Source]
}

// resolve ends an alert. Who was told that it fires is told that it ended.
func (p *plan) resolve(r *rule, e *entry, line store.AlertEvent) *move {
	a := e.Alert
	a.State, a.Resolved, a.Stale = store.AlertResolved, &p.now, nil
	m := move{AlertChange: store.AlertChange{Alert: a, Events: []store.AlertEvent{line}}}
	if _, quiet := p.board.silenced(a, p.now); e.State == store.AlertFiring && !e.owed && !quiet {
		m.Notify = p.notice(r, a, "resolved", line.Text)
	}
	p.add(m)
	return &p.moves[len(p.moves)-1]
}

// notice is what the channels of a rule are told. A rule that is gone had all.
func (p *plan) notice(r *rule, a store.Alert, event, text string) *store.Notify {
	target := p.board.targets[a.Target()]
	n := &store.Notify{Notice: store.Notice{Event: event, Text: text, Tenant: p.board.tenant}}
	if a.Cluster != "" {
		n.Notice.Cluster = store.NoticeCluster{ID: a.Cluster, Name: cmp.Or(target.Name, a.ClusterName)}
	} else {
		n.Notice.Server = store.NoticeServer{ID: a.Server, Name: cmp.Or(target.Name, a.ServerName), Host: target.Host}
	}
	if r != nil {
		n.Channels = r.Channels
	}
	return n
}

// end resolves an alert that nothing watches any more, or drops it if it never fired.
func (p *plan) end(e *entry, text string) {
	if e.State == store.AlertPending {
		p.forget(e)
		return
	}
	m := p.resolve(p.board.rules[e.Threshold], e, p.line("ended", text))
	m.unheard = true
}

// forget drops an alert that never fired.
func (p *plan) forget(e *entry) {
	p.add(move{AlertChange: store.AlertChange{Alert: e.Alert, Drop: true}})
}

// cleared lets a series open alerts again that a person had resolved.
func (p *plan) cleared(a store.Alert) {
	p.add(move{AlertChange: store.AlertChange{
		Alert: a, Keep: true, Events: []store.AlertEvent{p.line(store.EventCleared, "The value came back.")},
	}})
}

// restate stores what an open alert says now.
func (p *plan) restate(e *entry, a store.Alert, lines ...store.AlertEvent) {
	p.add(move{AlertChange: store.AlertChange{Alert: a, Events: lines}, owed: e.owed})
}

// reconcile ends the alerts whose rule or target changed under them.
func (x *board) reconcile(p *plan) {
	for _, k := range slices.Sorted(maps.Keys(x.open)) {
		if why := x.over(x.open[k]); why != "" {
			p.end(x.open[k], "Ended: the "+why+".")
		}
	}
	for _, a := range x.held {
		if _, there := x.targets[a.Target()]; x.rules[a.Threshold] == nil || a.Target() != "" && !there {
			p.cleared(a)
		}
	}
}

// over says why nothing watches what an open alert is about any more.
func (x *board) over(e *entry) string {
	r, known := x.rules[e.Threshold]
	target, there := x.targets[e.Target()]
	switch {
	case e.Server != "" && !there:
		return "server was removed"
	case e.Cluster != "" && !there:
		return "cluster was removed"
	case !known:
		return "threshold was deleted"
	case !r.Enabled:
		return "threshold was switched off"
	case x.turned[r.ID]:
		return "threshold watches something else now"
	case !r.watches(target):
		return "threshold no longer covers this " + cmp.Or(target.Kind, store.TargetServer)
	}
	return ""
}
