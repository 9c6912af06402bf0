package cluster

import (
	"io"
	"time"
)

// An idle notices when nothing was read or written for a while.
type idle struct {
	after time.Duration
	timer *time.Timer
}

func newIdle(after time.Duration, then func()) *idle {
	return &idle{after, time.AfterFunc(after, then)}
}

func (i *idle) stop()  { i.timer.Stop() }
func (i *idle) touch() { i.timer.Reset(i.after) }

func (i *idle) reader(r io.Reader) io.Reader { return idleReader{i, r} }
func (i *idle) writer(w io.Writer) io.Writer { return idleWriter{i, w} }

type idleReader struct {
	*idle
	io.Reader
}

// Read implements io.Reader.
func (r idleReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.touch()
	return n, err
}

type idleWriter struct {
	*idle
	io.Writer
}

// Write implements io.Writer.
func (w idleWriter) Write(b []byte) (int, error) {
	w.touch()
	return w.Writer.Write(b)
}
