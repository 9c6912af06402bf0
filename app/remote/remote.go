// Package remote runs commands on machines over SSH. It keeps one connection
// a server and gives a credential to nobody whose host key is not pinned. It
// does not decide when to connect, nor what to do about a failure.
package remote

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"unity.internal/store"
)

// The ways to sign in.
const (
	ByPassword = "password"
	ByKey      = "key"
	ByAgent    = "agent"
)

// Secrets are what a server asks for, opened for one log-in.
type Secrets struct {
	Password   string
	Key        []byte // PEM
	Passphrase []byte // of Key, if it has one
}

// A Target is a server and how to sign in to it. Secrets is called after the
// server has shown the pinned host key, and not before.
type Target struct {
	Tenant  store.TenantID
	Server  string // with Tenant the key of the kept connection
	Host    string
	Port    int64
	User    string
	Auth    string
	Trusted []byte // the pinned host key in wire form; none: nobody is trusted yet
	Print   string // where none is pinned: the fingerprint of the key that a person trusts
	Secrets func(context.Context) (Secrets, error)
}

// A Command is a script for sh and how far it may go.
type Command struct {
	Script string
	Limit  time.Duration // zero: the pool's
	Watch  func([]byte)  // sees the output as it comes; may be nil
}

// An Output is what a command wrote, and how it ended.
type Output struct {
	Stdout  []byte
	Stderr  []byte // its beginning
	Status  int
	Started time.Time // when the command was handed over
	Ended   time.Time // when its last byte was here
}

// Limits bound what one server may cost. Zero fields get the defaults.
type Limits struct {
	Connect   time.Duration // name and TCP
	Handshake time.Duration // host key and log-in
	Command   time.Duration
	Idle      time.Duration // silence before a connection is asked whether it lives
	Output    int           // bytes a command may write
	Dials     int           // connections begun at once
}

const (
	maxOutput = 8 << 20
	maxStderr = 4 << 10
	maxDials  = 16
	// patience is how long a dial that does not get on keeps others waiting.
	patience = 500 * time.Millisecond
)

// A Pool keeps one connection a server.
type Pool struct {
	// Agent returns the socket of the appliance's SSH agent; nil or empty: there is none.
	Agent func() string
	// Other, unless it is nil, connects to hosts that no network knows. It reports
	// false of those that it does not know either.
	Other  func(ctx context.Context, host string) (conn net.Conn, known bool, err error)
	limits Limits
	dials  chan struct{}

	mu     sync.Mutex
	slots  map[key]*slot
	closed bool
	wait   sync.WaitGroup // keepers of connections
}

type key struct {
	tenant store.TenantID
	server string
}

// A slot is the place of one connection. gate holds one token: who takes it
// may dial. link is guarded by the pool's mutex.
type slot struct {
	gate chan struct{}
	link *link
}

// New returns a pool without connections.
func New(l Limits) *Pool {
	l.Connect = orElse(l.Connect, 10*time.Second)
	l.Handshake = orElse(l.Handshake, 15*time.Second)
	l.Command = orElse(l.Command, 20*time.Second)
	l.Idle = orElse(l.Idle, 30*time.Second)
	l.Output = orElse(l.Output, maxOutput)
	l.Dials = orElse(l.Dials, maxDials)
	return &Pool{limits: l, dials: make(chan struct{}, l.Dials), slots: map[key]*slot{}}
}

func orElse[T int | time.Duration](v, fallback T) T {
	if v == 0 {
		return fallback
	}
	return v
}

// Run runs c on the kept connection of t, which it makes if there is none. A
// kept connection that turns out to be dead is made anew once.
func (p *Pool) Run(ctx context.Context, t Target, c Command) (Output, error) {
	for {
		l, kept, err := p.link(ctx, t)
		if err != nil {
			return Output{}, err
		}
		out, err := p.run(ctx, l, t, c)
		if err == nil {
			return out, nil
		}
		l.close()
		if _, dead := errors.AsType[*deadError](err); !dead {
			return out, err
		}
		if !kept {
			return out, lost(t).Because(err)
		}
	}
}

// Drop ends the connection of a server, so that the next command makes a new
// one. Whoever dials it just now closes what they made.
func (p *Pool) Drop(tenant store.TenantID, server string) {
	p.mu.Lock()
	s := p.slots[key{tenant, server}]
	delete(p.slots, key{tenant, server})
	p.mu.Unlock()
	if s != nil {
		s.link.close()
	}
}

// Forget ends every connection of a tenant that is deleted.
func (p *Pool) Forget(tenant store.TenantID) {
	p.mu.Lock()
	var keys []key
	for k := range p.slots {
		if k.tenant == tenant {
			keys = append(keys, k)
		}
	}
	p.mu.Unlock()
	for _, k := range keys {
		p.Drop(k.tenant, k.server)
	}
}

// Close ends every connection and waits for their keepers.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	var keys []key
	for k := range p.slots {
		keys = append(keys, k)
	}
	p.mu.Unlock()
	for _, k := range keys {
		p.Drop(k.tenant, k.server)
	}
	p.wait.Wait()
}

// link returns the living connection of t, and whether it was there before.
func (p *Pool) link(ctx context.Context, t Target) (_ *link, kept bool, err error) {
	s := p.slot(key{t.Tenant, t.Server})
	if s == nil {
		return nil, false, errClosed
	}
	select {
	case <-s.gate:
	case <-ctx.Done():
		return nil, false, interrupted(ctx, t)
	}
	defer func() { s.gate <- struct{}{} }()
	if l := p.linkOf(s); l.alive() {
		return l, true, nil
	}
	l, err := p.dial(ctx, t, nil)
	if err != nil {
		return nil, false, err
	}
	if !p.place(key{t.Tenant, t.Server}, s, l) {
		l.close()
		return nil, false, lost(t) // the server was changed or deleted meanwhile
	}
	return l, false, nil
}

func (p *Pool) linkOf(s *slot) *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.link
}

// place keeps l in s, if s is still the slot of k.
func (p *Pool) place(k key, s *slot, l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.slots[k] != s {
		return false
	}
	s.link = l
	p.wait.Go(func() { l.keep(p.limits.Idle) })
	return true
}

func (p *Pool) slot(k key) *slot {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	s := p.slots[k]
	if s == nil {
		s = &slot{gate: make(chan struct{}, 1)}
		s.gate <- struct{}{}
		p.slots[k] = s
	}
	return s
}
