package backup

import (
	"context"
	"log/slog"
)

// quiet returns a log for Litestream: what it calls news is routine here, and
// what went wrong comes back as an error, which is logged once.
func quiet(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(debug{log.Handler()})
}

type debug struct{ slog.Handler }

// Enabled implements slog.Handler.
func (h debug) Enabled(ctx context.Context, _ slog.Level) bool {
	return h.Handler.Enabled(ctx, slog.LevelDebug)
}

// Handle implements slog.Handler.
func (h debug) Handle(ctx context.Context, r slog.Record) error {
	r.Level = slog.LevelDebug
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h debug) WithAttrs(a []slog.Attr) slog.Handler { return debug{h.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (h debug) WithGroup(name string) slog.Handler { return debug{h.Handler.WithGroup(name)} }
