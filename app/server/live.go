package server

import (
	"sync"
	"time"

	"unity.internal/store"
)

// live is what the appliance knows of a server right now. It outlives the
// watcher, so that an edit does not forget the last poll.
type live struct {
	snapping chan struct{} // holds a token while no snapshot is taken
	now      chan struct{} // holds a token when the next poll shall not wait

	mu       sync.Mutex
	state    store.ServerState
	told     bool // Reached was told since the start
	saved    time.Time
	host     string  // that before was read from
	before   *sample // the last poll
	beforeAt time.Time
	readings Readings
	updates  *int64    // that wait
	counted  time.Time // when they were counted last
}

// live returns what is known of v, which begins with what was stored.
func (s *Service) live(k id, v store.Server) *live {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lives[k]
	if l == nil {
		l = &live{
			snapping: make(chan struct{}, 1), now: make(chan struct{}, 1), state: v.ServerState,
			counted: time.Now().Add(countAfter - countEvery),
		}
		l.snapping <- struct{}{}
		s.lives[k] = l
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.host != v.Host {
		l.host, l.before = v.Host, nil
	}
	return l
}

func (s *Service) forget(k id) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.lives, k)
}

// Now lays over v what is known of it now and is not stored yet, and returns its
// latest readings, if there are any.
func (s *Service) Now(tenant store.TenantID, v *store.Server) (r Readings, ok bool) {
	s.mu.Lock()
	l := s.lives[id{tenant, v.ID}]
	s.mu.Unlock()
	if l == nil {
		return r, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	v.ServerState = l.state
	return l.readings, l.readings.At != nil
}

// took keeps what a poll found and returns what is new in it: the readings, and
// whether the state must be stored.
func (l *live) took(p *sample, at, now time.Time, skew time.Duration) (r []store.Reading, changed, save bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r = p.readings(l.before)
	l.readings = p.latest(l.before, now.Sub(l.beforeAt), at)
	l.before, l.beforeAt = p, now
	changed = l.state.State != store.ServerUp || !l.told
	if l.state.State != store.ServerUp {
		l.state.State, l.state.Since, l.state.Reason = store.ServerUp, now, ""
	}
	l.told = true
	l.state.LastSeen, l.state.SkewMS = &now, skew.Milliseconds()
	if p.memory.total > 0 {
		l.state.Facts.MemoryBytes = int64(p.memory.total)
	}
	if p.uptime > 0 {
		boot := now.Add(-time.Duration(p.uptime * float64(time.Second))).Truncate(time.Second)
		if old := l.state.Facts.BootAt; old == nil || boot.Sub(*old).Abs() > time.Minute {
			l.state.Facts.BootAt = &boot
		}
	}
	if save = changed || now.Sub(l.saved) >= saveEvery; save {
		l.saved = now
	}
	return r, changed, save
}

// saveEvery is how often the moment a server was last seen is stored.
const saveEvery = time.Minute

// failed keeps why a poll failed, and returns whether that is new.
func (l *live) failed(state, reason string, now time.Time) (changed, save bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed = l.state.State != state || !l.told
	save = changed || l.state.Reason != reason
	if l.state.State != state {
		l.state.State, l.state.Since = state, now
	}
	l.told, l.state.Reason, l.before, l.readings = true, reason, nil, Readings{}
	return changed, save
}

// learned keeps what a snapshot found.
func (l *live) learned(f store.Facts, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.BootAt = l.state.Facts.BootAt
	l.state.Facts, l.saved = f, now
}

// poke has the server polled at once.
func (l *live) poke() {
	select {
	case l.now <- struct{}{}:
	default:
	}
}

func (l *live) current() store.ServerState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}
