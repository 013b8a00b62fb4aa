package snapshot

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/hostile"
	"github.com/posnet/posnet/node/ledger"
)

// pair is a key and its value as a chunk has them.
type pairOf struct{ key, value string }

// answerReaders are what peers answer who joins.
func answerReaders() []hostile.Reader {
	sums := make([]byte, 32*40)
	manifest := &Manifest{Block: chain.Hash{1}, Seed: chain.Hash{2}, Bytes: 70 << 20, Sums: sums}
	var p pairs
	p.add(ledger.AccountKey(chain.Address{1}), []byte{0x82, 1, 2})
	p.add(ledger.AccountKey(chain.Address{2}), []byte{0x82, 1, 3})
	p.add(ledger.SystemKey(), nil)
	return []hostile.Reader{
		{
			Name: "offer", Write: chain.Encode, Samples: [][]byte{chain.Encode(&Offer{Base: 1, Height: 1 << 40, Snapshots: []uint64{16, 32}})},
			Read: func(b []byte) (any, error) { return DecodeOffer(b) },
		},
		{
			Name: "manifest", Write: chain.Encode, Samples: [][]byte{chain.Encode(manifest)},
			Read: func(b []byte) (any, error) { return DecodeManifest(b) },
			Use: func(v any) {
				m := v.(*Manifest)
				for i := range m.Chunks() {
					_ = m.Sum(i)
				}
			},
		},
		{
			Name: "answer with a manifest", Write: chain.Encode,
			Samples: [][]byte{chain.Encode(&answer{Manifest: chain.Encode(manifest)}), chain.Encode(&answer{Wait: 500, Manifest: []byte{}})},
			Read:    func(b []byte) (any, error) { return decodeAnswer(b) },
		},
		{
			Name: "chunk", Samples: [][]byte{p.encode()},
			Read: func(b []byte) (any, error) {
				var out []pairOf
				_, err := DecodeChunk(b, nil, func(k, v []byte) error {
					if len(out) < 8 { // a list of all would be the test's, not the decoder's
						out = append(out, pairOf{string(k), string(v)})
					}
					return nil
				})
				return out, err
			},
		},
	}
}

func TestAnswersHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	for _, r := range answerReaders() {
		r.Hold(t)
	}
}

// FuzzAnswers gives whatever comes to every reader of an answer.
func FuzzAnswers(f *testing.F) { hostile.FuzzAll(f, answerReaders()) }

// What a chunk is read as is written again as the same bytes: a state has one encoding, so all peers have the same chunks.
func FuzzChunk(f *testing.F) {
	var p pairs
	p.add([]byte("a1"), []byte{1, 2, 3})
	p.add([]byte("s"), nil)
	f.Add(p.encode())
	f.Fuzz(func(t *testing.T, in []byte) {
		var again pairs
		if _, err := DecodeChunk(in, nil, func(k, v []byte) error { again.add(k, v); return nil }); err != nil {
			return
		}
		if string(again.encode()) != string(in) {
			t.Fatalf("%x is read, and written as %x", in, again.encode())
		}
	})
}

// FuzzHeaders gives a walk whatever comes as header, certificate and set: it never goes on with what is not of the chain.
func FuzzHeaders(f *testing.F) {
	c := newTestChain(&forEver{TB: f}, 8, 1)
	for h := 1; h < 8; h++ {
		f.Add(c.headed[h].Header, c.headed[h].Certificate, c.headed[h].Set, uint8(h))
	}
	f.Fuzz(func(t *testing.T, header, certificate, set []byte, trusted uint8) {
		from := uint64(trusted%6) + 1
		w := newWorld(t, c, c.trust(from))
		if err := w.e.walk.start(c.genesis, c.headers[from], c.headed[from]); err != nil {
			t.Fatal(err)
		}
		w.e.walk.target, w.e.phase = 8, Walking
		before := w.e.walk.header.Height
		_ = w.e.headed(&request{Request: Request{Kind: AskHeaders, Height: from + 1, Count: 3}}, []Headed{{header, certificate, set}})
		if got := w.e.walk.header; got.Height != before && got.Hash() != c.headers[from+1].Hash() {
			t.Fatalf("the walk went on to %d %s", got.Height, got.Hash())
		}
	})
}
