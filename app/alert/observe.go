package alert

import (
	"math"
	"strings"
	"time"

	"unity.internal/store"
)

// restateEvery is how often the value of an open alert is stored while it moves.
const restateEvery = time.Minute

// observe plans what the readings of one poll bring.
func (x *board) observe(p *plan, b store.Batch) {
	w := x.watching(b.Server)
	if len(w.rules) == 0 {
		return
	}
	wholes := map[string]float64{}
	if len(w.wholes) > 0 {
		for _, v := range b.Readings {
			if w.wholes[v.Metric] {
				wholes[series(v.Metric, v.Labels)] = v.Value
			}
		}
	}
	for _, v := range b.Readings {
		rules := w.rules[v.Metric]
		if len(rules) == 0 {
			continue
		}
		grown, steady := x.growth(rules, b, v)
		for _, r := range rules {
			value := v.Value
			switch {
			case r.made.rate && !steady:
				continue
			case r.made.rate:
				value = grown
			case r.made.whole != "":
				value /= wholes[series(r.made.whole, v.Labels)]
			}
			x.observed(p, r, b.Server, store.Reading{Labels: v.Labels, Value: value * r.made.factor, Note: v.Note})
		}
	}
}

// growth returns by how much a second a counter grew since the poll before. It
// is not steady at the first poll, or when the counter began anew.
func (x *board) growth(rules []*rule, b store.Batch, v store.Reading) (grown float64, steady bool) {
	wanted := false
	for _, r := range rules {
		wanted = wanted || r.made.rate
	}
	if !wanted {
		return 0, false
	}
	of := x.counters[b.Server]
	if of == nil {
		of = map[string]counter{}
		x.counters[b.Server] = of
	}
	name := series(v.Metric, v.Labels)
	last, seen := of[name]
	of[name] = counter{v.Value, b.At}
	took := b.At.Sub(last.at).Seconds()
	if !seen || took <= 0 || v.Value < last.value {
		return 0, false
	}
	return (v.Value - last.value) / took, true
}

// series names a series of one server in memory.
func series(metric string, labels store.Labels) string {
	var b strings.Builder
	b.WriteString(metric)
	for _, l := range labels {
		b.WriteByte(0)
		b.WriteString(l.Name)
		b.WriteByte(1)
		b.WriteString(l.Value)
	}
	return b.String()
}

// observed plans what one value of one series means for one rule. Most values
// are good and nothing is open: they cost one comparison.
func (x *board) observed(p *plan, r *rule, target string, v store.Reading) {
	if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
		return
	}
	holds := r.holds(v.Value)
	if !holds && x.busy[pair{r.ID, target}] == 0 {
		return
	}
	k := key(r, target, v.Labels)
	e := x.open[k]
	held, isHeld := x.held[k]
	switch {
	case e != nil:
		e.seen = p.now
		p.follow(r, e, v, holds)
	case isHeld:
		if !holds {
			p.cleared(held)
		}
	case holds:
		p.begin(r, target, v.Labels, &v.Value, r.title(v.Labels), r.message(v.Labels, v.Value, v.Note))
	}
}

// follow plans what a value means for an alert that is open.
func (p *plan) follow(r *rule, e *entry, v store.Reading, holds bool) {
	a := e.Alert
	a.Value, a.Message, a.Stale = &v.Value, r.message(v.Labels, v.Value, v.Note), nil
	next := &entry{Alert: a, owed: e.owed}
	switch {
	case e.State == store.AlertPending && !holds:
		p.forget(e)
	case e.State == store.AlertPending && p.now.Sub(e.Started) >= r.wait:
		p.fire(r, next)
	case e.State == store.AlertFiring && !r.keeps(v.Value):
		next.Message = e.Message // what it was about
		p.resolve(r, next, p.line(store.AlertResolved, r.recovered(v.Labels, v.Value)))
	case e.Stale != nil:
		p.restate(e, a, p.line("back", "The series is heard again: "+a.Message))
	case a.Message != e.Message && p.now.Sub(e.written) >= restateEvery:
		p.restate(e, a)
	}
}
