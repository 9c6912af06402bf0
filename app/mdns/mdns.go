// Package mdns gives this machine a name on its local network: unity.local, without
// a name server (RFC 6762). It asks whether the name is free before it takes it, and
// goes to unity-2.local and on when it is not. It answers for that one name only,
// announces no services, and looks nothing up.
package mdns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The times of RFC 6762.
const (
	probeGap    = 250 * time.Millisecond // between two probes (8.1)
	probes      = 3
	announceGap = time.Second // between two announcements (8.3)
	lostWait    = time.Second // before probing again, after another one's probe won (8.2)
	crowd       = 15          // conflicts, after which it goes slowly (8.1)
	crowdWait   = 5 * time.Second
	ttl         = 120 // seconds, of addresses (10)
)

// lookEvery is how often interfaces and the switch are looked at without being told.
const lookEvery = 30 * time.Second

// A Responder holds one name on the local network.
type Responder struct {
	label   string // what it asks for first
	enabled func() bool
	log     *slog.Logger
	every   time.Duration
	changed chan struct{}
	name    atomic.Pointer[string]

	// What follows is only touched by Run.
	wire      *wire
	seen      []link // every interface of the local network
	links     []link // those that could be joined
	number    int    // behind the label; 1 is left out
	asked     string // the name that is asked for or held, as in unity.local.
	stage     stage
	count     int // probes or announcements sent
	conflicts int
	spoke     map[int]time.Time // when an interface last heard an answer
	next      *time.Timer
}

// A stage is how far a name is.
type stage uint8

const (
	idle stage = iota // switched off, or without a network
	probing
	announcing
	holding
)

// New returns a responder for label under local; enabled is asked at the start, on
// every Changed and now and then.
func New(label string, enabled func() bool, log *slog.Logger) *Responder {
	return &Responder{label: label, enabled: enabled, log: log, every: lookEvery, changed: make(chan struct{}, 1), spoke: map[int]time.Time{}}
}

// Name returns the name that was won, as in unity.local; empty while there is none.
func (r *Responder) Name() string {
	if name := r.name.Load(); name != nil {
		return *name
	}
	return ""
}

// Changed has the responder look at its switch and its interfaces now.
func (r *Responder) Changed() {
	select {
	case r.changed <- struct{}{}:
	default: // it will look anyway
	}
}

// Run holds a name until ctx ends, and then says goodbye. It returns nil: without a
// network, or where nobody may use the port, it tries again.
func (r *Responder) Run(ctx context.Context) error {
	look := time.NewTicker(r.every)
	defer look.Stop()
	r.number, r.next = 1, time.NewTimer(0)
	defer r.next.Stop()
	r.rest()
	packets := make(chan packet)
	var readers sync.WaitGroup
	defer readers.Wait()
	defer r.leave()
	for told := ""; ; {
		if err := r.look(packets, &readers); err != nil && err.Error() != told {
			told = err.Error() // once, not every half minute
			r.log.WarnContext(ctx, "no name on the local network", "err", err)
		}
		if !r.work(ctx, packets, look.C) {
			return nil
		}
	}
}

// work does what is due until it is time to look again; false: ctx ended.
func (r *Responder) work(ctx context.Context, packets <-chan packet, look <-chan time.Time) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-r.changed:
			return true
		case <-look:
			return true
		case <-r.next.C:
			r.step(ctx)
		case p := <-packets:
			r.hear(ctx, p)
		}
	}
}

// look opens or closes the sockets as the switch says, and begins anew where the
// interfaces changed.
func (r *Responder) look(packets chan<- packet, readers *sync.WaitGroup) error {
	if !r.enabled() {
		r.leave()
		return nil
	}
	links, err := links()
	if err != nil {
		return err
	}
	if same(links, r.seen) {
		return nil
	}
	if r.wire == nil {
		if r.wire, err = open(); err != nil {
			return err
		}
		r.wire.read(readers, packets)
	}
	r.seen, r.links = links, r.wire.join(links)
	if len(r.links) == 0 {
		r.lose()
		r.rest()
		return nil
	}
	r.probe(time.Duration(rand.Int64N(int64(probeGap)))) //nolint:gosec // so that machines that start together do not speak together
	return nil
}

// leave says goodbye and lets go of the name and the sockets.
func (r *Responder) leave() {
	if r.wire == nil {
		return
	}
	if r.Name() != "" {
		for _, l := range r.links {
			r.wire.send(l, r.announcement(l, 0))
		}
	}
	r.lose()
	r.rest()
	if err := r.wire.close(); err != nil {
		r.log.Warn("leave the local network", "err", err)
	}
	r.wire, r.seen, r.links = nil, nil, nil
}

// lose takes the name back.
func (r *Responder) lose() { r.name.Store(nil) }

// rest has nothing to do until something changes.
func (r *Responder) rest() {
	r.stage, r.count = idle, 0
	r.next.Stop()
}

// probe begins to ask, after a while, whether the name is free.
func (r *Responder) probe(after time.Duration) {
	r.asked = r.label + ".local."
	if r.number > 1 {
		r.asked = fmt.Sprintf("%s-%d.local.", r.label, r.number)
	}
	r.stage, r.count = probing, 0
	r.next.Reset(after)
}

// step sends the next probe or announcement.
func (r *Responder) step(ctx context.Context) {
	switch {
	case r.stage == probing && r.count < probes:
		r.count++
		for _, l := range r.links {
			r.wire.send(l, r.question(l))
		}
		r.next.Reset(probeGap)
	case r.stage == probing: // nobody objected
		name := strings.TrimSuffix(r.asked, ".")
		if r.Name() != name {
			r.name.Store(&name)
			r.log.InfoContext(ctx, "this machine has a name on the local network", "name", name)
		}
		r.stage, r.count = announcing, 0
		r.announce()
	case r.stage == announcing:
		r.announce()
	}
}

// announce tells everybody, twice.
func (r *Responder) announce() {
	for _, l := range r.links {
		r.wire.send(l, r.announcement(l, ttl))
	}
	if r.count++; r.count < 2 {
		r.next.Reset(announceGap)
		return
	}
	r.stage = holding
}

// taken goes to the next name, because another machine has this one.
func (r *Responder) taken(ctx context.Context) {
	r.lose()
	r.number++
	r.conflicts++
	was := r.asked
	wait := probeGap
	if r.conflicts >= crowd {
		wait = crowdWait
	}
	r.probe(wait)
	r.log.InfoContext(ctx, "another machine has the name", "name", was, "next", r.asked)
}

// errNoPort says that another program keeps the port for itself.
var errNoPort = errors.New("no socket on port 5353")
