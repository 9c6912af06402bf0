// Package place is where a replica, a copy of it and the small files beside
// them are kept: a directory, a bucket, an SFTP or a WebDAV server, behind one
// interface. What stands under a name is always whole: files come into being
// under a temporary name and are then renamed. Every call to a network ends
// within half a minute once nothing moves any more.
//
// It does not know what it keeps, holds no secret longer than the place is
// open, and writes no log: errors say where they happened, Explain says what
// a person can do.
package place

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/benbjohnson/litestream"

	"unity.internal/app/fault"
)

// Absent is the tag of a name under which nothing stands.
const Absent = "absent"

// MaxRead is the size of the largest file that Read and Write take.
const MaxRead = 1 << 20

// ErrChanged says that a file is not the one that was expected.
var ErrChanged = fault.New(fault.Conflict, "replica.changed", "Somebody else wrote to this place in the meantime. Look at what is there now and try again.")

// An Entry is a file or a directory.
type Entry struct {
	Name string
	Dir  bool
	Size int64     // of a file
	Time time.Time // of a file: when it was written, as the place sees it
}

// A Place keeps files under names with slashes, relative to its URL. Its
// methods may be called at the same time. A file that is not there is
// fs.ErrNotExist; what else fails is for Explain.
type Place interface {
	// Read returns a file of at most MaxRead bytes and the tag of what it holds.
	Read(ctx context.Context, name string) (data []byte, tag string, err error)
	// Write replaces a file and returns its new tag. With a tag, what stands
	// there must still have it, with Absent nothing may stand there: otherwise
	// it is ErrChanged. Only S3 compares and writes in one step; on all places,
	// of several who write to a name that is absent, one wins.
	Write(ctx context.Context, name string, data []byte, tag string) (newTag string, err error)
	// Upload writes a file of any size and returns the size.
	Upload(ctx context.Context, name string, r io.Reader) (int64, error)
	// Download reads a file of any size.
	Download(ctx context.Context, name string) (io.ReadCloser, error)
	// List returns what is directly in a directory, by name. A directory that is not there is empty.
	List(ctx context.Context, dir string) ([]Entry, error)
	// Delete deletes a file, which may be missing.
	Delete(ctx context.Context, name string) error
	// Client returns Litestream's view of a directory. It ends with the place.
	Client(dir string) (litestream.ReplicaClient, error)
	// Sweep removes what writers that died left unfinished below a directory.
	Sweep(ctx context.Context, dir string) error
	// Close ends all connections.
	Close() error
}

// A kind is how one protocol keeps files. Its names are clean; a missing file
// is fs.ErrNotExist and a missing directory has no entries.
type kind interface {
	open(ctx context.Context, name string, offset, size int64) (io.ReadCloser, error) // size 0: to the end
	put(ctx context.Context, name string, r io.Reader, at time.Time) (int64, error)   // whole or not at all
	create(ctx context.Context, name string, data []byte) error                       // fs.ErrExist if something is there
	list(ctx context.Context, dir string) ([]Entry, error)
	remove(ctx context.Context, name string) error // a missing one may be fs.ErrNotExist
	sweep(ctx context.Context, dir string) error
	keepsTimes() bool                 // Entry.Time is what put was told
	ltx(dir string, level int) string // where Litestream keeps a level
	close() error
}

// A swapper is a kind that compares and writes in one step.
type swapper interface {
	read(ctx context.Context, name string) ([]byte, string, error)
	swap(ctx context.Context, name string, data []byte, tag string) (string, error)
}

// Open returns the place that c describes. It checks what it is given, but
// connects only when it is used, and again after a failure.
func Open(_ context.Context, c Config, secret []byte) (Place, error) {
	if err := c.check(secret); err != nil {
		return nil, err
	}
	c = c.Clean()
	k, err := c.kind(secret)
	if err != nil {
		return nil, Explain(&failure{where: c.where(), err: err})
	}
	return &place{k, c.where()}, nil
}

type place struct {
	kind  kind
	where string
}

func (p *place) Read(ctx context.Context, name string) ([]byte, string, error) {
	if err := checkName(name); err != nil {
		return nil, "", err
	}
	data, tag, err := p.read(ctx, name)
	return data, tag, p.wrap(err, false)
}

