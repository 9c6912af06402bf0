// Package placetest starts real places for tests: directories, an S3 server,
// OpenSSH and a WebDAV server, each behind a switch with which a test takes it
// away, silences it, makes it read-only or full.
package placetest

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"unity.internal/app/backup/place"
)

// A Server is a place for one test, and ends with it.
type Server struct {
	Config place.Config
	Secret []byte
	Wrong  []byte // a secret that looks right and is not
	Dir    string // what the URL names, as a directory of this machine
	CA     []byte // PEM of the authority of its certificate, if it has one
	line   *line  // nil for a directory
	mode   func(readOnly bool)
	stuff  func(full bool)
}

// File returns a place in a temporary directory.
func File(tb testing.TB) *Server {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "a place ü")
	return &Server{Config: place.Config{URL: "file://" + dir}.Clean(), Dir: dir}
}

// Open opens the place until the test ends.
func (s *Server) Open(tb testing.TB) place.Place {
	tb.Helper()
	return OpenWith(tb, s.Config, s.Secret)
}

// OpenWith opens any place until the test ends.
func OpenWith(tb testing.TB, c place.Config, secret []byte) place.Place {
	tb.Helper()
	p, err := place.Open(tb.Context(), c, secret)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := p.Close(); err != nil {
			tb.Error(err)
		}
	})
	return p
}

// Away cuts all connections and lets nobody listen, until Back.
func (s *Server) Away() { s.line.away() }

// Silence keeps connections open, but nothing passes any more, until Back.
func (s *Server) Silence() { s.line.silence() }

// Back ends Away and Silence.
func (s *Server) Back() { s.line.back() }

// ReadOnly makes the place refuse to write, or lets it write again.
func (s *Server) ReadOnly(on bool) { s.mode(on) }

// Fill leaves no room in the place, or some again. Only WebDAV and what
// lies in a Small directory can do so.
func (s *Server) Fill(on bool) { s.stuff(on) }

// Small mounts a file system of size bytes for the test, at dir or anywhere.
func Small(tb testing.TB, size string, dir string) string {
	tb.Helper()
	if dir == "" {
		dir = tb.TempDir()
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		tb.Fatalf("a small file system cannot be mounted (%v). Run the tests as root:  sudo -E make test-go", err)
	}
	tb.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			tb.Error(err)
		}
	})
	return dir
}

// filler returns a Fill for a directory on a file system of its own.
func filler(tb testing.TB, dir string) func(bool) {
	file := filepath.Join(dir, ".filled")
	return func(full bool) {
		if !full {
			_ = os.Remove(file) // there may be none
			return
		}
		f, err := os.Create(file) //nolint:gosec // a test chose it
		if err != nil {
			tb.Fatal(err)
		}
		defer f.Close()
		for block := make([]byte, 4096); err == nil; {
			_, _ = rand.Read(block) // it cannot fail
			_, err = f.Write(block)
		}
	}
}

// Full returns a place in a directory that can be filled.
func Full(tb testing.TB) *Server {
	tb.Helper()
	dir := Small(tb, "12m", "")
	return &Server{Config: place.Config{URL: "file://" + dir}.Clean(), Dir: dir, stuff: filler(tb, dir)}
}
