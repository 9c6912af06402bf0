package alert

import (
	"slices"
	"sync"
	"time"

	"unity.internal/store"
)

// A board is what is known of one tenant: rules, targets, silences and the
// alerts that are open. mu is held while it is read, planned on or written.
type board struct {
	mu         sync.Mutex
	tenant     store.TenantID
	loaded     bool // rules, targets and silences are as stored
	remembered bool // so are open and held, from then on kept by believe

	rules    map[string]*rule
	byEvent  map[string]*rule        // fed ones, by their builtin name
	targets  map[string]store.Target // servers and clusters
	silences []store.Silence
	reach    map[string]reach  // how servers answer, as Reached was told: newer than what is stored
	turned   map[string]bool   // rules that watch another metric than a moment ago
	watch    map[string]*watch // by server, made at its first poll
	counters map[string]map[string]counter

	open map[string]*entry      // by key
	held map[string]store.Alert // resolved by hand, and the value is still beyond
	busy map[pair]int           // how many of open and held a rule has on a target
}

// A pair is one rule on one target.
type pair struct{ rule, target string }

// An entry is an open alert.
type entry struct {
	store.Alert
	owed    bool      // nobody was told that it fires
	seen    time.Time // when its series was heard last
	written time.Time // when its value was stored last
}

// A watch is what the readings of one server are looked at for.
type watch struct {
	rules  map[string][]*rule // by the metric they read
	wholes map[string]bool    // metrics that others are a share of
}

// A counter is the last value of a series that only grows.
type counter struct {
	value float64
	at    time.Time
}

func newBoard(tenant store.TenantID) *board {
	return &board{
		tenant: tenant, open: map[string]*entry{}, held: map[string]store.Alert{}, busy: map[pair]int{},
		counters: map[string]map[string]counter{}, reach: map[string]reach{},
	}
}

// know replaces what people set.
func (x *board) know(thresholds []store.Threshold, targets []store.Target, silences []store.Silence) {
	old := x.rules
	x.turned = map[string]bool{}
	x.rules, x.byEvent = make(map[string]*rule, len(thresholds)), map[string]*rule{}
	x.targets, x.silences, x.watch = make(map[string]store.Target, len(targets)), silences, map[string]*watch{}
	for _, v := range thresholds {
		r := newRule(v)
		x.rules[v.ID] = r
		if before := old[v.ID]; before != nil && before.Metric != v.Metric {
			x.turned[v.ID] = true
		}
		if fed(v.Builtin) {
			x.byEvent[v.Builtin] = r
		}
	}
	for _, v := range targets {
		x.targets[v.ID] = v
	}
	for server := range x.counters {
		if _, ok := x.targets[server]; !ok {
			delete(x.counters, server)
		}
	}
	for server := range x.reach {
		if _, ok := x.targets[server]; !ok {
			delete(x.reach, server)
		}
	}
}

// remember takes over the alerts of the last run. A series gets its time to be
// heard again before its alert is stale.
func (x *board) remember(open []store.OpenAlert, held map[string]store.Alert, now time.Time) {
	x.open, x.held, x.busy = map[string]*entry{}, map[string]store.Alert{}, map[pair]int{}
	for _, v := range open {
		x.put(&entry{Alert: v.Alert, owed: v.Owed, seen: now, written: now})
	}
	for key, v := range held {
		if x.open[key] == nil {
			x.hold(v)
		}
	}
	x.remembered = true
}

func (x *board) put(e *entry) {
	if x.open[e.Key] == nil {
		x.busy[pair{e.Threshold, e.Target()}]++
	}
	x.open[e.Key] = e
}

func (x *board) hold(v store.Alert) {
	x.held[v.Key] = v
	x.busy[pair{v.Threshold, v.Target()}]++
}

// drop forgets what key has open or held.
func (x *board) drop(a store.Alert) {
	if x.open[a.Key] != nil {
		delete(x.open, a.Key)
		x.busy[pair{a.Threshold, a.Target()}]--
	}
	if _, ok := x.held[a.Key]; ok {
		delete(x.held, a.Key)
		x.busy[pair{a.Threshold, a.Target()}]--
	}
}

// believe follows a move that was written; v is the alert as stored.
func (x *board) believe(m move, v store.Alert, now time.Time) {
	switch {
	case m.Drop, v.State == store.AlertResolved:
		x.drop(v)
		if m.held {
			x.hold(v)
		}
	default:
		e := &entry{Alert: v, owed: m.owed, seen: now, written: now}
		if old := x.open[v.Key]; old != nil && m.unheard {
			e.seen = old.seen
		}
		x.put(e)
	}
}

// watching returns what the readings of a server are looked at for.
func (x *board) watching(server string) *watch {
	if w := x.watch[server]; w != nil {
		return w
	}
	w := &watch{rules: map[string][]*rule{}, wholes: map[string]bool{}}
	target, known := x.targets[server]
	if known || server == "" {
		for _, r := range x.rules {
			if fed(r.Builtin) || !r.watches(target) {
				continue
			}
			w.rules[r.made.of] = append(w.rules[r.made.of], r)
			if r.made.whole != "" {
				w.wholes[r.made.whole] = true
			}
		}
	}
	x.watch[server] = w
	return w
}

// silenced returns the silence that holds back an alert now, and the last to end of them.
func (x *board) silenced(a store.Alert, now time.Time) (until store.Silence, ok bool) {
	tags := x.targets[a.Target()].Tags
	for _, s := range x.silences {
		if now.Before(s.Starts) || !now.Before(s.Ends) || !matches(s, a, tags) {
			continue
		}
		if !ok || s.Ends.After(until.Ends) {
			until, ok = s, true
		}
	}
	return until, ok
}

// matches reports whether a silence is about an alert of a target with these tags.
func matches(s store.Silence, a store.Alert, tags []string) bool {
	return (s.Threshold == "" || s.Threshold == a.Threshold) &&
		(s.Alert == "" || s.Alert == a.ID) &&
		(s.Server == "" || s.Server == a.Server) &&
		(s.Tag == "" || slices.Contains(tags, s.Tag)) &&
		(s.Severity == "" || s.Severity == a.Severity)
}
