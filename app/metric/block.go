package metric

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"
)

// A block holds samples of one series in order of time: how many, a column of
// times, and a column of values, which are whole numbers after a decimal shift
// or else the bits of the floats. This is also what a closed window has on disk.

const (
	maxBlock    = 1 << 20 // samples
	maxDecimals = 9
	asBits      = 0xff // instead of the decimals: floats that no decimal meets
	exactUpTo   = 1 << 53
)

// samples are times and values side by side.
type samples struct {
	at    []int64
	value []float64
}

func (s *samples) add(at int64, value float64) {
	s.at, s.value = append(s.at, at), append(s.value, value)
}

func (s *samples) reset() { s.at, s.value = s.at[:0], s.value[:0] }

func (s *samples) len() int { return len(s.at) }

// A coder keeps the space that coding a block needs.
type coder struct {
	column columnWriter
	ints   []int64
	buf    []byte
	out    samples // what a reader asked for
	side   samples // what a window is being made of
}

// coders are shared by all series, so that none holds space of its own.
type coders struct{ pool sync.Pool }

func (c *coders) get() *coder {
	if v, ok := c.pool.Get().(*coder); ok {
		return v
	}
	return &coder{}
}

func (c *coders) put(v *coder) {
	if cap(v.ints) <= 1<<14 && cap(v.out.at) <= 1<<14 { // a rare giant is not kept
		c.pool.Put(v)
	}
}

// appendBlock adds the block of s, which is not empty, to dst.
func (c *coder) appendBlock(dst []byte, s samples) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s.at)))
	dst = c.column.append(dst, s.at)
	decimals, ok := decimalsOf(s.value)
	c.ints = c.ints[:0]
	if ok {
		for _, v := range s.value {
			c.ints = append(c.ints, int64(math.Round(v*powers[decimals])))
		}
		dst = append(dst, byte(decimals)) //nolint:gosec // at most 9
		return c.column.append(dst, c.ints)
	}
	for _, v := range s.value {
		c.ints = append(c.ints, ordered(v))
	}
	return c.column.append(append(dst, asBits), c.ints)
}

// block returns the block of s in a slice of its own.
func (c *coder) block(s samples) []byte {
	c.buf = c.appendBlock(c.buf[:0], s)
	return slices.Clip(slices.Clone(c.buf))
}

// readBlock adds the samples of the block to into.
func (c *coder) readBlock(data []byte, into *samples) error {
	count, n := binary.Uvarint(data)
	if n <= 0 || count == 0 || count > maxBlock {
		return errDamaged
	}
	was := into.len()
	into.at = grow(into.at, was+int(count))
	into.value = grow(into.value, was+int(count))
	rest, err := readColumn(data[n:], into.at[was:])
	if err == nil {
		err = c.readValues(rest, into.value[was:])
	}
	if err != nil {
		into.at, into.value = into.at[:was], into.value[:was]
	}
	return err
}

// readValues fills out from the second column of a block.
func (c *coder) readValues(data []byte, out []float64) error {
	if len(data) == 0 || data[0] > maxDecimals && data[0] != asBits {
		return errDamaged
	}
	c.ints = grow(c.ints[:0], len(out))
	if _, err := readColumn(data[1:], c.ints); err != nil {
		return err
	}
	switch data[0] {
	case asBits:
		for i, v := range c.ints {
			out[i] = disordered(v)
		}
	case 0:
		for i, v := range c.ints {
			out[i] = float64(v)
		}
	default:
		by := powers[data[0]]
		for i, v := range c.ints {
			out[i] = float64(v) / by
		}
	}
	return nil
}

// grow returns s with length n.
func grow[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	bigger := make([]T, n, n+n/4)
	copy(bigger, s)
	return bigger
}

// powers are exact, so that dividing by them rounds right.
var powers = [maxDecimals + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// decimalsOf returns how many decimals bring every value back to the last bit.
func decimalsOf(values []float64) (decimals int, ok bool) {
	greatest := 0.0
	for _, v := range values {
		for !exact(v, decimals) {
			if decimals++; decimals > maxDecimals {
				return 0, false
			}
		}
		greatest = max(greatest, math.Abs(v))
	}
	// More decimals keep what fewer kept, while the whole numbers stay exact.
	return decimals, greatest*powers[decimals] < exactUpTo
}

// exact reports whether v is a whole number of this decimal, to the last bit.
func exact(v float64, decimals int) bool {
	if decimals == 0 {
		if n := int64(v); float64(n) == v {
			return n != 0 || !math.Signbit(v)
		}
		return false
	}
	m := math.Round(v * powers[decimals])
	return math.Abs(m) < exactUpTo && m/powers[decimals] == v && (m != 0 || !math.Signbit(v))
}

// ordered maps floats to integers so that near floats are near integers.
func ordered(v float64) int64 {
	b := int64(math.Float64bits(v)) //nolint:gosec // a bit pattern
	return b ^ b>>63&math.MaxInt64
}

func disordered(b int64) float64 {
	return math.Float64frombits(uint64(b ^ b>>63&math.MaxInt64)) //nolint:gosec // a bit pattern
}
