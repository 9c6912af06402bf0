package metric

import (
	"math"
	"math/rand"
	"testing"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/decimal"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/encoding"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"unity.internal/app/metric/metrictest"
)

func same(a, b samples) bool {
	if len(a.at) != len(b.at) || len(a.value) != len(b.value) {
		return false
	}
	for i := range a.at {
		if a.at[i] != b.at[i] || math.Float64bits(a.value[i]) != math.Float64bits(b.value[i]) {
			return false
		}
	}
	return true
}

func roundTrip(t *testing.T, s samples) {
	t.Helper()
	var c coder
	data := c.appendBlock(nil, s)
	var got samples
	if err := c.readBlock(data, &got); err != nil || !same(s, got) {
		t.Fatalf("%v: %v became %v", err, s, got)
	}
}

func TestABlockKeepsEveryBit(t *testing.T) {
	t.Parallel()
	odd := []float64{
		0, math.Copysign(0, -1), 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64,
		math.SmallestNonzeroFloat64, 1 << 53, 1<<53 + 2, -1 << 63, 1 << 63, 0.1, 0.25, 1e15 + 0.5, math.Float64frombits(0x7ff0000000000002),
	}
	for _, a := range odd {
		for _, b := range odd {
			roundTrip(t, samples{[]int64{1, 2}, []float64{a, b}})
		}
	}
	roundTrip(t, samples{[]int64{math.MinInt64, math.MaxInt64, 0}, []float64{1, 2, 3}})
	r := rand.New(rand.NewSource(2))
	for range 2000 {
		var s samples
		x, at := metrictest.NewSource(r, r.Intn(6)), r.Int63n(1<<41)
		for range 1 + r.Intn(300) {
			if at += 10_000; r.Intn(50) == 0 {
				at += r.Int63n(1 << uint(r.Intn(40)))
			}
			v := x.Next(r)
			if r.Intn(400) == 0 {
				v = odd[r.Intn(len(odd))]
			}
			s.add(at, v)
		}
		roundTrip(t, s)
	}
	for _, s := range mix(100) {
		roundTrip(t, s)
	}
}

func FuzzBlock(f *testing.F) {
	var c coder
	for _, s := range mix(10) {
		f.Add(c.appendBlock(nil, s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c coder
		var got samples
		if c.readBlock(data, &got) == nil && got.len() < 5000 {
			roundTrip(t, got)
		}
	})
}

// BenchmarkMix compares what a closed window could be encoded with, by bytes a
// sample and by the time a sample takes to write and to read.
func BenchmarkMix(b *testing.B) {
	all := mix(1000)
	for _, codec := range []struct {
		name  string
		write func([]byte, samples) []byte
	}{
		{"block", func() func([]byte, samples) []byte {
			var c coder
			return c.appendBlock
		}()},
		{"xor", writeXOR},
		{"decimal-zstd", writeDecimal},
	} {
		b.Run(codec.name, func(b *testing.B) {
			var size, count int
			var kind [6]int
			buf := []byte{}
			for b.Loop() {
				size, count, kind = 0, 0, [6]int{}
				for i, s := range all {
					buf = codec.write(buf[:0], s)
					size, count = size+len(buf), count+s.len()
					kind[metrictest.Kinds[i%len(metrictest.Kinds)]] += len(buf)
				}
			}
			b.ReportMetric(float64(size)/float64(count), "bytes/sample")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/sample")
			b.ReportMetric(float64(count)*float64(b.N)/b.Elapsed().Seconds(), "samples/s")
			share := [6]int{4, 1, 2, 1, 1, 1}
			for k, name := range []string{"counter", "constant", "gauge", "percent", "float", "cpu"} {
				b.ReportMetric(float64(kind[k])/float64(count*share[k]/10), name+"-bytes")
			}
		})
	}
	b.Run("read", func(b *testing.B) {
		var c coder
		var blocks [][]byte
		for _, s := range all {
			blocks = append(blocks, c.appendBlock(nil, s))
		}
		count := 0
		for b.Loop() {
			count = 0
			for _, data := range blocks {
				c.out.reset()
				if err := c.readBlock(data, &c.out); err != nil {
					b.Fatal(err)
				}
				count += c.out.len()
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/sample")
	})
}

func writeXOR(dst []byte, s samples) []byte {
	for from := 0; from < s.len(); from += 120 {
		x := chunkenc.NewXORChunk()
		app, _ := x.Appender()
		for i := from; i < min(from+120, s.len()); i++ {
			app.Append(0, s.at[i], s.value[i])
		}
		dst = append(dst, x.Bytes()...)
	}
	return dst
}

func writeDecimal(dst []byte, s samples) []byte {
	dst, _, _ = encoding.MarshalTimestamps(dst, s.at, 64)
	ints, _ := decimal.AppendFloatToDecimal(nil, s.value)
	dst, _, _ = encoding.MarshalValues(dst, ints, 64)
	return append(dst, make([]byte, 12)...) // first values, exponent, kinds
}
