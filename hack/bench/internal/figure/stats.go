package figure

import (
	"math"
	"slices"
	"time"
)

// Spread is how one figure lies over the rounds.
type Spread struct {
	Median, Min, Max float64
}

// SpreadOf is the spread of values, of which there must be one at least. The
// median of an even number is the mean of the middle two.
func SpreadOf(values []float64) Spread {
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return Spread{Median: (v[(n-1)/2] + v[n/2]) / 2, Min: v[0], Max: v[n-1]}
}

// Percentile is the nearest rank: the smallest time that at least so many in a
// hundred do not exceed, so that it is a time that was really seen. It sorts
// times; of none it is 0.
func Percentile(times []time.Duration, percent int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	rank := (len(times)*percent + 99) / 100
	return times[max(rank, 1)-1]
}

// Milliseconds keeps three decimals: a clock does not know more.
func Milliseconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e3 }
