package place

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/benbjohnson/litestream"
)

// temporary ends the names of files that are not whole yet.
const temporary = ".tmp"

// files keeps everything in a directory of this machine.
type files struct{ root string }

func (f *files) at(name string) string { return filepath.Join(f.root, filepath.FromSlash(name)) }

func (f *files) open(ctx context.Context, name string, offset, size int64) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	file, err := os.Open(f.at(name))
	if err != nil {
		return nil, err
	}
	if offset > 0 {
		if _, err := file.Seek(offset, io.SeekStart); err != nil {
			_ = file.Close() // it was only read
			return nil, err
		}
	}
	return limit(file, size), nil
}

// limit ends r after size bytes, if size is not zero.
func limit(r io.ReadCloser, size int64) io.ReadCloser {
	if size == 0 {
		return r
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(r, size), r}
}

// put writes a temporary file, syncs it and renames it.
func (f *files) put(ctx context.Context, name string, r io.Reader, at time.Time) (n int64, err error) {
	err = f.write(ctx, name, r, at, func(part string, size int64) error {
		n = size
		return os.Rename(part, f.at(name))
	})
	return n, err
}

// create gives a temporary file its name only if nothing has that name: a link
// fails then, a rename would not. Where there are no links, as on FAT, the
// file is created under its name.
func (f *files) create(ctx context.Context, name string, data []byte) error {
	return f.write(ctx, name, bytes.NewReader(data), time.Time{}, func(part string, _ int64) error {
		err := os.Link(part, f.at(name))
		if err == nil || errors.Is(err, fs.ErrExist) {
			return errors.Join(err, os.Remove(part))
		}
		file, err := os.OpenFile(f.at(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return errors.Join(err, os.Remove(part))
		}
		return errors.Join(file.Close(), os.Rename(part, f.at(name)))
	})
}

// write writes a temporary file and hands its path to give, which names it.
func (f *files) write(ctx context.Context, name string, r io.Reader, at time.Time, give func(part string, size int64) error) (err error) {
	dir := filepath.Dir(f.at(name))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	part := f.at(name) + "." + rand.Text() + temporary
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // names are checked
	if err != nil {
		return err
	}
	n, err := io.Copy(file, &during{ctx, r})
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil && !at.IsZero() {
		err = os.Chtimes(part, at, at)
	}
	if err != nil {
		_ = os.Remove(part) // Sweep does it later
		return err
	}
	if err := give(part, n); err != nil {
		_ = os.Remove(part) // likewise
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // names are checked
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// during reads as long as ctx lasts.
type during struct {
	ctx context.Context
	r   io.Reader
}

func (d *during) Read(b []byte) (int, error) {
	if err := d.ctx.Err(); err != nil {
		return 0, err
	}
	return d.r.Read(b)
}

// sizeOf returns how much is left in r, if r can tell.
func sizeOf(r io.Reader) (int64, bool) {
	s, ok := r.(io.Seeker)
	if !ok {
		return 0, false
	}
	at, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, false // a pipe
	}
	end, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, false
	}
	_, err = s.Seek(at, io.SeekStart)
	return end - at, err == nil
}

func (f *files) list(ctx context.Context, dir string) ([]Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all, err := os.ReadDir(f.at(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, d := range all {
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has just been deleted
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry(info))
	}
	return entries, nil
}

func entry(info fs.FileInfo) Entry {
	if info.IsDir() {
		return Entry{Name: info.Name(), Dir: true}
	}
	return Entry{Name: info.Name(), Size: info.Size(), Time: info.ModTime().UTC()}
}

func (f *files) remove(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return os.Remove(f.at(name))
}

func (f *files) sweep(ctx context.Context, dir string) error { return sweepTemporary(ctx, f, dir) }

func (f *files) keepsTimes() bool { return true }

func (f *files) ltx(dir string, level int) string { return litestream.LTXLevelDir(dir, level) }

func (f *files) close() error { return nil }
