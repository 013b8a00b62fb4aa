package snapshot

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/stake"
	"github.com/posnet/posnet/node/store"
)

// crowded gives a chain of 15 blocks a sixteenth whose state has so many accounts more, in a store of its own.
func crowded(t testing.TB, fs vfs.FS, dir string, accounts int) *testChain {
	t.Helper()
	c := newTestChain(t, 15, 3)
	i, err := store.NewImport(fs, dir, store.Options{})
	c.must(err)
	var before, after []store.KV
	c.must(c.store.ScanState(nil, nil, func(k, v []byte) bool {
		kv := store.KV{Key: append([]byte{}, k...), Value: append([]byte{}, v...)}
		switch {
		case k[0] == 'a':
			before = append(before, kv)
		case k[0] < ledger.Beside:
			after = append(after, kv)
		}
		return true
	}))
	step, n := ^uint64(0)/uint64(accounts+1), 0
	add := func(until []byte) {
		for ; n < accounts; n++ {
			var key [33]byte
			key[0] = 'a'
			binary.BigEndian.PutUint64(key[1:], uint64(n)*step)
			copy(key[9:], chain.Uint64(uint64(n)*0x9e3779b97f4a7c15))
			if string(key[:]) >= string(until) {
				return
			}
			c.must(i.Add(key[:], chain.Encode(&ledger.Account{Balance: uint64(n) + 1, Nonce: uint64(n % 300)})))
		}
	}
	for _, kv := range before {
		add(kv.Key)
		c.must(i.Add(kv.Key, kv.Value))
	}
	add([]byte{'b'})
	const height = 16 // of round 0
	next := c.nextSet()
	seed := c.seeds[15]
	b, seedAfter := c.header(height, next, seed)
	for _, kv := range after {
		if string(kv.Key) == string(ledger.SystemKey()) {
			kv.Value = chain.Encode(&ledger.System{Height: height, Time: b.Header.Time, Seed: seedAfter, Supply: 1})
		}
		c.must(i.Add(kv.Key, kv.Value))
	}
	b.Header.State, err = i.Build(height, nil)
	c.must(err)
	hash := b.Header.Hash()
	b.Signature = c.keysOf(b.Header.Forger).consensus.Sign(chain.HeaderMessage(c.genesis, hash))
	cert := chain.Encode(c.certify(next, height, hash))
	raw := chain.Encode(b)
	c.must(i.Commit(store.Base{Genesis: c.genesis, Height: height, BlockHash: hash, Block: raw, Certificate: cert}))
	c.headed = append(c.headed, Headed{Header: chain.Encode(&b.Header), Certificate: cert, Set: next.Encode()})
	c.headers, c.blocks = append(c.headers, &b.Header), append(c.blocks, raw)
	c.seeds, c.sets = append(c.seeds, seedAfter), append(c.sets, next)
	c.must(c.store.Close())
	c.store, err = store.Open(fs, dir, store.Options{})
	c.must(err)
	return c
}

// nextSet is the set of the height after the last.
func (c *testChain) nextSet() *stake.Set {
	var sets []ledger.SetEntry
	_, err := ledger.Load(c.store.StateReader(), ledger.SetsKey(), &sets)
	c.must(err)
	set, err := ledger.SetAt(sets, c.height()+1, nil)
	c.must(err)
	return set
}

// header begins an empty block of round 0 on the last one.
func (c *testChain) header(h uint64, set *stake.Set, seed chain.Hash) (*chain.Block, chain.Hash) {
	forger := set.At(set.Winner(seed, h, 0)).Address
	var parent chain.Certificate
	c.must(chain.Decode(c.headed[h-1].Certificate, &parent, 1<<20))
	proof, next := c.prove(forger, h, seed)
	return &chain.Block{Txs: [][]byte{}, Evidence: [][]byte{}, Certificate: &parent, Header: chain.Header{
		Version: chain.HeaderVersion, Genesis: c.genesis, Height: h, Forger: forger, Time: c.headers[h-1].Time + 1, Parent: c.headers[h-1].Hash(),
		Certificate: parent.Hash(), TxRoot: chain.MerkleRoot(nil), Evidence: chain.MerkleRoot(nil), Set: set.Hash(), NextSet: set.Hash(), VRFProof: proof,
	}}, next
}

// importSink is a store that takes a state in.
type importSink struct {
	*store.Import
	ctx     context.Context
	genesis chain.Hash
}

func (s importSink) Build(height uint64) (chain.Hash, error) {
	return s.Import.Build(height, s.ctx.Err)
}

func (s importSink) Commit(r Result) error {
	return s.Import.Commit(store.Base{
		Genesis: s.genesis, Height: r.Height, BlockHash: r.Hash, Block: r.Block, Certificate: r.Certificate, TxIDs: r.TxIDs,
	})
}