func (p *place) read(ctx context.Context, name string) ([]byte, string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s, ok := p.kind.(swapper); ok {
		return s.read(ctx, name)
	}
	r, err := p.kind.open(ctx, name, 0, 0)
	if err != nil {
		return nil, "", err
	}
	defer r.Close()
	data, err := readSmall(r)
	if err != nil {
		return nil, "", err
	}
	return data, tagOf(data), nil
}

func readSmall(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxRead+1))
	if len(data) > MaxRead {
		return nil, errLarge
	}
	return data, err
}

func tagOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (p *place) Write(ctx context.Context, name string, data []byte, tag string) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	if len(data) > MaxRead {
		return "", errLarge
	}
	newTag, err := p.write(ctx, name, data, tag)
	return newTag, p.wrap(err, true)
}

func (p *place) write(ctx context.Context, name string, data []byte, tag string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s, ok := p.kind.(swapper); ok {
		return s.swap(ctx, name, data, tag)
	}
	switch tag {
	case "":
	case Absent:
		err := p.kind.create(ctx, name, data)
		if errors.Is(err, fs.ErrExist) {
			err = ErrChanged
		}
		return tagOf(data), err
	default:
		_, now, err := p.read(ctx, name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && now != tag {
			err = ErrChanged
		}
		if err != nil {
			return "", err
		}
	}
	_, err := p.kind.put(ctx, name, bytes.NewReader(data), time.Time{})
	return tagOf(data), err
}

func (p *place) Upload(ctx context.Context, name string, r io.Reader) (int64, error) {
	if err := checkName(name); err != nil {
		return 0, err
	}
	n, err := p.kind.put(ctx, name, r, time.Time{})
	return n, p.wrap(err, true)
}

func (p *place) Download(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	r, err := p.kind.open(ctx, name, 0, 0)
	if err != nil {
		return nil, p.wrap(err, false)
	}
	return &reader{r, p.where}, nil
}

// A reader says where reading failed.
type reader struct {
	io.ReadCloser
	where string
}

func (r *reader) Read(b []byte) (int, error) {
	n, err := r.ReadCloser.Read(b)
	if err != nil && err != io.EOF {
		err = &failure{where: r.where, err: err}
	}
	return n, err
}

func (p *place) List(ctx context.Context, dir string) ([]Entry, error) {
	dir, err := checkDir(dir)
	if err != nil {
		return nil, err
	}
	all, err := p.kind.list(ctx, dir)
	if err != nil {
		return nil, p.wrap(err, false)
	}
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func (p *place) Delete(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := p.kind.remove(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return p.wrap(err, true)
}

func (p *place) Client(dir string) (litestream.ReplicaClient, error) {
	if err := checkName(dir); err != nil {
		return nil, err
	}
	return &client{place: p, dir: dir}, nil
}

func (p *place) Sweep(ctx context.Context, dir string) error {
	dir, err := checkDir(dir)
	if err != nil {
		return err
	}
	return p.wrap(p.kind.sweep(ctx, dir), true)
}

func (p *place) Close() error { return p.kind.close() }

// wrap says where an error happened.
func (p *place) wrap(err error, write bool) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrChanged) {
		return err
	}
	if _, done := errors.AsType[*failure](err); done {
		return err
	}
	return &failure{where: p.where, write: write, err: err}
}

// checkName refuses names that could leave the place or not be kept everywhere.
func checkName(name string) error {
	if !fs.ValidPath(name) || name == "." || strings.ContainsFunc(name, unicode.IsControl) || strings.Contains(name, `\`) {
		return fault.New(fault.Invalid, "replica.name", "This is no name for a file in a place. Use a relative path without .. in it.")
	}
	return nil
}

func checkDir(dir string) (string, error) {
	if dir == "" || dir == "." {
		return "", nil
	}
	return dir, checkName(dir)
}

// sweepTemporary removes the files below dir that are temporary by their names.
func sweepTemporary(ctx context.Context, k kind, dir string) error {
	all, err := k.list(ctx, dir)
	if err != nil {
		return err
	}
	for _, e := range all {
		name := path.Join(dir, e.Name)
		switch {
		case e.Dir:
			err = sweepTemporary(ctx, k, name)
		case strings.HasSuffix(e.Name, temporary):
			err = k.remove(ctx, name)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
