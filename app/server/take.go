package server

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/remote"
	"unity.internal/store"
)

const (
	snapshotLimit = 2 * time.Minute
	countEvery    = 6 * time.Hour // updates that wait
	// The first snapshot is waited for, and counting takes seconds: a server is
	// watched for a while before its updates are counted for the first time.
	countAfter = 10 * time.Minute
)

// steps are what people see of a snapshot, in the order in which sections come.
var steps = []struct{ section, title string }{
	{"", "Connecting"},
	{"date", "Reading metrics"},
	{"cpu", "Reading hardware"},
	{"os", "Reading the system"},
	{"dpkg", "Reading packages"},
	{"units", "Reading units"},
	{"links", "Reading the network"},
	{"users", "Reading users"},
	{"updates", "Counting updates"},
	{"end", "Saving"},
}

// Snapshot takes a snapshot of a server now and stores it. progress, which may
// be nil, is told each step.
func (s *Service) Snapshot(ctx context.Context, t store.Tenant, server string, progress func(step string, done, total int)) error {
	v, err := t.Server(ctx, server)
	if err != nil {
		return err
	}
	l := s.live(id{t.ID, v.ID}, v)
	select {
	case <-l.snapping:
		defer func() { l.snapping <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if progress == nil {
		progress = func(string, int, int) {}
	}
	progress(steps[0].title, 0, len(steps))
	parts, err := s.collect(ctx, t, v, l.depth(time.Now()), progress)
	if err != nil {
		return err
	}
	select {
	case s.desks <- struct{}{}:
		defer func() { <-s.desks }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.keep(ctx, t, v, l, parts); err != nil {
		return err
	}
	progress("Done", len(steps), len(steps))
	return nil
}

// keep reads what a server said and stores it.
func (s *Service) keep(ctx context.Context, t store.Tenant, v store.Server, l *live, parts sections) error {
	n := parseSnapshot(parts, parsePoll(parts))
	now := time.Now().UTC().Truncate(time.Millisecond)
	l.count(n, now)
	all, err := n.sections()
	if err != nil {
		return err
	}
	name := store.SnapshotName{ID: store.NewID(), ServerID: v.ID, Taken: now}
	if err := t.AddSnapshot(ctx, store.Snapshot{SnapshotName: name, Sections: all}); err != nil {
		return err
	}
	l.learned(n.facts(), now)
	s.save(t.ID, v.ID, l.current())
	s.Publish(t.ID, "servers", v.ID, v.Rev)
	return nil
}

// depth says whether it is time to count updates.
func (l *live) depth(now time.Time) depth {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.counted) < countEvery {
		return snapshots
	}
	return updates
}

// count keeps how many updates wait, or gives n the number of the last count.
func (l *live) count(n *Snapshot, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.OS.Updates != nil {
		l.updates, l.counted = n.OS.Updates, now
		return
	}
	n.OS.Updates = l.updates
}

// collect runs the script of a snapshot, here or there.
func (s *Service) collect(ctx context.Context, t store.Tenant, v store.Server, d depth, progress func(string, int, int)) (sections, error) {
	sc := newScript(d)
	w := &watch{word: sc.word, progress: progress}
	if v.Auth == local {
		out, err := here(ctx, sc.text, w)
		if err != nil {
			return nil, err
		}
		return split(sc.word, out)
	}
	out, err := s.Remote.Run(ctx, s.target(t, v), remote.Command{Script: sc.text, Limit: snapshotLimit, Watch: w.see})
	if err != nil {
		return nil, err
	}
	return split(sc.word, out.Stdout)
}

// errHere says that the appliance's own shell failed.
var errHere = fault.New(fault.Unavailable, "server.no_shell", "This machine has no sh that the appliance may run.")

// here runs a script on this machine.
func here(ctx context.Context, script string, w *watch) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, snapshotLimit)
	defer cancel()
	c := exec.CommandContext(ctx, "/bin/sh")
	c.Stdin = strings.NewReader(script)
	c.WaitDelay = time.Second
	var out bytes.Buffer
	c.Stdout = writers(func(b []byte) { out.Write(b); w.see(b) })
	if err := c.Run(); err != nil && out.Len() == 0 {
		return nil, errHere.Because(err)
	}
	return out.Bytes(), nil
}

type writers func([]byte)

func (w writers) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}

// A watch finds the beginnings of sections in output as it comes.
type watch struct {
	word     string
	progress func(string, int, int)
	rest     []byte
	at       int
}

func (w *watch) see(part []byte) {
	w.rest = append(w.rest, part...)
	for {
		line, rest, ok := bytes.Cut(w.rest, []byte("\n"))
		if !ok {
			break
		}
		if name, ours := bytes.CutPrefix(line, []byte(w.word+" ")); ours {
			w.begins(string(name))
		}
		w.rest = rest
	}
	w.rest = bytes.Clone(w.rest[max(0, len(w.rest)-256):]) // our lines are short
}

func (w *watch) begins(section string) {
	for i, s := range steps {
		if s.section == section && i > w.at {
			w.at = i
			w.progress(s.title, i, len(steps))
		}
	}
}
