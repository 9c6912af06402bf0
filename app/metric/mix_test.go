package metric

import (
	"math/rand"

	"unity.internal/app/metric/metrictest"
)

// mix returns n series of two hours at 10 s.
func mix(n int) []samples {
	r := rand.New(rand.NewSource(1))
	all := make([]samples, n)
	for i := range all {
		x := metrictest.NewSource(r, metrictest.Kinds[i%len(metrictest.Kinds)])
		for k := range int64(720) {
			all[i].add(1_795_176_000_000+int64(i)*90+k*10_000, x.Next(r))
		}
	}
	return all
}
