package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// spread is how a set of times lies, in milliseconds. A percentile is the
// nearest rank: the smallest of the times that at least so many in a hundred
// do not exceed, so that each is a time that was really seen. With fewer than a
// hundred times, p99 is the largest.
type spread struct {
	Min float64 `json:"min"`
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// spreadOf sorts the times, of which there must be one at least.
func spreadOf(times []time.Duration) spread {
	slices.Sort(times)
	at := func(percent int) float64 {
		rank := (len(times)*percent + 99) / 100
		return milliseconds(times[max(rank, 1)-1])
	}
	return spread{Min: at(0), P50: at(50), P90: at(90), P99: at(99), Max: at(100)}
}

// milliseconds keeps three decimals: a clock does not know more.
func milliseconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e3 }

// progress is one line of a terminal, written over and over. Where nobody
// watches, it writes nothing.
type progress struct {
	out   io.Writer
	live  bool
	quiet bool
	sum   time.Duration
	count int
}

func (p *progress) show(text string) {
	if p.live {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K"+text)
	}
}

// note is a line that stays, also where nobody watches.
func (p *progress) note(text string) {
	if p.clear(); !p.quiet {
		_, _ = fmt.Fprintln(p.out, text)
	}
}

func (p *progress) clear() { p.show("") }

// mean adds a time and returns the mean of all so far.
func (p *progress) mean(d time.Duration) float64 {
	p.sum += d
	p.count++
	return milliseconds(p.sum / time.Duration(p.count))
}
