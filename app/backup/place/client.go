package place

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/superfly/ltx"
	"golang.org/x/sync/errgroup"
)

// atOnce is how many small requests to one place run at the same time.
const atOnce = 8

// A client keeps Litestream's files in a directory of a place, as Litestream's
// own clients lay them out: its command can restore them. Theirs are not used,
// because they wait for ever on a network that is silent, read SFTP keys from
// files only, and cannot be given a transport.
type client struct {
	place *place
	dir   string
}

var _ litestream.ReplicaClient = (*client)(nil)

// Type returns a word for Litestream's log.
func (c *client) Type() string { return "place" }

// Init does nothing: connections are made as they are needed.
func (c *client) Init(context.Context) error { return nil }

// SetLogger does nothing: every error is returned.
func (c *client) SetLogger(*slog.Logger) {}

func (c *client) name(level int, first, last ltx.TXID) string {
	return path.Join(c.place.kind.ltx(c.dir, level), ltx.FormatFilename(first, last))
}

// LTXFiles returns the files of a level from seek on. A place that does not
// keep times is asked for the head of each file when they must be exact.
func (c *client) LTXFiles(ctx context.Context, level int, seek ltx.TXID, exact bool) (ltx.FileIterator, error) {
	all, err := c.place.kind.list(ctx, c.place.kind.ltx(c.dir, level))
	if err != nil {
		return nil, c.place.wrap(err, false)
	}
	var files []*ltx.FileInfo
	for _, e := range all {
		first, last, err := ltx.ParseFilename(e.Name)
		if err != nil || e.Dir || first < seek {
			continue // not Litestream's, or not asked for
		}
		files = append(files, &ltx.FileInfo{Level: level, MinTXID: first, MaxTXID: last, Size: e.Size, CreatedAt: e.Time.UTC()})
	}
	if exact && !c.place.kind.keepsTimes() {
		if err := c.readTimes(ctx, files); err != nil {
			return nil, c.place.wrap(err, false)
		}
	}
	return ltx.NewFileInfoSliceIterator(files), nil
}

func (c *client) readTimes(ctx context.Context, files []*ltx.FileInfo) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, f := range files {
		g.Go(func() error {
			h, err := litestream.FetchLTXHeader(ctx, c, f)
			if err != nil {
				return fmt.Errorf("read time of level %d, %s: %w", f.Level, ltx.FormatFilename(f.MinTXID, f.MaxTXID), err)
			}
			f.CreatedAt = time.UnixMilli(h.Timestamp).UTC()
			return nil
		})
	}
	return g.Wait()
}

// OpenLTXFile reads size bytes of a file from offset on, all if size is zero.
func (c *client) OpenLTXFile(ctx context.Context, level int, first, last ltx.TXID, offset, size int64) (io.ReadCloser, error) {
	name := c.name(level, first, last)
	r, err := c.place.kind.open(ctx, name, offset, size)
	if errors.Is(err, fs.ErrNotExist) { // Litestream looks at the outermost error only
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, c.place.wrap(err, false)
	}
	return &reader{r, c.place.where}, nil
}

// WriteLTXFile writes a file, dated as its head says.
func (c *client) WriteLTXFile(ctx context.Context, level int, first, last ltx.TXID, r io.Reader) (*ltx.FileInfo, error) {
	var head bytes.Buffer
	h, _, err := ltx.PeekHeader(io.TeeReader(r, &head))
	if err != nil {
		return nil, fmt.Errorf("read head of ltx file: %w", err)
	}
	at := time.UnixMilli(h.Timestamp).UTC()
	whole, ok := rewound(r, head.Len())
	if !ok {
		whole = io.MultiReader(&head, r)
	}
	n, err := c.place.kind.put(ctx, c.name(level, first, last), whole, at)
	if err != nil {
		return nil, c.place.wrap(err, true)
	}
	return &ltx.FileInfo{Level: level, MinTXID: first, MaxTXID: last, Size: n, CreatedAt: at}, nil
}

// rewound returns r as it was before n bytes were read, if it can go back: a
// file needs no buffer and may be sent again.
func rewound(r io.Reader, n int) (io.Reader, bool) {
	s, ok := r.(io.ReadSeeker)
	if !ok {
		return nil, false
	}
	_, err := s.Seek(int64(-n), io.SeekCurrent)
	return s, err == nil
}

// DeleteLTXFiles deletes files; what is missing is no error.
func (c *client) DeleteLTXFiles(ctx context.Context, files []*ltx.FileInfo) error {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = c.name(f.Level, f.MinTXID, f.MaxTXID)
	}
	return c.remove(ctx, names)
}

// DeleteAll deletes every file of Litestream's.
func (c *client) DeleteAll(ctx context.Context) error {
	for level := range litestream.SnapshotLevel + 1 {
		dir := c.place.kind.ltx(c.dir, level)
		all, err := c.place.kind.list(ctx, dir)
		if err != nil {
			return c.place.wrap(err, false)
		}
		var names []string
		for _, e := range all {
			if !e.Dir {
				names = append(names, path.Join(dir, e.Name))
			}
		}
		if err := c.remove(ctx, names); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) remove(ctx context.Context, names []string) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for _, name := range names {
		g.Go(func() error { return c.place.Delete(ctx, name) })
	}
	return g.Wait()
}
