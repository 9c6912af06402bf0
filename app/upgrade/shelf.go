package upgrade

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The programs of a data directory, and what vouches for each beside it.
const (
	Current  = "unity"
	Next     = "next"
	Previous = "previous"

	signed = ".minisig" // a signature by a trusted key
	// pinned holds the checksum of a program that came without a signature of its
	// own: from a signed archive, or because the owner of the data directory said
	// so. It tells a damaged program from a whole one. It does not protect from who
	// may write to the data directory: they could pin another. They could do as
	// much already, as the user that Unity runs as, and root never runs it.
	pinned = ".sha256"
)

// A Shelf is where the programs of a data directory are.
type Shelf struct {
	Dir  string // the data directory
	Keys Keys
}

// Path returns where a program is.
func (s Shelf) Path(name string) string { return filepath.Join(s.Dir, programs, name) }

// Has reports whether there is one of this name.
func (s Shelf) Has(name string) bool { return exists(s.Path(name)) }

// Check returns nil if a program may be executed: it is as it was vouched for.
func (s Shelf) Check(name string) (seal Seal, err error) {
	path := s.Path(name)
	f, err := os.Open(path) //nolint:gosec // a path of ours
	if err != nil {
		return seal, err
	}
	defer f.Close()
	signature, err := os.ReadFile(path + signed) //nolint:gosec // a path of ours
	if err == nil {
		return s.Keys.verify(f, signature)
	}
	pin, err2 := os.ReadFile(path + pinned) //nolint:gosec // a path of ours
	if err2 != nil {
		return seal, ErrUnsigned.Because(err)
	}
	sum, err := sumOf(f)
	if err == nil && sum != strings.TrimSpace(string(pin)) {
		err = ErrChecksum
	}
	return seal, err
}

// Newer returns the program of the data directory if it is to run in place of one
// of version own, else an empty path. An error says why one that is there is not
// executed.
func (s Shelf) Newer(ctx context.Context, own string) (path string, v Version, err error) {
	if !s.Has(Current) {
		return "", v, nil
	}
	if _, err := s.Check(Current); err != nil {
		return "", v, err
	}
	if v, err = Ask(ctx, s.Path(Current)); err != nil || Compare(v.Number, own) <= 0 {
		return "", v, err
	}
	return s.Path(Current), v, nil
}

// Install puts the next program in the place of the one of the data directory,
// which becomes the previous one. It may be done again after a stop at any moment.
func (s Shelf) Install() error {
	if !s.Has(Next) {
		return nil
	}
	if s.Has(Current) {
		if err := s.move(Current, Previous); err != nil {
			return err
		}
	}
	return s.move(Next, Current)
}

// Return puts the previous program in place again; without one of the data
// directory, the one that was installed serves.
func (s Shelf) Return(name string) error {
	if name == Previous {
		if !s.Has(Previous) {
			return nil
		}
		return s.move(Previous, Current)
	}
	return s.Drop(Current)
}

// Drop removes a program.
func (s Shelf) Drop(name string) error {
	path := s.Path(name)
	for _, p := range []string{path, path + signed, path + pinned} { // first what could be executed
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if !exists(filepath.Dir(path)) {
		return nil
	}
	return settle(filepath.Dir(path))
}

// move renames a program, first what vouches for it: between the two, there is
// one that is not executed.
func (s Shelf) move(from, to string) error {
	from, to = s.Path(from), s.Path(to)
	for _, kind := range [][2]string{{signed, pinned}, {pinned, signed}} {
		if !exists(from + kind[0]) {
			continue
		}
		if err := os.Remove(to + kind[1]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Rename(from+kind[0], to+kind[0]); err != nil {
			return err
		}
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return settle(filepath.Dir(to))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// sumOf returns the SHA-256 of what in holds, in hexadecimal.
func sumOf(in io.Reader) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, in)
	return hex.EncodeToString(h.Sum(nil)), err
}
