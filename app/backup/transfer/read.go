package transfer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"unity.internal/store"
)

const (
	maxLine   = 64 << 20 // bytes; the largest value of ours is far below
	maxWindow = 8 << 20  // bytes that the decoder of zstd keeps
)

var (
	errNoEnd = errors.New("the last line is missing")
	errMore  = errors.New("there is more after the last line")
	errLong  = errors.New("a line is too long")
)

// A reader reads lines and knows what it read.
type reader struct {
	in     *bufio.Reader
	zstd   *zstd.Decoder
	digest hash.Hash
	counts map[string]int64
	header Header
	line   []byte // the last one read, and the memory of the next
}

// newReader opens in and reads the header.
func newReader(in io.Reader, ids []age.Identity) (*reader, error) {
	plain, err := decrypt(in, ids)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(plain, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, ErrDamaged.Because(err)
	}
	r := &reader{in: bufio.NewReaderSize(z, 64<<10), zstd: z, digest: sha256.New(), counts: map[string]int64{}}
	if err := r.begin(); err != nil {
		z.Close()
		return nil, err
	}
	return r, nil
}

func (r *reader) close() { r.zstd.Close() }

func (r *reader) begin() error {
	if err := r.next(); err != nil {
		return damaged(err)
	}
	r.digest.Write(r.line)
	if err := json.Unmarshal(r.line, &r.header); err != nil { // a newer one may have more in it
		return ErrDamaged.Because(err)
	}
	return r.header.check()
}

// next reads the next line into r.line.
func (r *reader) next() error {
	r.line = r.line[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		if len(r.line)+len(part) > maxLine {
			return errLong
		}
		r.line = append(r.line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// row reads the next row. At the end of a whole file it reports false.
func (r *reader) row() (l line, more bool, err error) {
	if err := r.next(); err != nil {
		if errors.Is(err, io.EOF) {
			err = errNoEnd
		}
		return l, false, damaged(err)
	}
	if err := strict(r.line, &l); err != nil {
		return l, false, ErrDamaged.Because(err)
	}
	if l.End != nil {
		return l, false, damaged(r.whole(*l.End))
	}
	r.digest.Write(r.line)
	r.counts[l.Table]++
	return l, true, nil
}

// whole checks that what was read is what was written.
func (r *reader) whole(e end) error {
	if got := hex.EncodeToString(r.digest.Sum(nil)); got != e.Digest {
		return fmt.Errorf("the digest is %s, not %s", got, e.Digest)
	}
	if !maps.Equal(r.counts, e.Counts) {
		return fmt.Errorf("it has %v rows, not %v", r.counts, e.Counts)
	}
	if n, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		return errors.Join(errMore, err, fmt.Errorf("byte %d", n))
	}
	return nil
}

// Peek returns the header of a file, and so whether ids open it.
func Peek(in io.ReadSeeker, ids []age.Identity) (Header, error) {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return Header{}, err
	}
	r, err := newReader(in, ids)
	if err != nil {
		return Header{}, err
	}
	defer r.close()
	return r.header, nil
}

// inspect reads the whole file before anything of it is believed, and returns
// what is said of the tenant and how many lines there are.
func inspect(ctx context.Context, in io.ReadSeeker, ids []age.Identity, l store.Landing) (h Header, info store.TenantInfo, lines int64, err error) {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return h, info, 0, err
	}
	r, err := newReader(in, ids)
	if err != nil {
		return h, info, 0, err
	}
	defer r.close()
	for {
		row, more, err := r.row()
		if err != nil {
			return h, info, 0, err
		}
		if !more {
			return r.header, info, lines, r.complete()
		}
		lines++
		switch {
		case ctx.Err() != nil:
			return h, info, 0, ctx.Err()
		case row.Table == tenantRow:
			err = damaged(strict(bytes.Clone(row.Row), &info))
		case row.Table != secretRow && row.Table != userRow && !l.Has(row.Table):
			err = ErrOlder.Because(fmt.Errorf("table %q", row.Table))
		}
		if err != nil {
			return h, info, 0, err
		}
	}
}

// complete checks that a whole file says all that a tenant needs.
func (r *reader) complete() error {
	if r.counts[tenantRow] != 1 || r.counts[secretRow] != 1 {
		return ErrDamaged.Because(errors.New("the tenant or its secret is missing"))
	}
	return nil
}