// joinFrom joins from four nodes that share the chain's store, into dir.
func (c *testChain) joinFrom(ctx context.Context, fs vfs.FS, dir string, told func(Stats)) (Result, error) {
	sources := map[string]*Source{}
	var peers []Peer
	for i, k := range c.validators {
		id := "v" + strconv.Itoa(i)
		sources[id] = NewSource(SourceConfig{Store: c.store, Seed: func(h uint64) (chain.Hash, error) { return c.seeds[h-1], nil }})
		defer sources[id].Close()
		peers = append(peers, Peer{ID: id, Key: k.peer.Public()})
	}
	return Join(ctx, JoinConfig{
		Genesis: c.genesis, Trust: c.trust(4), Peers: func() []Peer { return peers }, Told: told,
		Blame: func(peer string, err error) { c.t.Errorf("%s is blamed: %v", peer, err) },
		Fetch: func(_ context.Context, r Request) (a Answer, err error) {
			s := sources[r.Peer]
			switch r.Kind {
			case AskOffer:
				if a.Part, err = s.Offer(); err == nil { // it joined by snapshot, but here it has all blocks
					o, _ := DecodeOffer(a.Part)
					o.Base = 1
					a.Part = chain.Encode(o)
				}
			case AskManifest:
				a.Part, err = s.Manifest(r.Height)
			case AskChunk:
				a.Part, err = s.Chunk(r.Height, r.Index)
			case AskHeaders:
				a.Headers = c.headed[r.Height:min(r.Height+uint64(r.Count), uint64(len(c.headed)))]
			case AskBlock:
				a.Part = c.blocks[r.Height]
			}
			return a, err
		},
		Sink: func(ctx context.Context, _ uint64) (Sink, error) {
			i, err := store.NewImport(fs, dir, store.Options{})
			return importSink{i, ctx, c.genesis}, err
		},
	})
}

func TestAStateOfManyChunksIsTakenIntoAStore(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	c := crowded(t, fs, "theirs", 110_000)
	endedJoin(t, c, fs)
	var last Stats
	r, err := c.joinFrom(t.Context(), fs, "ours", func(s Stats) { last = s })
	if err != nil {
		t.Fatal(err)
	}
	if r.Height != 16 || last.Phase != Done || last.Chunks < 3 || last.Taken != last.Chunks {
		t.Errorf("joined at %d: %+v", r.Height, last)
	}
	ours, err := store.Open(fs, "ours", store.Options{Genesis: c.genesis})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { c.must(ours.Close()) }()
	theirs := map[string]string{}
	c.must(c.store.ScanState(nil, nil, func(k, v []byte) bool { theirs[string(k)] = string(v); return true }))
	count := 0
	c.must(ours.ScanState(nil, nil, func(k, v []byte) bool {
		if count++; theirs[string(k)] != string(v) {
			t.Errorf("value of %x is %x, want %x", k, v, theirs[string(k)])
		}
		return true
	}))
	if tip, err := ours.Tip(); err != nil || tip.Height != 16 || tip.Hash != r.Hash || count != len(theirs) || ours.Base() != 16 {
		t.Errorf("tip %v (%v), %d values, want %d", tip, err, count, len(theirs))
	}
}

// endedJoin sees that a join that is told to end leaves nothing.
func endedJoin(t *testing.T, c *testChain, fs vfs.FS) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := c.joinFrom(ctx, fs, "ours", func(s Stats) {
		if s.Taken > 0 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a join that was ended gives %v", err)
	}
	if names, err := fs.List("/"); err != nil || len(names) != 1 {
		t.Errorf("it leaves %v (%v)", names, err)
	}
}

// BenchmarkJoin takes over a state of a million accounts, or POSNET_BENCH_ACCOUNTS, from nodes in this process: everything but
// the network, on the disk of the temporary directory.
func BenchmarkJoin(b *testing.B) {
	accounts := 1_000_000
	if s := os.Getenv("POSNET_BENCH_ACCOUNTS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		accounts = n
	}
	c := crowded(b, vfs.Default, b.TempDir()+"/db", accounts)
	runtime.GC()
	var loading time.Duration
	for b.Loop() {
		var began time.Time
		if _, err := c.joinFrom(b.Context(), vfs.Default, b.TempDir()+"/db", func(s Stats) {
			if s.Phase == Loading && began.IsZero() {
				began = time.Now()
			}
		}); err != nil {
			b.Fatal(err)
		}
		loading += time.Since(began)
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/join")
	b.ReportMetric(loading.Seconds()/float64(b.N), "s/loading")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(accounts), "ns/account")
}
