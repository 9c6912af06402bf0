package backup

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/superfly/ltx"
)

const (
	pagesAtOnce = 256 << 10 // bytes that are read or written at once
	resumes     = 3         // how often a file that does not go on is opened anew
	replans     = 3         // how often files may go while they are restored
)

// pages writes the pages of a replica's files to a database, oldest file first.
// Litestream's own restore makes one file of all before, packs every page for
// that and unpacks it again, which takes more than twice as long; and a file that
// ends within its checksum makes it panic.
type pages struct {
	out   *os.File
	last  ltx.Header // of the file that was written last
	queue []byte     // pages that follow each other
	at    int64      // where they belong
}

// lay writes the files of a plan to out.
func (c *counter) lay(ctx context.Context, files []*ltx.FileInfo, out *os.File) error {
	if err := out.Truncate(0); err != nil {
		return err
	}
	p := pages{out: out, queue: make([]byte, 0, pagesAtOnce)}
	for _, f := range files {
		r := &resumed{size: f.Size, left: resumes, open: func(from int64) (io.ReadCloser, error) {
			return c.OpenLTXFile(ctx, f.Level, f.MinTXID, f.MaxTXID, from, 0)
		}}
		err := p.add(ctx, bufio.NewReaderSize(r, pagesAtOnce))
		r.close()
		if err != nil {
			return fmt.Errorf("level %d, %s: %w", f.Level, ltx.FormatFilename(f.MinTXID, f.MaxTXID), err)
		}
	}
	if err := p.flush(); err != nil {
		return err
	}
	return out.Truncate(int64(p.last.Commit) * int64(p.last.PageSize))
}

var (
	errGap    = errors.New("it does not follow the file before it")
	errBeyond = errors.New("it has a page beyond the end of the database")
)

// follows reports whether a file with this header comes next.
func (p *pages) follows(h ltx.Header) bool {
	if p.last.PageSize == 0 {
		return h.IsSnapshot()
	}
	return h.PageSize == p.last.PageSize && ltx.IsContiguous(p.last.MaxTXID, h.MinTXID, h.MaxTXID)
}

// add writes the pages of one file, which is whole only if its checksum is right.
func (p *pages) add(ctx context.Context, r io.Reader) error {
	in := &switched{r}
	dec := ltx.NewDecoder(in)
	if err := dec.DecodeHeader(); err != nil {
		return err
	}
	if !p.follows(dec.Header()) {
		return errGap
	}
	p.last = dec.Header()
	if err := p.copy(ctx, dec); err != nil {
		return err
	}
	rest, err := io.ReadAll(r)
	if err == nil && len(rest) < ltx.TrailerSize { // the decoder counts on it
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	in.Reader = bytes.NewReader(rest)
	return dec.Close()
}

// copy writes the pages that dec has.
func (p *pages) copy(ctx context.Context, dec *ltx.Decoder) error {
	page := make([]byte, p.last.PageSize)
	for {
		var at ltx.PageHeader
		err := dec.DecodePage(&at, page)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err == nil && at.Pgno > p.last.Commit:
			err = errBeyond
		case err == nil:
			err = p.write(int64(at.Pgno-1)*int64(len(page)), page)
		}
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
	}
}

// A switched reader may go on in another one.
type switched struct{ io.Reader }

// write writes one page, together with those that it follows.
func (p *pages) write(at int64, page []byte) error {
	if at != p.at+int64(len(p.queue)) || len(p.queue)+len(page) > cap(p.queue) {
		if err := p.flush(); err != nil {
			return err
		}
		p.at = at
	}
	p.queue = append(p.queue, page...)
	return nil
}

func (p *pages) flush() error {
	_, err := p.out.WriteAt(p.queue, p.at)
	p.queue = p.queue[:0]
	return err
}

// A resumed reader reads a file to its end, and goes on where a connection broke.
type resumed struct {
	open func(from int64) (io.ReadCloser, error)
	size int64
	body io.ReadCloser
	at   int64
	left int // how often it goes on without having got anything
}

// Read implements io.Reader.
func (r *resumed) Read(b []byte) (n int, err error) {
	for {
		if r.body == nil {
			if r.body, err = r.open(r.at); err != nil {
				return 0, err
			}
		}
		n, err = r.body.Read(b)
		if n > 0 {
			r.at, r.left = r.at+int64(n), resumes
		}
		if err == nil || errors.Is(err, io.EOF) && r.at >= r.size {
			return n, err
		}
		r.close()
		if n > 0 {
			return n, nil
		}
		if r.left == 0 {
			return 0, err
		}
		r.left--
	}
}

func (r *resumed) close() {
	if r.body != nil {
		_ = r.body.Close() // it was only read
		r.body = nil
	}
}
