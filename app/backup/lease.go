package backup

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"unity.internal/app/backup/place"
	"unity.internal/app/fault"
)

const (
	leaseFile  = "owner.json"
	leaseTime  = 30 * time.Second // who was silent for so long has lost it
	leaseRenew = leaseTime / 3
	leaseLook  = time.Second
)

var (
	errLost = fault.New(fault.Conflict, "replica.lost", "Another Unity has taken this replica over, so nothing is written to it from here any more. If that one is not meant to run, stop it, and take the replica back.")
	errHeld = fault.New(fault.Conflict, "replica.held", "Another Unity writes to this replica. Stop it, or begin a new one here.")
)

// An owner is who writes to a replica, as it stands there. Beat changes with
// every renewal: whether the owner lives is told by watching it, not by clocks
// that may differ.
type owner struct {
	Owner string    `json:"owner"` // a box and a data directory, in one word
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
	Beat  string    `json:"beat"`
}

// A lease is the right to write to one directory of a replica.
type lease struct {
	place place.Place
	name  string
	me    owner

	mu      sync.Mutex
	tag     string
	renewed time.Time
	lost    error
}

// owner names this box and data directory: a copy of it elsewhere is another.
func (s *Service) owner() owner {
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		id = []byte(s.Host)
	}
	dir, err := filepath.Abs(s.Dir)
	if err != nil {
		dir = s.Dir
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(string(id)) + "|" + s.Host + "|" + dir))
	return owner{Owner: hex.EncodeToString(sum[:8]), Host: s.Host}
}

// takeLease takes a directory of a replica: at once if nobody has it or this
// appliance had it, else when its owner was silent for the time of a lease.
func takeLease(ctx context.Context, where place.Place, dir string, me owner, now func() time.Time) (*lease, error) {
	l := &lease{place: where, name: path.Join(dir, leaseFile), me: me}
	l.me.Since = now().UTC().Truncate(time.Second)
	other, tag, err := l.read(ctx)
	if err != nil {
		return nil, err
	}
	if other.Owner != "" && other.Owner != me.Owner {
		if err := l.watch(ctx, other, tag); err != nil {
			return nil, err
		}
	}
	if tag == "" {
		tag = place.Absent
	}
	return l, l.write(ctx, tag)
}

// read returns who has the directory; nobody: an empty owner without a tag.
func (l *lease) read(ctx context.Context) (o owner, tag string, err error) {
	text, tag, err := l.place.Read(ctx, l.name)
	if errors.Is(err, fs.ErrNotExist) {
		return o, "", nil
	}
	if err == nil && json.Unmarshal(text, &o) != nil {
		o = owner{Owner: "unknown"} // half of a file: watch it
	}
	return o, tag, err
}

// watch returns errHeld as soon as the other owner gives a sign of life.
func (l *lease) watch(ctx context.Context, other owner, tag string) error {
	tick := time.NewTicker(leaseLook)
	defer tick.Stop()
	end := time.NewTimer(leaseTime)
	defer end.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end.C:
			return nil
		case <-tick.C:
		}
		now, is, err := l.read(ctx)
		if err != nil {
			return err
		}
		if is != tag || now.Beat != other.Beat {
			if is == "" {
				return nil // it gave it back; the write fails if a third one was faster
			}
			return errHeld.Because(errors.New(now.Host + " since " + now.Since.Format(time.RFC3339)))
		}
	}
}

// write renews the lease, if what stands there still is what tag says. It also
// is ours if a write of ours arrived whose answer did not.
func (l *lease) write(ctx context.Context, tag string) error {
	err := l.put(ctx, tag)
	if !errors.Is(err, errHeld) {
		return err
	}
	if now, is, readErr := l.read(ctx); readErr == nil && now.Owner == l.me.Owner {
		return l.put(ctx, is)
	}
	return err
}

func (l *lease) put(ctx context.Context, tag string) error {
	began := time.Now()
	l.me.Beat = rand.Text()
	text, err := json.Marshal(l.me)
	if err != nil {
		return err
	}
	tag, err = l.place.Write(ctx, l.name, text, tag)
	if errors.Is(err, place.ErrChanged) {
		return errHeld.Because(err)
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tag, l.renewed = tag, began
	return nil
}

// keep renews the lease until ctx ends; it returns why it was lost.
func (l *lease) keep(ctx context.Context) error {
	tick := time.NewTicker(leaseRenew)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Canceled
		case <-tick.C:
		}
		l.mu.Lock()
		tag := l.tag
		l.mu.Unlock()
		err := l.write(ctx, tag)
		if errors.Is(err, errHeld) {
			l.mu.Lock()
			l.lost = errLost.Because(err)
			l.mu.Unlock()
			return l.lost
		}
		// Anything else may pass: until the time is over the lease is ours.
	}
}

// valid returns why nothing may be written: the lease is lost, or could not be
// renewed for so long that another may have it.
func (l *lease) valid() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost != nil {
		return l.lost
	}
	now := time.Now()
	awake, wall := now.Sub(l.renewed), now.Round(0).Sub(l.renewed.Round(0)) // a box that slept knows by the clock only
	if max(awake, wall) > leaseTime {
		return errExpired
	}
	return nil
}

var errExpired = fault.New(fault.Unavailable, "replica.unreachable", "The replica could not be reached for half a minute. It is tried again and again; check that it is there.")

// release gives the directory back, if it is still ours.
func (l *lease) release(ctx context.Context) error {
	if l.valid() != nil {
		return nil
	}
	_, tag, err := l.read(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || tag != l.tag {
		return err
	}
	return l.place.Delete(ctx, l.name)
}
