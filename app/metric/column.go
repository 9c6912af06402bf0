package metric

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// A column of integers is stored as residuals: the values themselves, their
// differences or the differences of those, whichever is smallest. Residuals are
// coded either evenly (all between a least and a greatest one, each in as many
// bits as the range needs) or by Rice codes, whose parameter changes every 64
// residuals: a quiet stretch costs six bits.
//
// Why not XOR or bytes through zstd: on machine metrics this is half their size
// at their speed, and needs no window in memory. BenchmarkMix compares them.

var errDamaged = errors.New("damaged samples")

const (
	riceGroup  = 64
	riceZero   = 63 // the parameter of a group of zeros
	riceEscape = 20 // so many ones: the residual follows with its length
	maxShift   = 40
)

// A residue is a way to store a column, and what it costs.
type residue struct {
	order  int // how often differences were taken
	even   bool
	shift  uint  // low bits that almost all residuals have zero
	least  int64 // of even: the least residual; of rice: the middle one
	span   uint64
	bits   uint64
	values []int64
}

// A columnWriter keeps the space it needs from column to column.
type columnWriter struct {
	diff [3][]int64
}

func zigzag(v int64) uint64   { return uint64(v<<1) ^ uint64(v>>63) } //nolint:gosec // a bit pattern
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// append adds the column to dst.
func (c *columnWriter) append(dst []byte, values []int64) []byte {
	best := c.plan(values)
	head := byte(best.order) //nolint:gosec // 0, 1 or 2
	if best.even {
		head |= 4
	}
	dst = append(dst, head, byte(best.shift)) //nolint:gosec // at most 40
	for i := range best.order {
		dst = binary.AppendVarint(dst, c.diff[i][0])
	}
	dst = binary.AppendVarint(dst, best.least)
	if best.even {
		dst = binary.AppendUvarint(dst, best.span)
		return best.appendEven(dst)
	}
	return best.appendRice(dst)
}

// plan finds the cheapest way to store values.
func (c *columnWriter) plan(values []int64) residue {
	c.diff[0] = append(c.diff[0][:0], values...)
	best := weigh(0, c.diff[0])
	for order := 1; order <= 2 && len(values) > order; order++ {
		from := c.diff[order-1]
		to := c.diff[order][:0]
		for i := 1; i < len(from); i++ {
			to = append(to, from[i]-from[i-1])
		}
		c.diff[order] = to
		if r := weigh(order, to); r.bits < best.bits {
			best = r
		}
	}
	return best
}

// weigh returns the cheaper of the two codes for residuals v.
func weigh(order int, v []int64) residue {
	least, most := v[0], v[0]
	var trailing [65]int
	moving := 0
	for _, x := range v {
		least, most = min(least, x), max(most, x)
		if x != 0 {
			trailing[bits.TrailingZeros64(uint64(x))]++ //nolint:gosec // a bit pattern
			moving++
		}
	}
	span := uint64(most - least) //nolint:gosec // wraps, as the decoder's sum does
	n := uint64(len(v))
	even := residue{order: order, even: true, least: least, span: span, values: v}
	if span == 0 {
		return even
	}
	width, short := phase(span)
	even.bits = n*uint64(width) - uint64(float64(n)*float64(short)/(float64(span)+1)) + 64
	rice := residue{order: order, values: v, shift: shiftOf(trailing, moving)}
	if order == 0 || least > 0 || most < 0 {
		rice.least = (least/2 + most/2) >> rice.shift << rice.shift
		if rice.shift > 0 {
			rice.least += v[0] & (1<<rice.shift - 1)
			rice.shift = 0 // plain values rarely share their low bits
		}
	}
	for g := 0; g < len(v); g += riceGroup {
		_, cost := riceParameter(v[g:min(g+riceGroup, len(v))], rice.least, rice.shift)
		rice.bits += cost
	}
	rice.bits += 16
	if even.bits <= rice.bits {
		return even
	}
	return rice
}

// shiftOf returns how many low bits are zero in at least nine of ten residuals.
func shiftOf(trailing [65]int, moving int) uint {
	rare := 0
	for s := range uint(maxShift) {
		rare += trailing[s]
		if rare*10 > moving {
			return s
		}
	}
	return 0
}

// riceParameter returns the best parameter for a group, and its cost in bits.
func riceParameter(v []int64, middle int64, shift uint) (k uint, cost uint64) {
	var sum uint64
	for _, x := range v {
		u := zigzag((x - middle) >> shift)
		if sum += u; sum < u { // full floats of both signs
			sum = 1<<64 - 1
			break
		}
	}
	if sum == 0 && allAre(v, middle) {
		return riceZero, 6
	}
	n := uint64(len(v))
	guess := max(bits.Len64(sum/n), 1) - 1
	cost = 1<<64 - 1
	for try := max(guess-1, 0); try <= min(guess+1, riceZero-1); try++ {
		if c := riceCost(v, middle, shift, uint(try)); c < cost {
			k, cost = uint(try), c
		}
	}
	return k, cost
}

