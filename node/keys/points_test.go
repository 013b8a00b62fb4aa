package keys

import (
	"encoding/binary"
	"slices"
	"sync"
	"testing"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"pgregory.net/rapid"
)

// goodKey is a public key, the same for the same n.
func goodKey(n uint64) [PublicSize]byte {
	var seed [SeedSize]byte
	binary.BigEndian.PutUint64(seed[:], n)
	return FromSeed(seed).Public()
}

// sound fails when what a memory holds does not fit together.
func sound(t interface {
	Helper()
	Fatalf(string, ...any)
}, p *points,
) {
	t.Helper()
	if p.n > p.room || len(p.at) > p.n || len(p.chunks) != len(p.asked) || p.n > perChunk*len(p.chunks) {
		t.Fatalf("%d keys in %d slots of %d, in %d chunks", len(p.at), p.n, p.room, len(p.chunks))
	}
	for h, i := range p.at {
		s := p.slot(i)
		var want curve.EdwardsPoint
		if err := checkKey(&s.key, &want); err != nil {
			t.Fatalf("key %x is remembered: %v", s.key, err)
		}
		if p.hash(&s.key) != h || s.point.Equal(&want) != 1 {
			t.Fatalf("key %x has the hash or the point of another", s.key)
		}
	}
}

func TestAMemoryOfKeysHoldsGoodOnesAndIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		room := rapid.IntRange(1, 70).Draw(t, "room")
		known := NewKnown(8)
		known.points = newPoints(room)
		bad := [][PublicSize]byte{{1}, {2}, {0: 0xf0, 31: 0x7f}} // of small order, no point, y = p + 3 with a wrong end
		for i := range 3 {
			bad[2][i+1] = 0xff
		}
		for range rapid.IntRange(1, 150).Draw(t, "turns") {
			pub := goodKey(rapid.Uint64Range(0, 99).Draw(t, "key"))
			if rapid.IntRange(0, 9).Draw(t, "bad") == 0 {
				pub = bad[rapid.IntRange(0, 2).Draw(t, "which")]
			}
			if got, want := known.CheckPublicKey(pub), CheckPublicKey(pub); got != want {
				t.Fatalf("key %x: %v, want %v", pub, got, want)
			}
			if good := CheckPublicKey(pub) == nil; known.points.has(&pub) != good {
				t.Fatalf("key %x, good: %v, just asked for: remembered: %v", pub, good, !good)
			}
		}
		sound(t, known.points)
	})
}

func TestKeysInUseStayWhileOthersComeAndGo(t *testing.T) {
	t.Parallel()
	const room, inUse = 128, 60
	p := newPoints(room)
	put := func(n uint64) {
		pub := goodKey(n)
		var point curve.EdwardsPoint
		if err := checkKey(&pub, &point); err != nil {
			t.Fatal(err)
		}
		p.put(&pub, &point)
	}
	for n := range uint64(inUse) {
		put(n)
	}
	for stranger := range uint64(600) {
		put(1000 + stranger)
		if stranger%30 == 0 {
			for n := range uint64(inUse) {
				if pub := goodKey(n); !p.has(&pub) {
					t.Fatalf("after %d strangers key %d is forgotten, which is asked for all the time", stranger+1, n)
				}
			}
		}
	}
	if len(p.at) != room || p.n != room {
		t.Errorf("%d keys are kept in %d slots, want %d", len(p.at), p.n, room)
	}
	sound(t, p)
}

// Only points of good keys are remembered from a batch; small-order keys verify in it, and are still no good.
func TestABatchRemembersTheKeysThatMayBeUsed(t *testing.T) {
	t.Parallel()
	known := NewKnown(1)
	var whatever Signature // s = 0, R and key the identity
	whatever.Value[0], whatever.Key = 1, [PublicSize]byte{1}
	noPoint := Signature{Key: [PublicSize]byte{2}}
	good, wrong := question(1, true), question(35, false) // a bit of s
	v := NewVerifier(known)
	for _, c := range []struct {
		what     string
		sigs     []Signature
		remember []bool
	}{
		{"a wrong signature among them", []Signature{good, wrong}, []bool{false, false}},
		{"a key of small order", []Signature{good, whatever}, []bool{true, false}},
		{"a key that is no point", []Signature{question(3, true), noPoint}, []bool{true, false}},
	} {
		for i, ok := range v.Verify(c.sigs) {
			s := &c.sigs[i]
			if ok != Verify(s.Key, s.Message, s.Value) {
				t.Errorf("%s: signature %d: %v", c.what, i, ok)
			}
			if known.points.has(&s.Key) != c.remember[i] {
				t.Errorf("%s: key %d: remembered: %v", c.what, i, !c.remember[i])
			}
		}
	}
	if err := known.CheckPublicKey(whatever.Key); err != ErrSmallOrder {
		t.Errorf("the identity as key: %v, want ErrSmallOrder", err)
	}
	sound(t, known.points)
}

// What only the cofactor makes valid holds in the sum itself: were it found out by single checks alone, whoever signs so
// would make everybody's batches slow.
func TestTheSumOfABatchHasTheCofactor(t *testing.T) {
	t.Parallel()
	var sigs []Signature
	for _, a := range curve.EIGHT_TORSION {
		for _, r := range curve.EIGHT_TORSION {
			var s Signature // s = 0
			var encodedA, encodedR curve.CompressedEdwardsY
			s.Key = *encodedA.SetEdwardsPoint(a)
			encodedR.SetEdwardsPoint(r)
			copy(s.Value[:], encodedR[:])
			sigs = append(sigs, s)
		}
	}
	s := sums.Get().(*sum)
	defer sums.Put(s)
	if each := make([]bool, len(sigs)); !s.holds(nil, sigs, each) || slices.Contains(each, false) {
		t.Errorf("the sum of signatures by points of small order does not hold: %v", each)
	}
	sigs[5].Value[32] = 1
	if s.holds(nil, sigs, make([]bool, len(sigs))) {
		t.Error("the sum holds with a wrong signature")
	}
}

func TestManyUseOneMemory(t *testing.T) {
	t.Parallel()
	known := NewKnown(1)
	known.points = newPoints(20) // too small for the keys
	v := NewVerifier(known)
	v.most = 4
	var wg sync.WaitGroup
	for worker := range uint64(4) {
		wg.Go(func() {
			for turn := range uint64(6) {
				sigs := make([]Signature, 12)
				for i := range sigs {
					n := 100*worker + 7*turn + uint64(i)
					seed := [SeedSize]byte{1, byte(n % 40)}
					k, msg := FromSeed(seed), []byte{byte(n)}
					sigs[i] = Signature{Key: k.Public(), Message: msg, Value: k.Sign(msg)}
					if err := known.CheckPublicKey(sigs[i].Key); err != nil {
						t.Error(err)
					}
				}
				sigs[turn].Value[40] ^= 1
				for i, ok := range v.Verify(sigs) {
					if ok != (uint64(i) != turn) {
						t.Errorf("worker %d, turn %d, signature %d: %v", worker, turn, i, ok)
					}
				}
			}
		})
	}
	wg.Wait()
	sound(t, known.points)
}
