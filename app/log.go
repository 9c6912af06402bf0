package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// newLog writes text to a terminal, and JSON to whatever collects logs. The last
// lines stay in memory, for who needs help.
func newLog(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // the flag is an enum
	options := &slog.HandlerOptions{Level: l}
	last := &recent{}
	out := both{kept: slog.NewJSONHandler(last, options), last: last}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		out.Handler = slog.NewTextHandler(w, options)
	} else {
		out.Handler = slog.NewJSONHandler(w, options)
	}
	return slog.New(out)
}

// both is a handler that keeps what it hands out.
type both struct {
	slog.Handler
	kept slog.Handler
	last *recent
}

// Handle implements slog.Handler.
func (b both) Handle(ctx context.Context, r slog.Record) error {
	return errors.Join(b.Handler.Handle(ctx, r), b.kept.Handle(ctx, r))
}

// WithAttrs implements slog.Handler.
func (b both) WithAttrs(attrs []slog.Attr) slog.Handler {
	return both{b.Handler.WithAttrs(attrs), b.kept.WithAttrs(attrs), b.last}
}

// WithGroup implements slog.Handler.
func (b both) WithGroup(name string) slog.Handler {
	return both{b.Handler.WithGroup(name), b.kept.WithGroup(name), b.last}
}

// How much of the log is kept at most.
const (
	recentLines = 2000
	recentBytes = 512 << 10
	recentLine  = 16 << 10 // bytes of one line
)

// recent keeps the last lines that were written to it. It takes no more memory
// than they do.
type recent struct {
	mu    sync.Mutex
	lines []string
	bytes int
}

// Write implements io.Writer: each call brings one line.
func (r *recent) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := strings.TrimSuffix(string(line[:min(len(line), recentLine)]), "\n")
	r.lines = append(r.lines, kept)
	r.bytes += len(kept)
	drop := 0
	for len(r.lines)-drop > recentLines || r.bytes > recentBytes && drop < len(r.lines)-1 {
		r.bytes -= len(r.lines[drop])
		r.lines[drop] = ""
		drop++
	}
	r.lines = r.lines[drop:] // the next append that grows it lets go of what is before
	return len(line), nil
}

// lately returns the last lines of a logger that newLog made.
func lately(log *slog.Logger) []string {
	b, ok := log.Handler().(both)
	if !ok {
		return nil
	}
	b.last.mu.Lock()
	defer b.last.mu.Unlock()
	return append([]string{}, b.last.lines...)
}
