package server

import (
	"encoding/json"

	"unity.internal/store"
)

// A Replay reads what one machine said at moments that are over, in their order,
// as polls and snapshots would have read it.
type Replay struct{ before *sample }

// Poll returns the readings of what a machine answers to the script of a poll.
func (r *Replay) Poll(ask func(script string) string) ([]store.Reading, error) {
	sc := newScript(polls)
	parts, err := split(sc.word, []byte(ask(sc.text)))
	if err != nil {
		return nil, err
	}
	p := parsePoll(parts)
	before := r.before
	r.before = p
	return p.readings(before), nil
}

// Snapshot returns the sections and the facts of what a machine answers to the
// script of a snapshot.
func (r *Replay) Snapshot(ask func(script string) string) (map[string]json.RawMessage, store.Facts, error) {
	sc := newScript(updates)
	parts, err := split(sc.word, []byte(ask(sc.text)))
	if err != nil {
		return nil, store.Facts{}, err
	}
	n := parseSnapshot(parts, parsePoll(parts))
	all, err := n.sections()
	return all, n.facts(), err
}
