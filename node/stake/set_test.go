package stake

import (
	"bytes"
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

func TestQuorumArithmeticAtTheBounds(t *testing.T) {
	t.Parallel()
	three, two := big.NewInt(3), big.NewInt(2)
	check := func(stake, total uint64) {
		t.Helper()
		s, n := new(big.Int).SetUint64(stake), new(big.Int).SetUint64(total)
		s.Mul(s, three)
		if want := s.Cmp(new(big.Int).Mul(n, two)) > 0; Quorum(stake, total) != want {
			t.Errorf("Quorum(%d, %d) is %v, want %v", stake, total, !want, want)
		}
		if want := s.Cmp(n) > 0; Blocking(stake, total) != want {
			t.Errorf("Blocking(%d, %d) is %v, want %v", stake, total, !want, want)
		}
	}
	for _, total := range []uint64{1, 2, 3, 4, 5, 6, 7, 100, 1 << 32, chain.MaxSupply - 2, chain.MaxSupply - 1, chain.MaxSupply} {
		for _, at := range []uint64{0, total / 3, 2 * (total / 3), total} {
			for d := range uint64(5) {
				if s := at + d; s >= 2 && s-2 <= total {
					check(s-2, total)
				}
			}
		}
	}
	// Two quorums of a set always share more than a third: what agreement rests on.
	for total := uint64(1); total < 200; total++ {
		for s := range total + 1 {
			if Quorum(s, total) && !Blocking(2*s-total, total) {
				t.Fatalf("two quorums of %d out of %d share only %d", s, total, 2*s-total)
			}
			if Quorum(s, total) == Blocking(total-s, total) && 3*(total-s) != total {
				t.Fatalf("of %d: %d is a quorum %v, and the rest, %d, blocks %v", total, s, Quorum(s, total), total-s, Blocking(total-s, total))
			}
		}
	}
}

func TestFaultTolerance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stakes []uint64
		want   bool
	}{
		{[]uint64{1}, false}, {[]uint64{1, 1}, false}, {[]uint64{1, 1, 1}, false}, {[]uint64{1, 1, 1, 1}, true},
		{[]uint64{34, 33, 33}, false}, {[]uint64{33, 33, 34, 1, 1, 1}, true}, {[]uint64{chain.MaxSupply / 3, chain.MaxSupply / 3, chain.MaxSupply / 3}, false},
	} {
		if got := newSet(t, c.stakes...).FaultTolerant(); got != c.want {
			t.Errorf("%v is fault tolerant: %v, want %v", c.stakes, got, c.want)
		}
	}
}

func TestSetIsTheSameInWhateverOrderItIsMade(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stakes := rapid.SliceOfN(rapid.Uint64Range(1, 1000), 1, 20).Draw(t, "stakes")
		s := newSet(t, stakes...)
		vs := append([]Validator(nil), s.validators...)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 1)).Shuffle(len(vs), func(i, j int) { vs[i], vs[j] = vs[j], vs[i] })
		before := append([]Validator(nil), vs...)
		other, err := NewSet(vs)
		if err != nil || other.Hash() != s.Hash() || !bytes.Equal(other.Encode(), s.Encode()) {
			t.Fatalf("another order gives another set: %v", err)
		}
		for i := range vs {
			if vs[i] != before[i] {
				t.Fatalf("making a set changed the list it was given")
			}
		}
		again, err := DecodeSet(s.Encode())
		if err != nil || again.Hash() != s.Hash() || again.Total() != s.Total() {
			t.Fatalf("decoding gives another set: %v", err)
		}
		for i := range s.Len() {
			if at, ok := s.Index(s.At(i).Address); !ok || at != i {
				t.Fatalf("validator %d is found at %d", i, at)
			}
		}
		if _, ok := s.Index(chain.Address{0xff}); ok {
			t.Fatalf("a stranger is found")
		}
	})
}

