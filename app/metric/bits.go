package metric

import (
	"encoding/binary"
	"math/bits"
)

// A bitWriter appends bits to a byte slice, the highest first.
type bitWriter struct {
	buf  []byte
	acc  uint64 // the low n bits wait to be written
	held uint
}

// write appends the low width bits of v, at most 64.
func (w *bitWriter) write(v uint64, width uint) {
	if width > 32 {
		w.write(v>>32, width-32)
		width = 32
	}
	w.acc = w.acc<<width | v&(1<<width-1)
	for w.held += width; w.held >= 8; w.held -= 8 {
		w.buf = append(w.buf, byte(w.acc>>(w.held-8))) //nolint:gosec // the byte is what is meant
	}
}

// end pads the last byte with zeros and returns what was written.
func (w *bitWriter) end() []byte {
	if w.held > 0 {
		w.write(0, 8-w.held)
	}
	return w.buf
}

// A bitReader reads what a bitWriter wrote. Past the end it reads zeros and
// sets over, so that damaged data ends in an error and never in a panic.
type bitReader struct {
	all  []byte
	data []byte // what fill has not fetched
	acc  uint64 // the next bits, from the highest
	held uint
	over bool
}

// fill leaves at least 57 bits in the accumulator, or all there are.
func (r *bitReader) fill() {
	if len(r.data) >= 8 {
		r.acc |= binary.BigEndian.Uint64(r.data) >> r.held
		n := (63 - r.held) >> 3
		r.data = r.data[n:]
		r.held += n << 3
		return
	}
	for r.held <= 56 && len(r.data) > 0 {
		r.acc |= uint64(r.data[0]) << (56 - r.held)
		r.data = r.data[1:]
		r.held += 8
	}
}

// read returns the next width bits, at most 64.
func (r *bitReader) read(width uint) uint64 {
	if width > 32 {
		high := r.read(width - 32)
		return high<<32 | r.read(32)
	}
	if r.held < width {
		r.fill()
	}
	return r.take(width)
}

// take returns the next width bits, at most 32, which fill has fetched.
func (r *bitReader) take(width uint) uint64 {
	if r.held < width {
		r.over = true
		return 0
	}
	v := r.acc >> 1 >> (63 - width)
	r.acc <<= width
	r.held -= width
	return v
}

// ones returns how many ones come before the next zero, which it skips; at most
// most of them, which no zero follows.
func (r *bitReader) ones(most uint) uint {
	if r.held <= most {
		r.fill()
	}
	n := min(uint(bits.LeadingZeros64(^r.acc)), most)
	if n == most {
		r.take(n)
	} else {
		r.take(n + 1)
	}
	return n
}

// rest returns the bytes after those that were read from.
func (r *bitReader) rest() ([]byte, error) {
	if r.over {
		return nil, errDamaged
	}
	return r.all[len(r.all)-len(r.data)-int(r.held/8):], nil
}
