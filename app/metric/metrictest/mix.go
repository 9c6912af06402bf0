// Package metrictest makes samples like those of real machines, for what is
// measured with them.
package metrictest

import (
	"math"
	"math/rand"
)

// Kinds are those of the mix that the encodings are compared on: 40 % integer
// counters, 10 % constants, 20 % integer gauges, 10 % percentages with two
// decimals, 10 % full floats, 10 % cpu seconds.
var Kinds = []int{0, 0, 0, 0, 1, 2, 2, 3, 4, 5}

// A Source makes the values of one series.
type Source struct {
	kind    int
	v, step float64
}

// NewSource returns a series of one of Kinds.
func NewSource(r *rand.Rand, kind int) *Source {
	x := &Source{kind: kind, step: math.Exp(r.Float64() * 6), v: math.Floor(r.Float64() * 1e6)}
	switch kind {
	case 3:
		x.v, x.step = 20+60*r.Float64(), 1
	case 4:
		x.v, x.step = 40+10*r.Float64(), 0.3
	case 5:
		x.step = r.Float64()
	}
	return x
}

// Next returns the next value.
func (s *Source) Next(r *rand.Rand) float64 {
	switch s.kind {
	case 0:
		s.v += math.Floor(s.step * (0.5 + r.Float64()))
	case 2:
		s.v = math.Max(0, s.v+math.Round(r.NormFloat64()*s.step)*4096)
	case 3:
		s.v = math.Round(math.Min(100, math.Max(0, s.v+r.NormFloat64()*s.step))*100) / 100
	case 4:
		s.v += r.NormFloat64() * s.step
	case 5:
		s.v = math.Round((s.v+10*r.Float64()*s.step)*100) / 100
	}
	return s.v
}
