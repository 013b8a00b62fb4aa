package gossip

import (
	"bufio"
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/hostile"
	"github.com/posnet/posnet/node/keys"
)

// frameReader reads a stream of frames. A sender gets 64 KiB on its word, before
// what it announced has come (chunk), and a buffer.
func frameReader() hostile.Reader {
	limits, buffer := frameCaps(1<<20), bufio.NewReaderSize(nil, 4096)
	r := hostile.Reader{
		Name: "frames", Spoil: hostile.SpoilBytes, Fixed: chunk + hostile.Fixed,
		Read: func(b []byte) (any, error) {
			buffer.Reset(bytes.NewReader(b))
			var out []frame
			for {
				kind, size, err := readHead(buffer, limits)
				if err != nil {
					return out, err
				}
				body, err := readBody(buffer, size)
				if err != nil {
					return out, err
				}
				out = append(out[:0], frame{kind, body})
			}
		},
	}
	for kind, size := range map[FrameKind]int{frameHello: bootBytes, FrameVote: 300, FrameProposal: 3, FrameEvidence: 1} {
		r.Lies = append(r.Lies, hostile.Case{Name: "an honest frame", Bytes: append(appendHead(nil, kind, size), make([]byte, size)...)})
		for most := range limits {
			r.Lies = append(r.Lies, hostile.Case{Name: "a frame that announces much", Bytes: append(appendHead(nil, kind, limits[most]), 1, 2, 3)})
		}
	}
	large := append(appendHead(nil, FrameProposal, 1<<20), make([]byte, 1<<20)...)
	r.Lies = append(r.Lies, hostile.Case{Name: "a large proposal", Bytes: large}, hostile.Case{Name: "most of one", Bytes: large[:1<<19+1]})
	r.Lies = append(r.Lies, hostile.SpoilBytes(append(appendHead(nil, FrameVote, 20), make([]byte, 20)...))...)
	return r
}

// cborReaders are what peers say besides frames.
func cborReaders() []hostile.Reader {
	id, err := IDOf(keys.FromSeed([32]byte{1}).Public())
	if err != nil {
		panic(err)
	}
	addr := tcpAddr(netip.AddrFrom4([4]byte{10, 0, 0, 1}), 26656).Bytes()
	var some []known
	for range 30 {
		some = append(some, known{ID: []byte(id), Addrs: [][]byte{addr, addr}})
	}
	return []hostile.Reader{
		{
			Name: "transactions", Write: chain.Encode, Samples: [][]byte{chain.Encode([][]byte{make([]byte, 150), make([]byte, 200)})},
			Read: func(b []byte) (any, error) { return decodeBatch(b) },
		},
		ask[poolAsk]("what is asked of a pool", maxAskBytes, &poolAsk{Salt: make([]byte, 8), Have: make([]byte, 80)}),
		ask[blocksAsk]("what is asked of blocks", 32, &blocksAsk{From: 1 << 40, Max: 128}),
		ask[peersAsk]("what is asked of peers", 16, &peersAsk{Max: 64}),
		ask[partAsk]("what is asked of snapshots", 32, &partAsk{Part: 3, Height: 1 << 40, Index: 1 << 14}),
		ask[headersAsk]("what is asked of headers", 64, &headersAsk{From: 1 << 40, Max: 256, Set: chain.Sum([]byte("set"))}),
		ask[baseAsk]("what is asked of the first height", 8, &baseAsk{}),
		ask[baseAnswer]("what is said of the first height", 16, &baseAnswer{Base: 1 << 40}),
		{
			Name: "peers", Write: chain.Encode, Samples: [][]byte{chain.Encode(some), chain.Encode(some[:1])},
			Read: func(b []byte) (any, error) {
				var answer []known
				return answer, chain.Decode(b, &answer, knownBytes)
			},
			Use: func(v any) {
				for _, k := range v.([]known) {
					_, _ = k.info(true)
				}
			},
		},
	}
}

func ask[T any](name string, limit int, sample *T) hostile.Reader {
	return hostile.Reader{Name: name, Write: chain.Encode, Samples: [][]byte{chain.Encode(sample)}, Read: func(b []byte) (any, error) {
		v := new(T)
		return v, chain.Decode(b, v, limit)
	}}
}

// identityReader reads the answer of whoever is at a seed's address.
func identityReader() hostile.Reader {
	sample := fmt.Appendf(nil, `{"version":"1","genesisHash":"%s","peerID":"%s","p2pPort":26656,"other":[1,{"a":null}]}`,
		testGenesis, must(IDOf(keys.FromSeed([32]byte{1}).Public())))
	return hostile.Reader{
		Name: "identity", Spoil: hostile.SpoilJSON, Samples: [][]byte{sample},
		Read: func(b []byte) (any, error) {
			id, _, err := readIdentity(b, testGenesis)
			if err == nil {
				_, _ = KeyOf(id)
			}
			return id, err
		},
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestReadersHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	frames, identity := frameReader(), identityReader()
	frames.Hold(t)
	identity.Hold(t)
	for _, r := range cborReaders() {
		r.Hold(t)
	}
}

// FuzzAnswers gives what peers ask and answer to every reader of it.
func FuzzAnswers(f *testing.F) { hostile.FuzzAll(f, cborReaders()) }

func FuzzIdentity(f *testing.F) {
	r := identityReader()
	r.Seed(f)
	f.Fuzz(func(t *testing.T, in []byte) { r.Fuzz(t, in) })
}

// FuzzPeerID reads peer ids as peers and answers bring them.
func FuzzPeerID(f *testing.F) {
	f.Add([]byte(must(IDOf(keys.FromSeed([32]byte{1}).Public()))))
	f.Add([]byte{0x00, 0x24, 0x08, 0x01, 0x12, 0x20})
	f.Fuzz(func(t *testing.T, raw []byte) {
		id, err := peer.IDFromBytes(raw)
		if err != nil {
			return
		}
		key, err := KeyOf(id)
		if err != nil {
			return
		}
		if again, err := IDOf(key); err != nil || again != id {
			t.Fatalf("peer id %x is of key %s, whose peer id is %x (%v)", raw, key, again, err)
		}
	})
}
