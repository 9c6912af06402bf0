package metric

import (
	"encoding/binary"
	"math"

	"unity.internal/store"
)

// A row of the journal is a stream of samples, each as the difference of its
// series' number to the one before, the difference of its time if that changed,
// and its value: a whole number, a number of two or four decimals, or eight
// bytes. Rows stand alone, so that a lost one takes no other with it.
// Compressing them further saves a fifth and costs more than writing them.

const (
	rowVersion = 1
	rowCount   = 10_000 // samples of a full row
	wholeMask  = 3
	wholeBits  = 3 // instead of the decimals: eight bytes follow
)

// scales are the decimals that a value of the journal may have.
var scales = [3]float64{1, 100, 10_000}

// A rowWriter makes one row of the journal.
type rowWriter struct {
	row    store.JournalRow
	id, at int64
}

func (w *rowWriter) add(id, at int64, value float64) {
	r := &w.row
	if r.Count == 0 {
		r.Data = append(r.Data[:0], rowVersion)
		r.Min, r.Max = at, at
		w.id, w.at = 0, 0
	}
	head := zigzag(id-w.id) << 1
	if at == w.at {
		r.Data = binary.AppendUvarint(r.Data, head)
	} else {
		r.Data = binary.AppendUvarint(r.Data, head|1)
		r.Data = binary.AppendVarint(r.Data, at-w.at)
	}
	r.Data = appendValue(r.Data, value)
	r.Min, r.Max = min(r.Min, at), max(r.Max, at)
	r.Count++
	w.id, w.at = id, at
}

// take returns the row and begins another.
func (w *rowWriter) take() store.JournalRow {
	r := w.row
	w.row = store.JournalRow{}
	return r
}

func appendValue(dst []byte, v float64) []byte {
	if m := int64(v); float64(m) == v && m < exactUpTo && m > -exactUpTo && (m != 0 || !math.Signbit(v)) {
		return binary.AppendUvarint(dst, zigzag(m)<<2)
	}
	for i, by := range scales[1:] {
		if m := math.Round(v * by); math.Abs(m) < exactUpTo && m/by == v && m != 0 {
			return binary.AppendUvarint(dst, zigzag(int64(m))<<2|uint64(i+1))
		}
	}
	return binary.LittleEndian.AppendUint64(append(dst, wholeBits), math.Float64bits(v))
}

// readRow calls do with every sample of a row.
func readRow(data []byte, do func(id, at int64, value float64)) error {
	if len(data) == 0 || data[0] != rowVersion {
		return errDamaged
	}
	data = data[1:]
	var id, at int64
	for len(data) > 0 {
		head, n := binary.Uvarint(data)
		if n <= 0 {
			return errDamaged
		}
		data = data[n:]
		id += unzigzag(head >> 1)
		if head&1 != 0 {
			d, n := binary.Varint(data)
			if n <= 0 {
				return errDamaged
			}
			at, data = at+d, data[n:]
		}
		u, n := binary.Uvarint(data)
		if n <= 0 {
			return errDamaged
		}
		data = data[n:]
		value := float64(unzigzag(u >> 2))
		switch scale := u & wholeMask; scale {
		case 0:
		case wholeBits:
			if len(data) < 8 {
				return errDamaged
			}
			value = math.Float64frombits(binary.LittleEndian.Uint64(data))
			data = data[8:]
		default:
			value /= scales[scale]
		}
		do(id, at, value)
	}
	return nil
}
