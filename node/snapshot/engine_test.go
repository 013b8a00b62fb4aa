package snapshot

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// shared is the chain of most tests: 20 blocks, and a state of a few chunks.
var shared = struct {
	sync.Mutex
	c *testChain
}{}

func sharedChain(t *testing.T) *testChain {
	shared.Lock()
	defer shared.Unlock()
	if shared.c == nil {
		shared.c = newTestChain(&forEver{TB: t}, 20, 500)
	}
	return shared.c
}

// forEver is a test whose things outlive it.
type forEver struct{ testing.TB }

func (*forEver) Cleanup(func()) {}
func (*forEver) Helper()        {}

func TestAJoinerReachesTheStateFromAnyTrustedBlock(t *testing.T) {
	t.Parallel()
	c := sharedChain(t)
	for name, h := range map[string]uint64{
		"the first": 1, "one before the sets change": 4, "one just before that of the state": 19, "that of the state itself": 20,
	} {
		t.Run("trusting "+name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c, c.trust(h))
			w.run(20 * time.Second)
			w.joined()
			w.onlyBlamed()
		})
	}
}

// The trusted block may be newer than the state: the way goes down over the parents' hashes.
func TestAJoinerWalksDownToAnOlderState(t *testing.T) {
	t.Parallel()
	c := newTestChain(t, 12, 10)
	m, chunks := c.state()
	sink := c.sink()
	at := c.height()
	set, parent := c.sets[at], c.headers[at].Hash()
	var cert chain.Certificate
	c.must(chain.Decode(c.headed[at].Certificate, &cert, 1<<20))
	last := &cert
	for h := at + 1; h <= at+5; h++ {
		set, parent, last = c.forge(h, set, parent, last, c.headers[h-1].Time+1000, [][]byte{})
	}
	w := newWorld(t, c, c.trust(at+5))
	w.sink = sink
	for _, p := range w.peers {
		p.offers = []uint64{at}
		p.lie = func(r Request, a Answer) (Answer, bool) {
			switch r.Kind {
			case AskManifest:
				a.Part = chain.Encode(&answer{Manifest: chain.Encode(m)})
			case AskChunk:
				a.Part = chunks[r.Index]
			}
			return a, true
		}
	}
	w.run(20 * time.Second)
	if w.e.phase != Done || sink.result.Height != at || sink.result.Hash != c.headers[at].Hash() {
		t.Fatalf("not joined: %+v %v", w.e.Stats(), w.e.err)
	}
	w.onlyBlamed()
}

// spoil is a lie about one kind of answer.
func spoil(k Kind, change func(Request, *Answer)) func(Request, Answer) (Answer, bool) {
	return func(r Request, a Answer) (Answer, bool) {
		if r.Kind == k {
			change(r, &a)
		}
		return a, true
	}
}

func flipped(b []byte, at int) []byte {
	b = slices.Clone(b)
	b[at] ^= 1
	return b
}

