// Package support makes the file that somebody who helps is given: what runs
// here, how it is and what it said lately. What a file of it shows is chosen field
// by field, never left out field by field, and what people, places and tenants are
// known by has another name in it. It sends nothing anywhere.
package support

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"unity.internal/app/fault"
)

const (
	partTime   = 15 * time.Second // for one part
	wholeTime  = time.Minute      // for all of them
	mostOfPart = 4 << 20          // bytes
)

// A Part is one file of a bundle.
type Part struct {
	Name  string
	About string // a sentence
	// Ours: nothing of the owner's can be in it, so no name is looked for.
	Ours bool
	// Make returns a text, Lines of a log or Strange ones, or a value that is written as JSON. It may
	// return one and an error: then there is more that it could not find out.
	Make func(context.Context) (any, error)
}

// Lines are those of a log as the appliance writes it, each one JSON.
type Lines []string

// Strange are lines of a log of which nobody can say which names are in it: of
// those, only our own words are shown.
type Strange []string

// A Name is what somebody or something is known by.
type Name struct{ Kind, Text string }

// A Bundle is what goes into the file.
type Bundle struct {
	Parts []Part
	// Names returns what must not be read in it. Without them, of a log only our own
	// words are shown.
	Names func(context.Context) ([]Name, error)
	Now   func() time.Time
}

// A file is what was made of a part.
type file struct {
	name, about string
	text        []byte
	why         string // something is missing
}

// Write writes the bundle to w, as a packed tar, and returns what is not in it
// and why, each in a line. It fails only if w does.
func (b Bundle) Write(ctx context.Context, w io.Writer) (missing []string, err error) {
	within, cancel := context.WithTimeout(ctx, wholeTime)
	defer cancel()
	names, err := b.Names(within)
	hide := NewHider(names)
	hide.blind = err != nil
	files := make([]file, 0, len(b.Parts)+2)
	if err != nil {
		why := hide.value(reason(err))
		missing = append(missing, "names: "+why)
		files = append(files, file{name: "names.txt", about: "Why the log shows our own words only.", text: []byte("The names in the database could not be read, so they could not be replaced in the log: " + why + "\n")})
	}
	for _, p := range b.Parts {
		f := p.file(within, hide)
		if f.why != "" {
			missing = append(missing, f.name+": "+f.why)
		}
		files = append(files, f)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	at := b.Now().UTC()
	files = append([]file{{name: "README.txt", text: []byte(readme)}, {name: "MANIFEST.txt", text: manifest(files, at)}}, files...)
	return missing, pack(files, at, w)
}

// file makes p. Who needs help has something that is broken: no part takes the
// others with it.
func (p Part) file(ctx context.Context, hide *Hider) (f file) {
	f.name, f.about = p.Name, p.About
	ctx, cancel := context.WithTimeout(ctx, partTime)
	defer cancel()
	made, err := p.safely(ctx)
	text := ""
	switch v := made.(type) {
	case nil:
	case string:
		text = v
		if !p.Ours {
			text = hide.value(v)
		}
	case Lines:
		text = hide.Log(v)
	case Strange:
		text = (&Hider{blind: true}).Log(Lines(v))
	default:
		raw, bad := json.MarshalIndent(v, "", "  ")
		text, err = string(raw)+"\n", errors.Join(err, bad)
		if !p.Ours {
			text = hide.line(text)
		}
	}
	if len(text) > mostOfPart {
		text, err = text[:mostOfPart], errors.Join(err, fmt.Errorf("it ends after %d MiB", mostOfPart>>20))
	}
	if f.text = []byte(text); err != nil {
		f.why = hide.value(reason(err))
	}
	return f
}

func (p Part) safely(ctx context.Context) (made any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("it panicked: %v", r)
		}
	}()
	return p.Make(ctx)
}

// reason returns the sentence of an error in one line, with its cause.
func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "it took too long"
	}
	text := err.Error()
	if f, ok := errors.AsType[*fault.Error](err); ok {
		text = f.Msg
		if cause := errors.Unwrap(f); cause != nil {
			text += " (" + cause.Error() + ")"
		}
	}
	return strings.Join(strings.Fields(text), " ")
}

const readme = `This is a support bundle of Unity, an appliance for homelabs.

Nothing was sent anywhere. Whoever has this file made it, and decides whom to give
it to. Read it before: every file in it is text.

What is in it
  MANIFEST.txt names each file with a sentence, and says what could not be found
  out, and why.

In which order to read
  1. MANIFEST.txt    what is missing is often the answer
  2. about.json      which version runs where, since when
  3. health.json     what is not well, in sentences
  4. doctor.txt      what was checked just now
  5. log.txt         the last lines of the log, newest at the end
  6. the others, as a question comes up

What is not in it
  No password, key, token or certificate, and nothing that anybody stored in the
  appliance but how many rows each table has. Names of tenants, people, servers and
  places, addresses and paths have other names: the same one for the same thing
  within this file, as in host-1 or user-2. Loopback addresses and the names of
  well-known services stay, since they are nobody's. Only somebody who has the
  appliance can tell what stands behind such a name.
`

// manifest lists files.
func manifest(files []file, at time.Time) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "Made at %s\n\n", at.Format(time.RFC3339))
	for _, f := range files {
		if len(f.text) > 0 {
			fmt.Fprintf(&out, "%-18s %8d bytes  %s\n", f.name, len(f.text), f.about)
		}
	}
	out.WriteString("\nNot in it:\n")
	whole := true
	for _, f := range files {
		switch {
		case f.why == "":
			continue
		case len(f.text) > 0:
			fmt.Fprintf(&out, "%-18s in part: %s\n", f.name, f.why)
		default:
			fmt.Fprintf(&out, "%-18s %s\n", f.name, f.why)
		}
		whole = false
	}
	if whole {
		out.WriteString("nothing is missing\n")
	}
	return out.Bytes()
}

// pack writes what is in files to w.
func pack(files []file, at time.Time, w io.Writer) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	for _, f := range files {
		if len(f.text) == 0 {
			continue
		}
		h := &tar.Header{Name: "unity-support/" + f.name, Mode: 0o600, Size: int64(len(f.text)), ModTime: at, Format: tar.FormatUSTAR}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.text); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), z.Close())
}