func allAre(v []int64, middle int64) bool {
	for _, x := range v {
		if x != middle {
			return false
		}
	}
	return true
}

func riceCost(v []int64, middle int64, shift, k uint) (cost uint64) {
	cost = 6
	low := int64(1)<<shift - 1
	for _, x := range v {
		x -= middle
		u := zigzag(x >> shift)
		if q := u >> k; q < riceEscape && x&low == 0 {
			cost += q + 1 + uint64(k)
		} else {
			cost += riceEscape + 6 + uint64(bits.Len64(zigzag(x))) //nolint:gosec // a count of bits
		}
	}
	return cost
}

// appendEven writes residuals by phased-in codes: with a span that is no power
// of two, the first ones take a bit less.
func (r residue) appendEven(dst []byte) []byte {
	if r.span == 0 {
		return dst
	}
	w := bitWriter{buf: dst}
	width, short := phase(r.span)
	for _, v := range r.values {
		u := uint64(v - r.least) //nolint:gosec // wraps back when read
		if u < short {
			w.write(u, width-1)
		} else {
			w.write(u+short, width)
		}
	}
	return w.end()
}

// phase returns the bits that 0..span needs and how many values take one less.
func phase(span uint64) (width uint, short uint64) {
	width = uint(bits.Len64(span))
	if width == 64 {
		return width, -span - 1 // 2^64 - (span+1)
	}
	return width, 1<<width - span - 1
}

func (r residue) appendRice(dst []byte) []byte {
	w := bitWriter{buf: dst}
	low := int64(1)<<r.shift - 1
	for g := 0; g < len(r.values); g += riceGroup {
		group := r.values[g:min(g+riceGroup, len(r.values))]
		k, _ := riceParameter(group, r.least, r.shift)
		w.write(uint64(k), 6)
		if k == riceZero {
			continue
		}
		for _, x := range group {
			x -= r.least
			u := zigzag(x >> r.shift)
			if q := u >> k; q < riceEscape && x&low == 0 {
				w.write(1<<(q+1)-2, uint(q)+1)
				w.write(u, k)
				continue
			}
			z := zigzag(x)
			n := uint(max(bits.Len64(z), 1))
			w.write(1<<riceEscape-1, riceEscape)
			w.write(uint64(n-1), 6)
			w.write(z, n)
		}
	}
	return w.end()
}

// readColumn fills out from data and returns what follows the column.
func readColumn(data []byte, out []int64) ([]byte, error) {
	if len(data) < 2 || data[0] > 6 || data[0]&3 > 2 || data[1] > maxShift {
		return nil, errDamaged
	}
	order, even, shift := int(data[0]&3), data[0]&4 != 0, uint(data[1])
	data = data[2:]
	var first [3]int64
	for i := range order + 1 {
		v, n := binary.Varint(data)
		if n <= 0 {
			return nil, errDamaged
		}
		first[i], data = v, data[n:] //nolint:gosec // order is at most 2
	}
	if order >= len(out) {
		return nil, errDamaged
	}
	var err error
	if even {
		data, err = readEven(data, first[order], out[order:]) //nolint:gosec // order is at most 2
	} else {
		data, err = readRice(data, first[order], shift, out[order:]) //nolint:gosec // order is at most 2
	}
	if err != nil {
		return nil, err
	}
	for o := order; o > 0; o-- { // sums undo differences
		out[o-1] = first[o-1]
		for i := o; i < len(out); i++ {
			out[i] += out[i-1]
		}
	}
	return data, nil
}

func readEven(data []byte, least int64, out []int64) ([]byte, error) {
	span, n := binary.Uvarint(data)
	if n <= 0 {
		return nil, errDamaged
	}
	data = data[n:]
	if span == 0 {
		for i := range out {
			out[i] = least
		}
		return data, nil
	}
	r := bitReader{all: data, data: data}
	width, short := phase(span)
	for i := range out {
		u := r.read(width - 1)
		if u >= short {
			u = u<<1 | r.read(1)
			u -= short
		}
		out[i] = least + int64(u) //nolint:gosec // wraps, as the encoder's difference did
	}
	return r.rest()
}

func readRice(data []byte, middle int64, shift uint, out []int64) ([]byte, error) {
	r := bitReader{all: data, data: data}
	for g := 0; g < len(out) && !r.over; g += riceGroup {
		group := out[g:min(g+riceGroup, len(out))]
		k := uint(r.read(6))
		for i := range group {
			if k == riceZero {
				group[i] = middle
				continue
			}
			q := r.ones(riceEscape)
			if q == riceEscape {
				n := uint(r.read(6)) + 1
				group[i] = middle + unzigzag(r.read(n))
				continue
			}
			group[i] = middle + unzigzag(uint64(q)<<k|r.read(k))<<shift
		}
	}
	return r.rest()
}