func TestLiarsAreFoundOutAndTheStateTakenIn(t *testing.T) {
	t.Parallel()
	c := sharedChain(t)
	other := newTestChain(t, 20, 3) // a chain of the same validators, and of another genesis
	for name, lie := range map[string]func(Request, Answer) (Answer, bool){
		"no offer that can be read":         spoil(AskOffer, func(_ Request, a *Answer) { a.Part = []byte{1} }),
		"an offer of a state above its tip": spoil(AskOffer, func(_ Request, a *Answer) { a.Part = chain.Encode(&Offer{Base: 1, Height: 3, Snapshots: []uint64{9}}) }),
		"headers of another network":        spoil(AskHeaders, func(r Request, a *Answer) { a.Headers = other.headed[r.Height : r.Height+1] }),
		"headers in another order":          spoil(AskHeaders, func(_ Request, a *Answer) { slices.Reverse(a.Headers) }),
		"more headers than asked for":       spoil(AskHeaders, func(_ Request, a *Answer) { a.Headers = append(a.Headers, a.Headers...) }),
		"a header that is changed": spoil(AskHeaders, func(_ Request, a *Answer) {
			a.Headers = []Headed{{flipped(a.Headers[0].Header, 60), a.Headers[0].Certificate, a.Headers[0].Set}}
		}),
		"a certificate of another block":     spoil(AskHeaders, func(_ Request, a *Answer) { a.Headers[0].Certificate = c.headed[20].Certificate }),
		"a certificate with a bad signature": spoil(AskHeaders, func(_ Request, a *Answer) { a.Headers[0].Certificate = flipped(a.Headers[0].Certificate, 60) }),
		"no certificate":                     spoil(AskHeaders, func(_ Request, a *Answer) { a.Headers[0].Certificate = nil }),
		"another set where it changes": spoil(AskHeaders, func(_ Request, a *Answer) {
			for i := range a.Headers {
				if len(a.Headers[i].Set) > 0 {
					a.Headers[i].Set = c.headed[1].Set
				}
			}
		}),
		"no set where it changes": spoil(AskHeaders, func(_ Request, a *Answer) {
			for i := range a.Headers {
				a.Headers[i].Set = nil
			}
		}),
		"a block whose signature is changed": spoil(AskBlock, func(_ Request, a *Answer) {
			b, err := chain.DecodeBlock(a.Part, 1<<20)
			c.must(err)
			b.Signature[0] ^= 1
			a.Part = chain.Encode(b)
		}),
		"another block":                     spoil(AskBlock, func(_ Request, a *Answer) { a.Part = c.blocks[19] }),
		"no manifest":                       spoil(AskManifest, func(_ Request, a *Answer) { a.Part = []byte{0x80} }),
		"a manifest that waits for an hour": spoil(AskManifest, func(_ Request, a *Answer) { a.Part = chain.Encode(&answer{Wait: 3_600_000, Manifest: []byte{}}) }),
		"a manifest of another block": spoil(AskManifest, func(_ Request, a *Answer) {
			m, _ := c.state()
			m.Block[0] ^= 1
			a.Part = chain.Encode(&answer{Manifest: chain.Encode(m)})
		}),
		"a chunk that is changed": spoil(AskChunk, func(_ Request, a *Answer) { a.Part = flipped(a.Part, len(a.Part)-1) }),
		"an endless chunk":        spoil(AskChunk, func(_ Request, a *Answer) { a.Part = make([]byte, MaxChunkBytes+1) }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c, c.trust(3))
			for _, p := range []string{"v0", "v1", "v2"} {
				w.peers[p].lie = func(r Request, a Answer) (Answer, bool) {
					if r.Kind == AskHeaders && r.Height == 3 {
						return a, true // the trusted one is known
					}
					return lie(r, a)
				}
			}
			w.run(5 * time.Minute)
			w.joined()
			if len(w.blamed) == 0 || w.blamed["v3"] != nil {
				t.Errorf("blamed are %v, want liars only", w.blamed)
			}
		})
	}
}

func TestPeersThatSayNothingCostTimeOnly(t *testing.T) {
	t.Parallel()
	c := sharedChain(t)
	for name, lie := range map[string]func(Request, Answer) (Answer, bool){
		"never answer":              func(Request, Answer) (Answer, bool) { return Answer{}, false },
		"never answer after offers": func(r Request, a Answer) (Answer, bool) { return a, r.Kind == AskOffer },
		"have nothing":              func(r Request, a Answer) (Answer, bool) { return Answer{}, true },
		"have nothing but an offer": func(r Request, a Answer) (Answer, bool) {
			if r.Kind != AskOffer {
				a = Answer{}
			}
			return a, true
		},
		"never give a chunk":    func(r Request, a Answer) (Answer, bool) { return a, r.Kind != AskChunk },
		"always make manifests": spoil(AskManifest, func(_ Request, a *Answer) { a.Part = chain.Encode(&answer{Wait: 500, Manifest: []byte{}}) }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c, c.trust(3))
			for _, p := range []string{"v0", "v1"} {
				w.peers[p].lie, w.peers[p].delay = lie, 0
			}
			w.run(10 * time.Minute)
			w.joined()
			w.onlyBlamed()
		})
	}
}

// falseState is a liar with a state of its own: whoever has the most, a consistent manifest and its chunks.
func falseState(c *testChain) func(Request, Answer) (Answer, bool) {
	m, chunks := c.state()
	rich := slices.Clone(chunks[len(chunks)-1])
	rich[len(rich)-1] ^= 1 // a byte of the last value
	sums := slices.Clone(m.Sums)
	sum := chain.Sum(rich)
	copy(sums[len(sums)-32:], sum[:])
	manifest := chain.Encode(&Manifest{Block: m.Block, Seed: m.Seed, Bytes: m.Bytes, Sums: sums})
	return func(r Request, a Answer) (Answer, bool) {
		switch {
		case r.Kind == AskManifest:
			a.Part = chain.Encode(&answer{Manifest: manifest})
		case r.Kind == AskChunk && int(r.Index) == m.Chunks()-1:
			a.Part = rich
		}
		return a, true
	}
}

func TestAFalseStateCondemnsAllWhoGaveItAndTheNextIsTried(t *testing.T) {
	t.Parallel()
	c := sharedChain(t)
	w := newWorld(t, c, c.trust(3))
	for _, p := range []string{"v0", "v1", "v2"} { // most of the stake, so theirs is tried first
		w.peers[p].lie = falseState(c)
	}
	w.run(2 * time.Minute)
	w.joined()
	w.onlyBlamed("v0", "v1", "v2")
	for peer, errs := range w.blamed {
		if !errors.Is(errs[0], ErrFalse) || !errors.Is(errs[0], errRoot) {
			t.Errorf("%s is blamed for %v, want %v", peer, errs[0], errRoot)
		}
	}
	if w.sink.aborts != 1 {
		t.Errorf("the false state was given up %d times, want once", w.sink.aborts)
	}
}

