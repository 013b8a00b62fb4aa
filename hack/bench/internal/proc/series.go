package proc

import "time"

// Point is what processes have taken together at a time: seconds of processor
// time since they began, and resident bytes.
type Point struct {
	At          time.Time
	CPU, Memory float64
}

// Series are points in order of time.
type Series []Point

// CPU is the processor time between two times in seconds, interpolated between
// the points around each. What lies outside of the series is not counted.
func (s Series) CPU(from, to time.Time) float64 {
	if len(s) == 0 || !from.Before(to) {
		return 0
	}
	return s.at(to) - s.at(from)
}

func (s Series) at(t time.Time) float64 {
	for i, p := range s {
		if p.At.Before(t) {
			continue
		}
		if i == 0 {
			return p.CPU
		}
		before := s[i-1]
		part := t.Sub(before.At).Seconds() / p.At.Sub(before.At).Seconds()
		return before.CPU + part*(p.CPU-before.CPU)
	}
	return s[len(s)-1].CPU
}

// Memory is the most and the mean of the points from one time to another.
func (s Series) Memory(from, to time.Time) (most, mean float64) {
	n := 0
	for _, p := range s {
		if p.At.Before(from) || p.At.After(to) {
			continue
		}
		most = max(most, p.Memory)
		mean += p.Memory
		n++
	}
	if n > 0 {
		mean /= float64(n)
	}
	return most, mean
}
