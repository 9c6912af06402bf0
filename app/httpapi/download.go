package httpapi

import (
	"bytes"
	"context"
	"io"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"unity.internal/app/auth"
)

// A file is what a download sends: next writes its next piece to out and
// reports whether there are more. What it is read from, if anything, is closed then.
type file struct {
	name string
	next func(ctx context.Context, out *bytes.Buffer) (more bool, err error)
	from io.Closer
}

// download registers a route that sends a file which is read while it is sent.
// It ends, cut short, when its caller no longer holds need or reading fails.
func download(m mux, need auth.Permission, op huma.Operation, media, text string, open func(context.Context, Caller, *fiber.Ctx) (file, error)) {
	flow(m, need, op, media, text, func(ctx context.Context, c Caller, r *fiber.Ctx) (sender, error) {
		f, err := open(ctx, c, r)
		if err != nil {
			return nil, err
		}
		r.Attachment(f.name)
		return func(ctx context.Context, w flusher) { m.sendFile(ctx, need, f, w) }, nil
	})
}

// sendFile copies f, one piece in memory at a time.
func (m mux) sendFile(ctx context.Context, need auth.Permission, f file, w flusher) {
	if f.from != nil {
		defer f.from.Close()
	}
	var out bytes.Buffer
	for more := true; more; {
		var err error
		more, err = f.next(ctx, &out)
		if err != nil && ctx.Err() == nil {
			m.Log.ErrorContext(ctx, "read a download", "name", f.name, "err", err)
		}
		if err != nil || ctx.Err() != nil || !m.still(ctx, need) || w.flush(out.Bytes()) != nil {
			w.cut()
			return
		}
		out.Reset()
	}
}