func TestStrangersHoweverManyAndFastAreNotTriedBeforeValidators(t *testing.T) {
	t.Parallel()
	c := sharedChain(t)
	w := newWorld(t, c, c.trust(3))
	lie := falseState(c)
	for i := range 20 {
		w.peers["a stranger "+string(rune('a'+i))] = &fake{key: keyOf("stranger", i).Public(), base: 1, offers: []uint64{20}, lie: lie}
	}
	for _, p := range []string{"v0", "v1", "v2", "v3"} {
		making := 20 // it takes ten seconds
		w.peers[p].lie = spoil(AskManifest, func(_ Request, a *Answer) {
			if making--; making > 0 {
				a.Part = chain.Encode(&answer{Wait: 500, Manifest: []byte{}})
			}
		})
	}
	w.run(2 * time.Minute)
	w.joined()
	w.onlyBlamed()
	if w.sink.aborts != 0 {
		t.Error("a false state was tried")
	}
}

// A manifest may lie about what is beside the state, too.
func TestAFalseSeedIsFoundOut(t *testing.T) {
	t.Parallel()
	for _, height := range []int{20, 21} { // of round 0, with a proof; and of a later round
		c := newTestChain(t, height, 5)
		w := newWorld(t, c, c.trust(3))
		for _, p := range []string{"v0", "v1", "v2"} {
			w.peers[p].lie = spoil(AskManifest, func(_ Request, a *Answer) {
				m, _ := c.state()
				m.Seed[3] ^= 1
				a.Part = chain.Encode(&answer{Manifest: chain.Encode(m)})
			})
		}
		w.run(2 * time.Minute)
		w.joined()
		w.onlyBlamed("v0", "v1", "v2")
	}
}

func TestAWrongTrustedHashIsToldAndBlamesNobody(t *testing.T) {
	t.Parallel()
	c := sharedChain(t)
	w := newWorld(t, c, Trust{3, chain.Sum([]byte("mistyped"))})
	w.run(5 * time.Minute)
	s := w.e.Stats()
	if s.Phase == Done || !strings.Contains(s.Trouble, "--trust-hash") || !strings.Contains(s.Trouble, c.headers[3].Hash().String()) {
		t.Errorf("it is told %+v", s)
	}
	w.onlyBlamed()
}

func TestOnlyWhoHasTheHeadersIsAskedForThem(t *testing.T) {
	t.Parallel()
	c := sharedChain(t)
	w := newWorld(t, c, c.trust(3))
	for _, p := range []string{"v0", "v1", "v2"} {
		w.peers[p].base = 15 // they joined by snapshot themselves
	}
	w.run(time.Minute)
	w.joined()
	for _, r := range w.asked {
		if r.Kind == AskHeaders && r.Peer != "v3" {
			t.Errorf("%s was asked for headers from %d, its history begins at 15", r.Peer, r.Height)
		}
	}
	w.onlyBlamed()
}

func TestPeersMayComeLateAndGoEarly(t *testing.T) {
	t.Parallel()
	c := sharedChain(t)
	w := newWorld(t, c, c.trust(1))
	begin := w.now
	for _, p := range w.peers {
		p.gone = func(now time.Duration) bool {
			return now < begin+time.Hour || now > begin+time.Hour+1600*time.Millisecond && now < begin+2*time.Hour
		}
	}
	w.run(3 * time.Hour)
	w.joined()
	w.onlyBlamed()
}

func TestAFailureOfOurOwnEndsTheEngine(t *testing.T) {
	t.Parallel()
	c := sharedChain(t)
	w := newWorld(t, c, c.trust(3))
	w.sink.fail = errors.New("no room")
	w.run(time.Minute)
	if err := w.e.Tick(w.now); !errors.Is(err, w.sink.fail) || w.sink.aborts != 1 {
		t.Errorf("error %v, given up %d times", err, w.sink.aborts)
	}
	w.onlyBlamed()
}

func TestNewEngineWantsEveryPortAndATrustedBlock(t *testing.T) {
	t.Parallel()
	if _, err := NewEngine(Config{Trust: Trust{1, chain.Hash{1}}}); err == nil {
		t.Error("an engine without ports was made")
	}
	w := newWorld(t, sharedChain(t), Trust{1, chain.Hash{1}})
	for _, trust := range []Trust{{}, {Height: 1}, {Hash: chain.Hash{1}}} {
		if _, err := NewEngine(Config{Trust: trust, Ports: w.e.cfg.Ports}); err == nil {
			t.Errorf("an engine that trusts %v was made", trust)
		}
	}
}
