package keys

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/oasisprotocol/curve25519-voi/curve"
)

const (
	// maxPoints is how many public keys are remembered: in all about 29 MiB, taken as the keys come. An account that sends
	// or receives often is one of them.
	maxPoints = 1 << 17
	// perChunk is how many are made room for at once. It is that of the bits in one word of points.asked.
	perChunk = 64
)

// points remembers the points of public keys: to find one by its 32 bytes takes a square root, a quarter of what a signature
// in a batch costs. All keys in it have passed [CheckPublicKey].
//
// When it is full, a new key takes the place of one that was not asked for since the hand of a clock passed it last
// (Corbató, "A Paging Experiment with the Multics System", 1968): unlike two generations of half the size, of which the
// older is dropped, it loses nothing as long as the keys in use are fewer than its room.
//
// There is no pointer to or in what it holds but one for each chunk, so it costs the garbage collector nothing. The nil
// *points remembers nothing. It is safe for concurrent use.
type points struct {
	room int
	seed maphash.Seed // strangers choose keys, but not which have the same hash

	mu     sync.RWMutex
	at     map[uint64]uint32 // the slot of a key, by its hash; two of one hash would cost a square root now and then
	chunks []*[perChunk]slot
	asked  []uint64 // a bit for each slot: asked for since the hand passed; set by many readers at once
	n      int      // slots in use
	hand   int
}

type slot struct {
	key   [PublicSize]byte
	point curve.EdwardsPoint
}

func newPoints(room int) *points {
	return &points{room: room, seed: maphash.MakeSeed(), at: map[uint64]uint32{}}
}

func (p *points) hash(pub *[PublicSize]byte) uint64 { return maphash.Bytes(p.seed, pub[:]) }

func (p *points) slot(i uint32) *slot { return &p.chunks[i/perChunk][i%perChunk] }

// get returns the slot of a key, or nil. The caller holds the lock, to read or to write.
func (p *points) get(pub *[PublicSize]byte) *slot {
	i, ok := p.at[p.hash(pub)]
	if !ok {
		return nil
	}
	s := p.slot(i)
	if s.key != *pub {
		return nil
	}
	word, bit := &p.asked[i/perChunk], uint64(1)<<(i%perChunk)
	if atomic.LoadUint64(word)&bit == 0 {
		atomic.OrUint64(word, bit)
	}
	return s
}

// has reports whether a key is remembered.
func (p *points) has(pub *[PublicSize]byte) bool {
	if p == nil {
		return false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.get(pub) != nil
}

// find fills in the points of those keys that are remembered.
func (p *points) find(keys []keyTerm) {
	if p == nil {
		return
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	for i := range keys {
		k := &keys[i]
		if s := p.get(&k.pub); s != nil {
			k.point.Set(&s.point)
			k.known = true
		}
	}
}

// learn remembers those keys that it did not know, and that CheckPublicKey lets pass.
func (p *points) learn(keys []keyTerm) {
	if p == nil {
		return
	}
	fresh := false
	for i := range keys {
		k := &keys[i]
		k.learn = k.valid && !k.known && usable((*curve.CompressedEdwardsY)(&k.pub), &k.point) == nil
		fresh = fresh || k.learn
	}
	if !fresh {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range keys {
		if k := &keys[i]; k.learn {
			p.put(&k.pub, &k.point)
		}
	}
}

// put remembers a key that has passed CheckPublicKey. The caller holds the lock to write.
func (p *points) put(pub *[PublicSize]byte, point *curve.EdwardsPoint) {
	if p.get(pub) != nil { // another was quicker
		return
	}
	i := p.free()
	s := p.slot(i)
	s.key = *pub
	s.point.Set(point)
	p.at[p.hash(pub)] = i
}

// free returns a slot for a new key.
func (p *points) free() uint32 {
	if p.n < p.room {
		if p.n%perChunk == 0 {
			p.chunks = append(p.chunks, new([perChunk]slot))
			p.asked = append(p.asked, 0)
		}
		p.n++
		return uint32(p.n - 1)
	}
	for {
		i := uint32(p.hand)
		p.hand = (p.hand + 1) % p.room
		word, bit := &p.asked[i/perChunk], uint64(1)<<(i%perChunk)
		if *word&bit == 0 {
			delete(p.at, p.hash(&p.slot(i).key))
			return i
		}
		*word &^= bit
	}
}
