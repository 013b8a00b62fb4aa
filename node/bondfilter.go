package node

import (
	"hash/maphash"
	"sync/atomic"
)

// bondFilter is a Bloom filter (B. H. Bloom, "Space/time trade-offs in hash coding with allowable errors", 1970) of the bonds
// there are or were since the node started, and of their stakers. What it has not is not there; what it has may be.
//
// It takes 1 MiB. With 100,000 bonds one question in 14,000 is answered with a wrong yes, with a million one in seven, and with
// far more nearly all, which costs time and is never a wrong answer. Its seed is random: nobody can choose addresses that meet.
type bondFilter struct {
	seed    maphash.Seed
	scanned atomic.Uint64 // one more than the height of the state that was read; 0: not yet
	decided atomic.Uint64 // height of the last block since the start whose bonds are in it
	words   [bondFilterBits / 64]atomic.Uint64
}

const (
	bondFilterBits   = 1 << 23
	bondFilterHashes = 4
)

// covers reports whether every bond of the state of a height is in the filter: it was there when the state was read, or a
// block since the start made it.
func (f *bondFilter) covers(height uint64) bool {
	scanned := f.scanned.Load()
	return scanned > 0 && height <= max(scanned-1, f.decided.Load())
}

// add takes in the bond with a key of the state, and its staker.
func (f *bondFilter) add(key []byte) {
	f.mark(key)
	f.mark(key[33:])
}

func (f *bondFilter) mark(b []byte) {
	h := maphash.Bytes(f.seed, b)
	for i := range uint64(bondFilterHashes) {
		word, bit := place(h, i)
		if f.words[word].Load()&bit == 0 {
			f.words[word].Or(bit)
		}
	}
}

// has reports whether b, a bond's key or an address, may have been added.
func (f *bondFilter) has(b []byte) bool {
	h := maphash.Bytes(f.seed, b)
	for i := range uint64(bondFilterHashes) {
		if word, bit := place(h, i); f.words[word].Load()&bit == 0 {
			return false
		}
	}
	return true
}

// place is where the i-th hash points, made of two as in Kirsch and Mitzenmacher, "Less hashing, same performance" (2006).
func place(h, i uint64) (word int, bit uint64) {
	at := (h + i*(h>>32|1)) % bondFilterBits
	return int(at / 64), 1 << (at % 64)
}
