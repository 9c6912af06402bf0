package cluster

import (
	"context"
	"sync"
	"time"
)

const (
	backlogSize = 4 << 20 // bytes of lines that wait for one reader
	lineCost    = 96      // bytes beside its text, about
	batchSize   = 512 << 10
	stallWait   = time.Second // how long the cluster is kept waiting for a reader
)

// A backlog holds the lines that a reader has not taken. While the reader takes some
// it keeps those who write waiting, which the cluster hardly notices; when it
// takes none for a second it lets go of the oldest, and counts them.
type backlog struct {
	news chan struct{} // holds a token when there may be something to take

	mu      sync.Mutex
	lines   []LogLine
	size    int
	dropped int
	taken   time.Time     // when the reader last took, or could have
	room    chan struct{} // closed when there is room again
}

func newBacklog() *backlog {
	return &backlog{news: make(chan struct{}, 1), room: make(chan struct{}), taken: time.Now()}
}

// wake makes the reader look.
func (r *backlog) wake() {
	select {
	case r.news <- struct{}{}:
	default: // it has a token
	}
}

// put adds a line. It returns false if ctx ended before there was room.
func (r *backlog) put(ctx context.Context, v LogLine) bool {
	cost := lineCost + len(v.Text)
	for {
		r.mu.Lock()
		if len(r.lines) == 0 {
			r.taken = time.Now() // there was nothing to take
		}
		wait := stallWait - time.Since(r.taken)
		if r.size+cost <= backlogSize || wait <= 0 {
			r.evict(backlogSize - cost)
			r.lines = append(r.lines, v)
			r.size += cost
			r.mu.Unlock()
			r.wake()
			return true
		}
		room := r.room
		r.mu.Unlock()
		late := time.NewTimer(wait)
		select {
		case <-room:
		case <-late.C:
		case <-ctx.Done():
			late.Stop()
			return false
		}
		late.Stop()
	}
}

// evict lets go of the oldest lines until no more than size bytes are left.
func (r *backlog) evict(size int) {
	n := 0
	for r.size > size && n < len(r.lines) {
		r.size -= lineCost + len(r.lines[n].Text)
		n++
	}
	clear(r.lines[:n])
	r.lines = r.lines[n:]
	r.dropped += n
}

// take returns the oldest lines, how many were let go before them, and whether
// there are more.
func (r *backlog) take() (lines []LogLine, dropped int, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken = time.Now()
	n, size := 0, 0
	for ; n < len(r.lines) && size < batchSize; n++ {
		size += lineCost + len(r.lines[n].Text)
	}
	lines, r.lines = r.lines[:n:n], r.lines[n:]
	if len(r.lines) == 0 {
		r.lines = nil // the array goes with what was taken of it
	}
	r.size -= size
	dropped, r.dropped = r.dropped, 0
	close(r.room)
	r.room = make(chan struct{})
	return lines, dropped, len(r.lines) > 0
}
