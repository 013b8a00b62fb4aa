package comet

import (
	"time"

	"github.com/posnet/posnet/hack/bench/internal/figure"
)

// sent is one transaction that a node took.
type sent struct {
	seq uint64
	at  time.Time // when it was offered
}

// block is what one block holds, and when it was seen to be committed.
type block struct {
	at  time.Time
	txs []uint64
}

// widen moves from back to the last block before it and to on to the first
// block after it, where there are such: a chain that commits thousands of
// transactions every few seconds has to be measured over whole blocks, and a
// pause at either end must not be left out.
func widen(blocks []block, from, to time.Time) (time.Time, time.Time) {
	first, last := from, to
	for _, b := range blocks { // in order of time
		if !b.at.After(from) {
			first = b.at
		}
		if last == to && b.at.After(to) {
			last = b.at
		}
	}
	return first, last
}

// analyse counts what the blocks hold that were committed after one time and up
// to another, and how long each of those transactions took. A transaction of an
// earlier phase counts, but its time is not known here.
func analyse(blocks []block, taken []sent, from, to time.Time) figure.Load {
	offered := make(map[uint64]time.Time, len(taken))
	for _, s := range taken {
		offered[s.seq] = s.at
	}
	l := figure.Load{Seconds: to.Sub(from).Seconds()}
	var times []time.Duration
	for _, b := range blocks {
		l.DiskTxs += len(b.txs)
		if !b.at.After(from) || b.at.After(to) {
			continue
		}
		l.Blocks++
		l.Final += len(b.txs)
		for _, seq := range b.txs {
			if at, ok := offered[seq]; ok {
				times = append(times, b.at.Sub(at))
			}
		}
	}
	l.P50 = figure.Milliseconds(figure.Percentile(times, 50))
	l.P99 = figure.Milliseconds(figure.Percentile(times, 99))
	return l
}
