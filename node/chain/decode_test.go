package chain

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"testing"
)

func TestOnlyTheCanonicalEncodingIsRead(t *testing.T) {
	t.Parallel()
	vote := Encode(sampleVote())
	cut := func(old, new []byte) []byte {
		i := bytes.Index(vote, old)
		if i < 0 {
			t.Fatalf("%x is not in the sample", old)
		}
		return slices.Concat(vote[:i], new, vote[i+len(old):])
	}
	height := []byte{0x18, 41, 1, 0x58} // height 41, round 1, then the block hash
	hash := slices.Concat([]byte{0x58, 32}, h(fill(0xbb)))
	for name, raw := range map[string][]byte{
		"nothing":                            {},
		"something after the end":            append(bytes.Clone(vote), 0),
		"the same twice":                     append(bytes.Clone(vote), vote...),
		"an integer longer than needed":      cut(height, []byte{0x19, 0, 41, 1, 0x58}),
		"an integer much longer than needed": cut(height, []byte{0x1b, 0, 0, 0, 0, 0, 0, 0, 41, 1, 0x58}),
		"a small integer in two bytes":       cut(height, []byte{0x18, 41, 0x18, 1, 0x58}),
		"a negative height":                  cut(height, []byte{0x38, 41, 1, 0x58}),
		"a height as a float":                cut(height, []byte{0xf9, 0x51, 0x20, 1, 0x58}),
		"a height as text":                   cut(height, []byte{0x62, '4', '1', 1, 0x58}),
		"a height as bytes":                  cut(height, []byte{0x41, 41, 1, 0x58}),
		"a height of null":                   cut(height, []byte{0xf6, 1, 0x58}),
		"a height of true":                   cut(height, []byte{0xf5, 1, 0x58}),
		"a tagged height":                    cut(height, []byte{0xc1, 0x18, 41, 1, 0x58}),
		"a hash of 31 bytes":                 cut(hash, slices.Concat([]byte{0x58, 31}, hash[3:])),
		"a hash of 33 bytes":                 cut(hash, slices.Concat([]byte{0x58, 33}, hash[2:], []byte{0})),
		"a hash of null":                     cut(hash, []byte{0xf6}),
		"a hash as text":                     cut(hash, slices.Concat([]byte{0x78, 32}, bytes.Repeat([]byte("b"), 32))),
		"a hash as an array of integers":     cut(hash, slices.Concat([]byte{0x98, 32}, bytes.Repeat([]byte{0x18, 0xbb}, 32))),
		"a hash with a long length":          cut(hash, slices.Concat([]byte{0x59, 0, 32}, hash[2:])),
		"a hash in two chunks":               cut(hash, slices.Concat([]byte{0x5f, 0x50}, hash[2:18], []byte{0x50}, hash[18:], []byte{0xff})),
		"an array of unknown length":         slices.Concat([]byte{0x9f}, vote[1:], []byte{0xff}),
		"an array with a long length":        slices.Concat([]byte{0x98, 3}, vote[1:]),
		"an array with one more":             slices.Concat([]byte{0x84}, vote[1:], []byte{0}),
		"an array with one less":             slices.Concat([]byte{0x82}, vote[1:len(vote)-66]),
		"a map in its place":                 {0xa0},
		"a tag around it":                    append([]byte{0xd9, 0xd9, 0xf7}, vote...),
		"null":                               {0xf6},
		"undefined":                          {0xf7},
	} {
		var v SignedVote
		if err := Decode(raw, &v, 1024); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: got %v, want %v", name, err, ErrEncoding)
		}
	}
	for name, c := range map[string]struct {
		old, new []byte
	}{
		"a memo of null":       {[]byte("\x44rent"), []byte{0xf6}},
		"a memo as text":       {[]byte("\x44rent"), []byte("\x64rent")},
		"a memo of an array":   {[]byte("\x44rent"), []byte{0x80}},
		"an undefined payload": {[]byte("\x44rent\x40"), []byte("\x44rent\xf7")},
	} {
		raw := bytes.Replace(Encode(sampleTx()), c.old, c.new, 1)
		if _, err := DecodeTx(raw); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: got %v, want %v", name, err, ErrEncoding)
		}
	}
	// A list of null and a certificate of an empty list are not the empty list and none.
	for name, c := range map[string]struct{ old, new []byte }{
		"rounds of null":       {Encode(&VoteState{Height: 1}), []byte{0x83, 1, 0, 0xf6}},
		"a proposal that is 1": {[]byte{0xf5}, []byte{1}},
	} {
		s := VoteState{Height: 1}
		if name != "rounds of null" {
			s = *sampleState()
		}
		raw := bytes.Replace(Encode(&s), c.old, c.new, 1)
		if _, err := DecodeVoteState(raw); !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: got %v, want %v", name, err, ErrEncoding)
		}
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		raw := Encode(s.value)
		for n := range raw {
			if _, err := s.read(raw[:n]); err == nil {
				t.Fatalf("%s cut to %d of %d bytes is read", s.name, n, len(raw))
			}
		}
		if _, err := s.read(append(raw, 0)); err == nil {
			t.Fatalf("%s with a byte more is read", s.name)
		}
	}
}

func TestNothingAboveItsCapIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		size int
		read func([]byte) error
	}{
		"transaction":  {MaxTxBytes, func(b []byte) error { _, err := DecodeTx(b); return err }},
		"registration": {MaxTxBytes, func(b []byte) error { _, err := DecodeRegistration(b); return err }},
		"vote state":   {MaxVoteStateBytes, func(b []byte) error { _, err := DecodeVoteState(b); return err }},
		"evidence":     {MaxEvidenceBytes, func(b []byte) error { _, err := DecodeEvidence(b); return err }},
		"block":        {1000, func(b []byte) error { _, err := DecodeBlock(b, 1000); return err }},
		"any block":    {MaxBlockBytes, func(b []byte) error { _, err := DecodeBlock(b, 1<<40); return err }},
		"genesis":      {MaxGenesisBytes, func(b []byte) error { _, err := ParseGenesis(b); return err }},
	} {
		if err := c.read(make([]byte, c.size+1)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s of %d bytes: got %v, want %v", name, c.size+1, err, ErrTooLarge)
		}
		if err := c.read(make([]byte, c.size)); errors.Is(err, ErrTooLarge) {
			t.Errorf("%s of %d bytes: %v", name, c.size, err)
		}
	}
}

// hostileInputs are inputs that say more than they bring.
func hostileInputs() map[string]struct {
	raw  []byte
	read func([]byte) (any, error)
} {
	many := func(n int, element byte) []byte {
		return append([]byte{0x99, byte(n >> 8), byte(n)}, bytes.Repeat([]byte{element}, n)...)
	}
	header, sig := Encode(&Header{}), Encode(Signature{})
	block := func(rest ...[]byte) []byte { return slices.Concat([]byte{0x85}, header, sig, slices.Concat(rest...)) }
	readBlock := func(b []byte) (any, error) { return DecodeBlock(b, MaxBlockBytes) }
	readState := func(b []byte) (any, error) { return DecodeVoteState(b) }
	cert := slices.Concat([]byte{0x85, 1, 0}, Encode(Hash{}), []byte{0x40})
	return map[string]struct {
		raw  []byte
		read func([]byte) (any, error)
	}{
		"a list of four thousand million": {block([]byte{0x9a, 0xff, 0xff, 0xff, 0xff}), readBlock},
		"a list of 2^64":                  {block([]byte{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), readBlock},
		"a list of 2^63":                  {block([]byte{0x9b, 0x80, 0, 0, 0, 0, 0, 0, 0}), readBlock},
		"a byte string of 2^62":           {block([]byte{0x81, 0x5b, 0x40, 0, 0, 0, 0, 0, 0, 0}), readBlock},
		"65535 empty transactions":        {block(many(65535, 0x40), []byte{0x80, 0xf6}), readBlock},
		"65535 empty signatures":          {block([]byte{0x80, 0x80}, cert, many(65535, 0x40)), readBlock},
		"65535 signatures of null":        {block([]byte{0x80, 0x80}, cert, many(65535, 0xf6)), readBlock},
		"16000 rounds of null":            {append([]byte{0x83, 1, 0}, many(16000, 0xf6)...), readState},
		"lists within lists":              {bytes.Repeat([]byte{0x81}, 16000), readState},
		"maps within maps":                {bytes.Repeat([]byte{0xa1, 0}, 8000), readState},
		"one honest large block":          {block([]byte{0x81}, append([]byte{0x5a, 0, 0x40, 0, 0}, make([]byte, 0x400000)...), []byte{0x80, 0xf6}), readBlock},
	}
}

func TestHostileLengthsAllocateLittle(t *testing.T) { // measures memory: not in parallel
	for name, c := range hostileInputs() {
		if _, err := c.read(c.raw); err == nil {
			t.Fatalf("%s is read", name)
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, _ = c.read(c.raw)
		runtime.ReadMemStats(&after)
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(4*len(c.raw)+16<<10); got > most {
			t.Errorf("%s, %d bytes, makes the reader allocate %d", name, len(c.raw), got)
		}
	}
}

func FuzzParseGenesis(f *testing.F) {
	r := genesisReader()
	r.Seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		r.Fuzz(t, raw)
		g, err := ParseGenesis(raw)
		if err != nil {
			return
		}
		file, err := g.MarshalFile()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseGenesis(file)
		if err != nil || again.Hash() != g.Hash() {
			t.Fatalf("written and read again: %v", err)
		}
	})
}

func FuzzParseAddress(f *testing.F) {
	f.Add(Address(fill(1)).String())
	f.Add("pos1qqqq")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		if b, err := ParseAddress(a.String()); err != nil || a != b {
			t.Fatalf("%q: %v", s, err)
		}
	})
}

func FuzzParsePOS(f *testing.F) {
	for _, s := range []string{"1", "0.5", "1.000001", "-1", "1e9", "1152921504606.846976", "٣"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParsePOS(s)
		if err != nil {
			return
		}
		if v > MaxSupply {
			t.Fatalf("%q is %d, above the largest supply", s, v)
		}
		if again, err := ParsePOS(FormatPOS(v)); err != nil || again != v {
			t.Fatalf("%q is %d, written %q, read %d: %v", s, v, FormatPOS(v), again, err)
		}
	})
}

// Each refuses by itself, whatever reads the message around it checks afterwards.
func TestFixedBytesAreNeitherFilledNorCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		size int
		read func([]byte) error
	}{
		{size: 32, read: new(Hash).UnmarshalCBOR},
		{size: 32, read: new(PublicKey).UnmarshalCBOR},
		{size: 32, read: new(Address).UnmarshalCBOR},
		{size: 64, read: new(Signature).UnmarshalCBOR},
	} {
		for n := range 100 {
			encoded := Encode(make([]byte, n))
			if err := c.read(encoded); (err == nil) != (n == c.size) {
				t.Errorf("%d bytes for %d: %v", n, c.size, err)
			}
			if err := c.read(encoded[:len(encoded)-1]); err == nil {
				t.Errorf("%d bytes for %d with one missing are read", n, c.size)
			}
		}
	}
}
