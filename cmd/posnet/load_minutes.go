package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
)

// minute is one part of a long load.
type minute struct {
	Seconds     float64 `json:"seconds"` // 60, and 30 to 90 of the last one
	Final       uint64  `json:"final"`
	TxPerSecond float64 `json:"txPerSecond"`
	Finality    spread  `json:"finalityMs"`
}

// minutes marks the minutes of a load while it is counted, to tell at its end whether the last was like the first. The first
// mark is set when the counting begins.
type minutes []mark

// mark is how far a load was at some time: how many transfers were final, and of how many the times were known.
type mark struct {
	at    time.Time
	final uint64
	times int
}

// pass sets a mark when a minute is over since the last one, and reports whether it is.
func (m *minutes) pass(now mark) bool {
	if len(*m) == 0 || now.at.Sub((*m)[len(*m)-1].at) < time.Minute {
		return false
	}
	*m = append(*m, now)
	return true
}

// end sets the last mark. What is left of less than half a minute belongs to the minute before it.
func (m *minutes) end(now mark) {
	if last := len(*m) - 1; last > 0 && now.at.Sub((*m)[last].at) < time.Minute/2 {
		(*m)[last] = now
	} else {
		*m = append(*m, now)
	}
}

// told are the minutes between the marks; none of a load that was too short to have two. The times are all those of the load,
// in the order in which they came.
func (m minutes) told(times []time.Duration) []minute {
	if len(m) < 3 {
		return nil
	}
	out := make([]minute, 0, len(m)-1)
	for i := range m[1:] {
		out = append(out, between(m[i], m[i+1], times))
	}
	return out
}

// last is the minute that was over last.
func (m minutes) last(times []time.Duration) minute {
	return between(m[len(m)-2], m[len(m)-1], times)
}

func between(from, to mark, times []time.Duration) minute {
	out := minute{Seconds: to.at.Sub(from.at).Seconds(), Final: to.final - from.final}
	out.TxPerSecond = float64(out.Final) / out.Seconds
	if to.times > from.times {
		out.Finality = spreadOf(slices.Clone(times[from.times:to.times])) // which sorts
	}
	return out
}

func (m minute) String() string {
	return fmt.Sprintf("%.0f a second, p50 %.1f ms, p99 %.1f ms", m.TxPerSecond, m.Finality.P50, m.Finality.P99)
}

// showMinutes says how the last minute compares with the first, and which was the slowest.
func showMinutes(w io.Writer, all []minute) {
	if len(all) == 0 {
		return
	}
	first, last := all[0], all[len(all)-1]
	slowest := slices.MinFunc(all, func(a, b minute) int { return cmp.Compare(a.TxPerSecond, b.TxPerSecond) })
	row(w, "first minute", first.String())
	row(w, "last minute", fmt.Sprintf("%s: %+.1f %%", last, 100*(last.TxPerSecond/first.TxPerSecond-1)))
	row(w, "slowest minute", slowest.String())
}
