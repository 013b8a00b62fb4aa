package snapshot

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// clock is one that a test sets.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time       { return time.Unix(0, c.at.Load()) }
func (c *clock) pass(d time.Duration) { c.at.Add(int64(d)) }

func (c *testChain) clocked() (*Source, *clock) {
	k := &clock{}
	k.pass(time.Hour)
	s := c.source()
	s.cfg.Now = k.now
	return s, k
}

func offerOf(t *testing.T, s *Source) *Offer {
	t.Helper()
	raw, err := s.Offer()
	if err != nil {
		t.Fatal(err)
	}
	o, err := DecodeOffer(raw)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// manifestOf asks until the manifest is made.
func manifestOf(t *testing.T, s *Source, height uint64) []byte {
	t.Helper()
	for {
		raw, err := s.Manifest(height)
		if err != nil || raw == nil {
			t.Fatalf("no manifest of height %d: %v", height, err)
		}
		a, err := decodeAnswer(raw)
		if err != nil {
			t.Fatal(err)
		}
		if a.Wait == 0 {
			return a.Manifest
		}
		s.making.Wait()
	}
}

// more forges further blocks on the chain.
func (c *testChain) more(n int) {
	at := c.height()
	var last chain.Certificate
	c.must(chain.Decode(c.headed[at].Certificate, &last, 1<<20))
	set, parent, cert := c.sets[at], c.headers[at].Hash(), &last
	for range n {
		h := c.height() + 1
		set, parent, cert = c.forge(h, set, parent, cert, c.headers[h-1].Time+1000, [][]byte{})
	}
}

func TestAStateIsPinnedWhenSomebodyAsksAndLetGoWhenNobodyDoes(t *testing.T) {
	t.Parallel()
	c := newTestChain(t, 10, 3)
	s, k := c.clocked()
	s.Committed(10)
	if len(s.pins) != 0 {
		t.Fatal("a state is pinned and nobody asked")
	}
	if o := offerOf(t, s); len(o.Snapshots) != 0 || o.Height != 10 || o.Base != 1 {
		t.Fatalf("the first who asks is offered %v of heights %d to %d", o.Snapshots, o.Base, o.Height)
	}
	c.more(6)
	s.Committed(15)
	s.Committed(16) // a multiple of Every
	if o := offerOf(t, s); len(o.Snapshots) != 1 || o.Snapshots[0] != 16 {
		t.Fatalf("offered are %v, want 16", o.Snapshots)
	}
	c.more(16)
	s.Committed(32)
	if o := offerOf(t, s); len(o.Snapshots) != 1 {
		t.Fatalf("offered are %v, want 16 alone as long as it is fresh", o.Snapshots)
	}
	manifestOf(t, s, 16)
	for range 11 { // somebody takes its time
		k.pass(pinIdle)
		if b, err := s.Chunk(16, 0); err != nil || b == nil {
			t.Fatalf("the chunk of a state in use is gone: %v", err)
		}
	}
	if o := offerOf(t, s); len(o.Snapshots) != 2 || o.Snapshots[1] != 32 {
		t.Fatalf("offered are %v, want a fresh one too", o.Snapshots)
	}
	k.pass(pinIdle + time.Second)
	s.Tidy()
	if len(s.pins) != 0 {
		t.Error("states are pinned that nobody asks for")
	}
	if b, err := s.Chunk(16, 0); b != nil || err != nil {
		t.Errorf("a chunk of what is not pinned is %d bytes (%v)", len(b), err)
	}
	if b, err := s.Manifest(16); b != nil || err != nil {
		t.Errorf("a manifest of what is not pinned is %d bytes (%v)", len(b), err)
	}
}

// On a chain that idles no block of the right height may come for hours.
func TestAnIdleChainIsPinnedAtItsTip(t *testing.T) {
	t.Parallel()
	c := newTestChain(t, 10, 3)
	s, k := c.clocked()
	offerOf(t, s)
	k.pass(pinPatience)
	if o := offerOf(t, s); len(o.Snapshots) != 1 || o.Snapshots[0] != 10 {
		t.Errorf("offered are %v, want the tip", o.Snapshots)
	}
	for range 100 { // one who never stops asking
		k.pass(pinLife / 80)
		offerOf(t, s)
		if len(s.pins) > MaxPins {
			t.Fatalf("%d states are pinned", len(s.pins))
		}
	}
}

func TestTheManifestListsTheStateAsItWasPinned(t *testing.T) {
	t.Parallel()
	c := newTestChain(t, 16, 300)
	s, _ := c.clocked()
	offerOf(t, s)
	want := c.sink().want
	block, seed := c.headers[16].Hash(), c.seeds[15]
	c.more(3) // the store goes on
	raw := manifestOf(t, s, 16)
	m, err := DecodeManifest(raw)
	if err != nil {
		t.Fatal(err)
	}
	if m.Block != block || m.Seed != seed {
		t.Errorf("the manifest is of block %s and seed %s", m.Block.Short(), m.Seed.Short())
	}
	got, bytes := map[string]string{}, uint64(0)
	var last []byte
	for i := range m.Chunks() {
		chunk, err := s.Chunk(16, uint64(i))
		if err != nil || chain.Sum(chunk) != m.Sum(i) {
			t.Fatalf("chunk %d is not as listed: %v", i, err)
		}
		bytes += uint64(len(chunk))
		if last, err = DecodeChunk(chunk, last, func(k, v []byte) error { got[string(k)] = string(v); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != len(want) || bytes != m.Bytes {
		t.Errorf("%d values in %d bytes, want %d in %d", len(got), bytes, len(want), m.Bytes)
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("value of %q is %x, want %x", k, got[k], v)
		}
	}
	if b, err := s.Chunk(16, uint64(m.Chunks())); b != nil || err != nil {
		t.Errorf("a chunk above the last is %d bytes (%v)", len(b), err)
	}
	again := c.source() // another node has the same
	again.pin()
	if len(again.pins) != 1 || again.pins[0].tip.Height != 19 {
		t.Errorf("pinned are %v, want the tip", again.pins)
	}
}
