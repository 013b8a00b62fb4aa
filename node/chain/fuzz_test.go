package chain

import (
	"testing"

	"github.com/posnet/posnet/node/hostile"
)

// readers are the decoders of this package that take binary encodings.
func readers() []hostile.Reader {
	var out []hostile.Reader
	for _, s := range samples() {
		r := hostile.Reader{Name: s.name, Read: s.read, Write: Encode, Use: exercise, Samples: [][]byte{Encode(s.value)}}
		out = append(out, r)
	}
	return out
}

// genesisReader reads genesis files, whose form is not unique: a file is for people.
func genesisReader() hostile.Reader {
	file, err := sampleGenesis().MarshalFile()
	if err != nil {
		panic(err)
	}
	return hostile.Reader{
		Name: "genesis file", Samples: [][]byte{file}, Spoil: hostile.SpoilJSON, Use: func(v any) { _ = v.(*Genesis).Hash() },
		Read: func(b []byte) (any, error) { return ParseGenesis(b) },
		// json.Decoder copies its buffer each time it doubles: up to four times the
		// input, of which three are never in memory at once with the fourth.
		Factor: 6,
	}
}

// textReaders are the decoders of what a person types or a JSON string holds.
func textReaders() []hostile.Reader {
	unmarshal := func(name string, v interface{ UnmarshalText([]byte) error }, samples ...string) hostile.Reader {
		r := hostile.Reader{Name: name, Spoil: hostile.SpoilBytes, Read: func(b []byte) (any, error) { return nil, v.UnmarshalText(b) }}
		for _, s := range samples {
			r.Samples = append(r.Samples, []byte(s))
		}
		return r
	}
	out := []hostile.Reader{
		unmarshal("hash", new(Hash), fill(0xab).String()),
		unmarshal("public key", new(PublicKey), PublicKey(fill(0xab)).String()),
		unmarshal("signature", new(Signature), Signature{1}.String()),
		unmarshal("address", new(Address), Address(fill(1)).String()),
		unmarshal("kind of transaction", new(TxKind), "transfer", "register", "stake"),
	}
	return append(out,
		hostile.Reader{
			Name: "ParseAddress", Spoil: hostile.SpoilBytes, Samples: [][]byte{[]byte(Address(fill(1)).String())},
			Read: func(b []byte) (any, error) { return ParseAddress(string(b)) },
		},
		hostile.Reader{
			Name: "ParsePOS", Spoil: hostile.SpoilBytes, Samples: [][]byte{[]byte("1.000001")},
			Read: func(b []byte) (any, error) { return ParsePOS(string(b)) },
		})
}

func TestDecodersHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	for _, r := range readers() {
		r.Hold(t)
	}
	genesis := genesisReader()
	genesis.Hold(t)
	for _, r := range textReaders() {
		r.Hold(t)
	}
	for name, c := range hostileInputs() {
		r := hostile.Reader{Name: name, Read: c.read, Write: Encode, Lies: []hostile.Case{{Name: "as a whole", Bytes: c.raw}}}
		r.Hold(t)
	}
}

// FuzzDecoders gives every decoder the same bytes: none may panic or take much
// memory, and what one reads is the only encoding of what it read.
func FuzzDecoders(f *testing.F) { hostile.FuzzAll(f, readers()) }

// FuzzTexts gives what people type to every reader of it.
func FuzzTexts(f *testing.F) { hostile.FuzzAll(f, textReaders()) }

// exercise calls what receivers call on something just decoded.
func exercise(v any) {
	switch v := v.(type) {
	case *SignedTx:
		_ = v.Tx.ID()
	case *Certificate:
		for n := range 20 {
			_, _ = v.Indices(n)
		}
	case *SignedVote:
		_ = v.Vote.Check()
	case *SignedProposal:
		_ = v.Check()
	case *Evidence:
		_, _, _ = v.Claims(Hash{})
	case *Genesis:
		_ = v.Check()
	}
}