func TestSetsAreRefused(t *testing.T) {
	t.Parallel()
	v := func(a byte, stake uint64) Validator { return Validator{Address: chain.Address{a}, Stake: stake} }
	many := make([]Validator, MaxValidators+1)
	for i := range many {
		many[i] = Validator{Address: chain.Address{byte(i >> 8), byte(i), 1}, Stake: 1}
	}
	for why, vs := range map[string][]Validator{
		"at least one":    nil,
		"listed twice":    {v(1, 5), v(2, 5), v(1, 6)},
		"stake 0":         {v(1, 5), v(2, 0)},
		"largest supply":  {v(1, chain.MaxSupply), v(2, 1)},
		"stake 184467440": {v(1, 1<<64-1), v(2, 2)}, // would wrap around
		"at most 4096":    many,
	} {
		if _, err := NewSet(vs); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("got %v, want a refusal that says %q", err, why)
		}
	}
	unordered := chain.Encode([]Validator{v(2, 5), v(1, 5)})
	if _, err := DecodeSet(unordered); err == nil {
		t.Error("a set out of order is decoded: one set must have one encoding")
	}
	for _, raw := range [][]byte{nil, {0x80}, {0xff}, {0xf6}, chain.Encode([]Validator{v(1, 0)})} {
		if _, err := DecodeSet(raw); err == nil {
			t.Errorf("%x is decoded as a set", raw)
		}
	}
}

func TestByPeer(t *testing.T) {
	t.Parallel()
	vs := []Validator{{Address: chain.Address{1}, Stake: 1}, {Address: chain.Address{2}, Stake: 1}}
	vs[1].Keys.Peer = chain.PublicKey{9}
	s, err := NewSet(vs)
	if err != nil {
		t.Fatal(err)
	}
	if i, ok := s.ByPeer(chain.PublicKey{9}); !ok || i != 1 {
		t.Errorf("found %d %v", i, ok)
	}
	if _, ok := s.ByPeer(chain.PublicKey{8}); ok {
		t.Error("a stranger is found")
	}
}

