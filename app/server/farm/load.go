package farm

import (
	"math"
	"time"
)

// A Spell is what comes again and again: it lasts For and begins once every
// Every, as it did at First, before and after that.
type Spell struct {
	First      time.Time
	Every, For time.Duration
}

// on reports whether the spell lasts at a time.
func (s Spell) on(at time.Time) bool { return s.Every > 0 && s.into(at) < s.For }

// into returns how long ago the spell began last.
func (s Spell) into(at time.Time) time.Duration {
	d := at.Sub(s.First) % s.Every
	if d < 0 {
		d += s.Every
	}
	return d
}

// total returns how many seconds the spell lasted between First and a time; less
// than nothing before First.
func (s Spell) total(at time.Time) float64 {
	if s.Every <= 0 {
		return 0
	}
	into := s.into(at)
	whole := float64((at.Sub(s.First) - into) / s.Every)
	return whole*s.For.Seconds() + min(into, s.For).Seconds()
}

// A Load is a value that moves around Mean: by Day with the time of day, by
// Noise on its own, and up by Peak while a spell lasts. It never falls below
// zero if Mean is at least Day and Noise together.
type Load struct {
	Mean, Day, Noise, Peak float64
	Spell                  Spell
}

// waves are the parts of noise, and the share that each has in it.
var waves = [...]struct{ period, share float64 }{{53, 0.25}, {211, 0.25}, {677, 0.25}, {2689, 0.25}}

// epoch keeps the numbers small that sines are taken of.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const day = 24 * 60 * 60 // seconds

// at returns the value at a time; seed tells machines apart.
func (l Load) at(at time.Time, seed float64) float64 {
	t := at.Sub(epoch).Seconds()
	v := l.Mean + l.Day*math.Sin(2*math.Pi*(t/day-0.5)) // most at 18:00
	for i, w := range waves {
		v += l.Noise * w.share * math.Sin(2*math.Pi*t/w.period+seed*float64(i+1))
	}
	if l.Spell.on(at) {
		v += l.Peak
	}
	return max(v, 0)
}

// total returns the area below the value since some moment: what counters count.
func (l Load) total(at time.Time, seed float64) float64 {
	t := at.Sub(epoch).Seconds()
	v := l.Mean*t - l.Day*day/(2*math.Pi)*math.Cos(2*math.Pi*(t/day-0.5))
	for i, w := range waves {
		v -= l.Noise * w.share * w.period / (2 * math.Pi) * math.Cos(2*math.Pi*t/w.period+seed*float64(i+1))
	}
	return v + l.Peak*l.Spell.total(at)
}

// over returns the mean of the last d.
func (l Load) over(d time.Duration, at time.Time, seed float64) float64 {
	return max((l.total(at, seed)-l.total(at.Add(-d), seed))/d.Seconds(), 0)
}

// A Fill is how full something is: From that share to To in every Every, and
// then emptied. Without Every it stays at From.
type Fill struct {
	From, To float64
	First    time.Time // when it was empty
	Every    time.Duration
}

func (f Fill) at(at time.Time) float64 {
	if f.Every <= 0 {
		return f.From
	}
	into := Spell{First: f.First, Every: f.Every}.into(at)
	return f.From + (f.To-f.From)*into.Seconds()/f.Every.Seconds()
}
