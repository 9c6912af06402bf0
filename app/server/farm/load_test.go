package farm

import (
	"math"
	"testing"
	"time"
)

// TestTotalIsTheAreaBelowTheValue adds up the value of a load second by second.
func TestTotalIsTheAreaBelowTheValue(t *testing.T) {
	t.Parallel()
	first := epoch.Add(300 * 24 * time.Hour)
	l := Load{Mean: 10, Day: 2, Noise: 3, Peak: 7, Spell: Spell{First: first, Every: 10 * time.Minute, For: 90 * time.Second}}
	from := first.Add(-time.Hour) // spells come before the first, too
	sum := 0.0
	for i := range 2 * 60 * 60 {
		sum += l.at(from.Add(time.Duration(i)*time.Second+time.Second/2), 0.7)
	}
	to := from.Add(2 * time.Hour)
	if total := l.total(to, 0.7) - l.total(from, 0.7); math.Abs(total-sum) > sum/1000 {
		t.Errorf("total %v, sum %v", total, sum)
	}
	if mean := l.over(time.Minute, to, 0.7); mean < 5 || mean > 22 {
		t.Error(mean)
	}
}

func TestAFillFillsAndIsEmptied(t *testing.T) {
	t.Parallel()
	f := Fill{From: 0.5, To: 0.9, First: epoch, Every: 4 * time.Hour}
	for _, tt := range []struct {
		after time.Duration
		want  float64
	}{{0, 0.5}, {2 * time.Hour, 0.7}, {4*time.Hour - time.Second, 0.9}, {4 * time.Hour, 0.5}, {-2 * time.Hour, 0.7}} {
		if got := f.at(epoch.Add(tt.after)); math.Abs(got-tt.want) > 0.001 {
			t.Errorf("after %v: %v, want %v", tt.after, got, tt.want)
		}
	}
}