// signers is a set with real consensus keys.
func signers(t *testing.T, stakes ...uint64) (*Set, map[chain.Address]keys.PrivateKey) {
	t.Helper()
	secrets := map[chain.Address]keys.PrivateKey{}
	var vs []Validator
	for i, s := range stakes {
		k := keys.FromSeed([32]byte{byte(i), 0x73})
		a := chain.Address{byte(i + 1)}
		secrets[a] = k
		vs = append(vs, Validator{Address: a, Stake: s, Keys: chain.ValidatorKeys{Consensus: k.Public()}})
	}
	set, err := NewSet(vs)
	if err != nil {
		t.Fatal(err)
	}
	return set, secrets
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	set, secrets := signers(t, 10, 10, 10, 10, 1, 1, 1, 1, 1) // 45: more than 30 is needed
	genesis, block := chain.Sum([]byte("g")), chain.Sum([]byte("A"))
	const height = 7
	certify := func(vote chain.Vote, who ...int) *chain.Certificate {
		c := &chain.Certificate{Height: vote.Height, Round: vote.Round, BlockHash: vote.BlockHash, Signers: make([]byte, (set.Len()+7)/8)}
		for _, i := range who {
			c.Signers[i/8] |= 1 << (i % 8)
			c.Signatures = append(c.Signatures, secrets[set.At(i).Address].Sign(chain.VoteMessage(genesis, &vote)))
		}
		return c
	}
	vote := chain.Vote{Kind: chain.Precommit, Height: height, Round: 3, BlockHash: block}
	verify := func(c *chain.Certificate) error { return set.VerifyCertificate(genesis, height, block, c, nil) }
	for _, who := range [][]int{{0, 1, 2, 4}, {0, 1, 2, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8}, {1, 2, 3, 8}} {
		if err := verify(certify(vote, who...)); err != nil {
			t.Errorf("signed by %v: %v", who, err)
		}
	}
	good := func() *chain.Certificate { return certify(vote, 0, 1, 2, 3, 8) }
	for name, c := range map[string]struct {
		cert *chain.Certificate
		why  string
	}{
		"missing":                      {nil, "missing"},
		"of exactly two thirds":        {certify(vote, 0, 1, 2), "not more than two thirds"},
		"of nobody":                    {certify(vote), "not more than two thirds"},
		"of another height":            {change(good(), func(c *chain.Certificate) { c.Height = 8 }), "is of height 8"},
		"of another block":             {change(good(), func(c *chain.Certificate) { c.BlockHash[0] ^= 1 }), "is of height 7 block"},
		"of a round out of range":      {change(good(), func(c *chain.Certificate) { c.Round = chain.MaxRound + 1 }), "is of height"},
		"moved to another round":       {change(good(), func(c *chain.Certificate) { c.Round++ }), "is wrong"},
		"with a bit less":              {change(good(), func(c *chain.Certificate) { c.Signers[1] = 0 }), "4 signers, 5 signatures"},
		"with a bit more":              {change(good(), func(c *chain.Certificate) { c.Signers[0] |= 0x10 }), "6 signers, 5 signatures"},
		"with another signer's bit":    {change(good(), func(c *chain.Certificate) { c.Signers[0] = 0x1e }), "is wrong"},
		"with a signer beyond the set": {change(good(), func(c *chain.Certificate) { c.Signers[1] |= 2 }), "signer 9 of only 9"},
		"with a longer bitmap":         {change(good(), func(c *chain.Certificate) { c.Signers = append(c.Signers, 0) }), "bitmap of 3 bytes"},
		"with a shorter bitmap":        {change(good(), func(c *chain.Certificate) { c.Signers = c.Signers[:1] }), "bitmap of 1 bytes"},
		"without a bitmap":             {change(good(), func(c *chain.Certificate) { c.Signers = nil }), "bitmap of 0 bytes"},
		"with a signature less":        {change(good(), func(c *chain.Certificate) { c.Signatures = c.Signatures[1:] }), "5 signers, 4 signatures"},
		"with signatures swapped":      {change(good(), func(c *chain.Certificate) { c.Signatures[0], c.Signatures[1] = c.Signatures[1], c.Signatures[0] }), "is wrong"},
		"with a signature changed":     {change(good(), func(c *chain.Certificate) { c.Signatures[4][9] ^= 1 }), "is wrong"},
		"made of prevotes":             {change(certify(chain.Vote{Kind: chain.Prevote, Height: height, Round: 3, BlockHash: block}, 0, 1, 2, 3), func(*chain.Certificate) {}), "is wrong"},
	} {
		if err := verify(c.cert); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: got %v, want a refusal that says %q", name, err, c.why)
		}
	}
	if err := set.VerifyCertificate(chain.Sum([]byte("other")), height, block, good(), nil); err == nil {
		t.Error("a certificate of another network is accepted")
	}
	// A quorum for nil is no block.
	if err := set.VerifyCertificate(genesis, height, chain.Hash{}, certify(chain.Vote{Kind: chain.Precommit, Height: height}, 0, 1, 2, 3), nil); err == nil {
		t.Error("a certificate of no block is accepted")
	}
	// Every single bit of it counts.
	raw := chain.Encode(good())
	for i := range 8 * len(raw) {
		bad := bytes.Clone(raw)
		bad[i/8] ^= 1 << (i % 8)
		var c chain.Certificate
		if err := chain.Decode(bad, &c, 1<<16); err != nil {
			if !errors.Is(err, chain.ErrEncoding) {
				t.Fatal(err)
			}
			continue
		}
		if verify(&c) == nil {
			t.Fatalf("with bit %d changed it is still accepted", i)
		}
	}
}

func change(c *chain.Certificate, f func(c *chain.Certificate)) *chain.Certificate {
	f(c)
	return c
}
