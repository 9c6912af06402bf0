package upgrade

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	maxProgram = 200 << 20 // bytes
	maxSeal    = 16 << 10
	arriving   = ".new"
)

// An Offer is a program that somebody hands in: itself, or in the archive that is
// published.
type Offer struct {
	File      io.Reader
	Signature []byte
	SHA256    string // it must have this checksum; empty: any
	Unsigned  bool   // the owner of the data directory vouches for the checksum
	Older     bool   // it may be older than what runs
	Room      func() int64
}

// Stage verifies a program and keeps it as the next one. own is what runs. Nothing
// stays of one that was refused.
func (s Shelf) Stage(ctx context.Context, o Offer, own Version) (v Version, seal Seal, err error) {
	dir := filepath.Join(s.Dir, programs)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return v, seal, full(err)
	}
	if err := s.Drop(Next); err != nil {
		return v, seal, err
	}
	part := filepath.Join(dir, Next+arriving)
	defer os.Remove(part)
	if err := o.arrive(part); err != nil {
		return v, seal, err
	}
	if seal, err = o.check(part, s.Keys); err != nil {
		return v, seal, err
	}
	signature, err := o.unpack(part)
	if err != nil {
		return v, seal, err
	}
	if err := ours(part); err != nil {
		return v, seal, err
	}
	if v, err = o.fits(ctx, part, own); err != nil {
		return v, seal, err
	}
	return v, seal, s.keep(part, signature)
}

// keep gives a verified program its place, behind what vouches for it.
func (s Shelf) keep(part string, signature []byte) error {
	next := s.Path(Next)
	if len(signature) > 0 {
		f, err := os.Open(part) //nolint:gosec // a path of ours
		if err != nil {
			return err
		}
		_, err = s.Keys.verify(f, signature)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		if err := write(next+signed, signature, 0o600); err != nil {
			return err
		}
	} else {
		f, err := os.Open(part) //nolint:gosec // a path of ours
		if err != nil {
			return err
		}
		sum, err := sumOf(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		if err := write(next+pinned, []byte(sum+"\n"), 0o600); err != nil {
			return err
		}
	}
	if err := settle(part); err != nil {
		return full(err)
	}
	if err := os.Rename(part, next); err != nil {
		return err
	}
	return settle(filepath.Dir(next))
}

// arrive writes what is offered to a file.
func (o Offer) arrive(part string) error {
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // a path of ours
	if err != nil {
		return full(err)
	}
	n, err := io.Copy(roomy{f, o.Room}, io.LimitReader(o.File, maxProgram+1))
	if err := errors.Join(full(err), f.Close()); err != nil {
		return err
	}
	if n > maxProgram {
		return ErrTooLarge
	}
	return nil
}

// roomy leaves to the database what is kept free for it.
type roomy struct {
	io.Writer
	room func() int64 // bytes that may be taken; less than nothing: nobody knows
}

// Write implements io.Writer.
func (r roomy) Write(p []byte) (int, error) {
	if r.room != nil {
		if left := r.room(); left >= 0 && left < int64(len(p)) {
			return 0, ErrDiskFull
		}
	}
	return r.Writer.Write(p)
}

// check looks at checksum and signature of what arrived.
func (o Offer) check(part string, keys Keys) (seal Seal, err error) {
	f, err := os.Open(part) //nolint:gosec // a path of ours
	if err != nil {
		return seal, err
	}
	defer f.Close()
	if o.SHA256 != "" {
		sum, err := sumOf(f)
		if err != nil {
			return seal, err
		}
		if !strings.EqualFold(sum, strings.TrimSpace(o.SHA256)) {
			return seal, ErrChecksum
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return seal, err
		}
	}
	switch {
	case o.Unsigned && o.SHA256 == "":
		return seal, ErrPin
	case o.Unsigned:
		return seal, nil
	case len(keys) == 0:
		return seal, ErrNoKey
	}
	return keys.verify(f, o.Signature)
}

// unpack takes the program out of an archive, which takes its place. It returns
// the signature of the program itself; of an archive it may be nothing.
func (o Offer) unpack(part string) (signature []byte, err error) {
	f, err := os.Open(part) //nolint:gosec // a path of ours
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 2)
	if _, err := io.ReadFull(f, head); err != nil {
		return nil, ErrNoProgram.Because(err)
	}
	if !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		if o.Unsigned {
			return nil, nil
		}
		return o.Signature, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	out := part + "." + Current
	defer os.Remove(out)
	if signature, err = o.extract(f, out); err != nil {
		return nil, err
	}
	return signature, os.Rename(out, part)
}

// extract writes the program of an archive to a file, and returns its signature.
func (o Offer) extract(in io.Reader, out string) (signature []byte, err error) {
	packed, err := gzip.NewReader(in)
	if err != nil {
		return nil, ErrNoProgram.Because(err)
	}
	found := false
	for files := tar.NewReader(packed); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) && found {
			return signature, nil
		}
		if err != nil {
			return nil, ErrNoProgram.Because(err)
		}
		switch name := nameIn(h); {
		case name == Current && !found:
			found = true
			err = (Offer{File: files, Room: o.Room}).arrive(out)
		case name == Current+signed && !o.Unsigned:
			signature, err = io.ReadAll(io.LimitReader(files, maxSeal))
		}
		if err != nil {
			return nil, err
		}
	}
}

// nameIn returns the name of a file of an archive that is no deeper than in the
// folder of its version; of all else, none.
func nameIn(h *tar.Header) string {
	if h.Typeflag != tar.TypeReg || strings.Count(path.Clean(h.Name), "/") > 1 {
		return ""
	}
	return path.Base(h.Name)
}

// machines are what programs for an architecture of Go say in their header.
var machines = map[string]struct {
	machine elf.Machine
	class   elf.Class
}{
	"amd64": {elf.EM_X86_64, elf.ELFCLASS64},
	"arm64": {elf.EM_AARCH64, elf.ELFCLASS64},
	"arm":   {elf.EM_ARM, elf.ELFCLASS32},
}

// ours refuses what is no program for this machine.
func ours(path string) error {
	f, err := elf.Open(path)
	if err != nil {
		return ErrNoProgram.Because(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return ErrNoProgram
	}
	if want := machines[runtime.GOARCH]; f.Machine != want.machine || f.Class != want.class {
		return ErrArch.Because(fmt.Errorf("it is for %v", f.Machine))
	}
	return nil
}

// fits asks a program which version it is, and compares that with what runs.
func (o Offer) fits(ctx context.Context, part string, own Version) (v Version, err error) {
	if err := os.Chmod(part, 0o700); err != nil { //nolint:gosec // a program needs its x
		return v, err
	}
	if v, err = Ask(ctx, part); err != nil {
		return v, err
	}
	switch n := Compare(v.Number, own.Number); {
	case n == 0:
		return v, ErrSame
	case n < 0 && !o.Older:
		return v, ErrOlder
	case v.Schema < own.Schema:
		return v, ErrSchema
	}
	return v, nil
}
