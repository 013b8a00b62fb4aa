package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/stake"
	"github.com/posnet/posnet/node/store"
)

// testChain is a real chain of four validators, of which the fourth gets its stake at height 5 and the first more at 9.
type testChain struct {
	t          testing.TB
	genesis    chain.Hash
	validators []testKeys // in the order of the genesis
	store      *store.Store
	headed     []Headed        // [h]; 0: none
	headers    []*chain.Header // [h]
	blocks     [][]byte        // [h]
	seeds      []chain.Hash    // [h] is seed(h)
	sets       []*stake.Set    // [h] is the set of h
}

type testKeys struct{ account, consensus, vrf, peer keys.PrivateKey }

func keyOf(names ...any) keys.PrivateKey {
	return keys.FromSeed(chain.Sum(fmt.Append(nil, names...)))
}

func (k testKeys) public() chain.ValidatorKeys {
	return chain.ValidatorKeys{Consensus: k.consensus.Public(), VRF: k.vrf.Public(), Peer: k.peer.Public()}
}

// newTestChain makes a chain of some height whose state has many accounts.
func newTestChain(t testing.TB, height, accounts int) *testChain {
	t.Helper()
	c := &testChain{t: t, headed: make([]Headed, 1), headers: make([]*chain.Header, 1), blocks: make([][]byte, 1), sets: make([]*stake.Set, 1)}
	rich := keyOf("rich")
	p := chain.DefaultParams()
	p.MinFee, p.SetDelay = 0, 2
	g := &chain.Genesis{ChainID: "snapshot", Time: 1_767_225_600_000, Params: p, Accounts: []chain.GenesisAccount{{Address: rich.Public(), Balance: 1 << 50}}}
	for i := range accounts {
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: keyOf("account", i).Public(), Balance: uint64(i + 1)})
	}
	for i := range 4 {
		k := testKeys{keyOf("account of", i), keyOf("consensus", i), keyOf("vrf", i), keyOf("peer", i)}
		c.validators = append(c.validators, k)
	}
	slices.SortFunc(c.validators, func(a, b testKeys) int {
		x, y := a.account.Public(), b.account.Public()
		return bytes.Compare(x[:], y[:])
	})
	for i, k := range c.validators {
		g.Validators = append(g.Validators, chain.GenesisValidator{Address: k.account.Public(), Keys: k.public()})
		if i < 3 {
			g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: rich.Public(), Validator: k.account.Public(), Amount: 100})
		}
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	c.genesis = g.Hash()
	out, err := ledger.FromGenesis(g)
	c.must(err)
	c.store, err = store.Open(vfs.NewMem(), "db", store.Options{})
	c.must(err)
	t.Cleanup(func() { c.must(c.store.Close()) })
	c.must(c.store.Initialize(store.Genesis{Hash: c.genesis, State: out.Changes, Tree: out.Tree}))
	c.seeds = []chain.Hash{out.System.Seed}
	set, parent, parentCert, time := out.Next, chain.Hash{}, (*chain.Certificate)(nil), g.Time
	nonce := uint64(0)
	for h := uint64(1); h <= uint64(height); h++ {
		tx := chain.Tx{Kind: chain.TxTransfer, From: rich.Public(), To: c.validators[h%4].account.Public(), Amount: h}
		switch h {
		case 5:
			tx.Kind, tx.To, tx.Amount = chain.TxStake, c.validators[3].account.Public(), 100
		case 9:
			tx.Kind, tx.To, tx.Amount = chain.TxStake, c.validators[0].account.Public(), 50
		}
		nonce++
		tx.Nonce = nonce
		raw := chain.Encode(&chain.SignedTx{Tx: tx, Signature: rich.Sign(chain.TxMessage(c.genesis, &tx))})
		time += 1000
		set, parent, parentCert = c.forge(h, set, parent, parentCert, time, [][]byte{raw})
	}
	return c
}

func (c *testChain) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("test chain: %v", err)
	}
}

func (c *testChain) keysOf(a chain.Address) testKeys {
	return c.validators[slices.IndexFunc(c.validators, func(k testKeys) bool { return k.account.Public() == a })]
}

// forge makes, certifies and commits one block. Every third is of a later round and has no proof.
func (c *testChain) forge(h uint64, set *stake.Set, parent chain.Hash, parentCert *chain.Certificate, time uint64, txs [][]byte) (*stake.Set, chain.Hash, *chain.Certificate) {
	round := uint64(0)
	if h%3 == 0 {
		round = 1
	}
	seed := c.seeds[h-1]
	forger := set.At(set.Winner(seed, h, round)).Address
	b := &chain.Block{Txs: txs, Evidence: [][]byte{}, Certificate: parentCert, Header: chain.Header{
		Version: chain.HeaderVersion, Genesis: c.genesis, Height: h, Round: round, Forger: forger, Time: time, Parent: parent,
		TxRoot: chain.MerkleRoot(txs), Evidence: chain.MerkleRoot(nil), Set: set.Hash(), VRFProof: []byte{},
	}}
	if parentCert != nil {
		b.Header.Certificate = parentCert.Hash()
	}
	next := stake.NextSeed(seed, nil)
	if round == 0 {
		b.Header.VRFProof, next = c.prove(forger, h, seed)
	}
	out, err := ledger.Apply(c.store.StateReader(), c.store.TreeReader(), ledger.Input{
		Genesis: c.genesis, Height: h, Time: time, Forger: forger, Seed: next, Txs: txs,
	})
	c.must(err)
	b.Header.State, b.Header.Results, b.Header.NextSet = out.State, out.Results, out.Next.Hash()
	hash := b.Header.Hash()
	b.Signature = c.keysOf(forger).consensus.Sign(chain.HeaderMessage(c.genesis, hash))
	cert := c.certify(set, h, hash)
	raw := chain.Encode(b)
	c.must(c.store.Commit(store.Commit{
		Height: h, BlockHash: hash, Block: raw, Certificate: chain.Encode(cert), TxIDs: out.TxIDs, Tree: out.Tree,
		State: append(slices.Clone(out.Changes), store.KV{Key: []byte("x of this node"), Value: []byte{byte(h)}}),
	}))
	c.headed = append(c.headed, Headed{Header: chain.Encode(&b.Header), Certificate: chain.Encode(cert), Set: set.Encode()})
	c.headers, c.blocks = append(c.headers, &b.Header), append(c.blocks, raw)
	c.seeds, c.sets = append(c.seeds, next), append(c.sets, set)
	return out.Next, hash, cert
}

// prove gives the VRF proof of a forger and the seed that it leaves.
func (c *testChain) prove(forger chain.Address, h uint64, seed chain.Hash) ([]byte, chain.Hash) {
	proof := keys.VRFProve(c.keysOf(forger).vrf, stake.VRFInput(c.genesis, seed, h))
	beta, err := keys.VRFHash(proof)
	c.must(err)
	return proof[:], stake.NextSeed(seed, beta[:])
}

func (c *testChain) certify(set *stake.Set, h uint64, hash chain.Hash) *chain.Certificate {
	cert := &chain.Certificate{Height: h, BlockHash: hash, Signers: make([]byte, (set.Len()+7)/8)}
	vote := cert.Vote()
	for i := range set.Len() {
		cert.Signers[i/8] |= 1 << (i % 8)
		cert.Signatures = append(cert.Signatures, c.keysOf(set.At(i).Address).consensus.Sign(chain.VoteMessage(c.genesis, &vote)))
	}
	return cert
}

func (c *testChain) trust(h uint64) Trust { return Trust{h, c.headers[h].Hash()} }

// source offers the chain's states.
func (c *testChain) source() *Source {
	s := NewSource(SourceConfig{Store: c.store, Seed: func(h uint64) (chain.Hash, error) { return c.seeds[h-1], nil }})
	c.t.Cleanup(s.Close)
	return s
}

// at is the state of the tip, as peers offer it: its manifest and its chunks.
func (c *testChain) state() (*Manifest, [][]byte) {
	v, err := c.store.View()
	c.must(err)
	defer v.Close()
	tip, err := v.Tip()
	c.must(err)
	m := &Manifest{Block: tip.Hash, Seed: c.seeds[tip.Height-1]}
	var chunks [][]byte
	c.must(cut(v, nil, 1<<10, func(_, chunk []byte) error {
		sum := chain.Sum(chunk)
		m.Sums, m.Bytes = append(m.Sums, sum[:]...), m.Bytes+uint64(len(chunk))
		chunks = append(chunks, chunk)
		return nil
	}))
	return m, chunks
}

// memory is a sink in memory that knows what the state must be.
type memory struct {
	values map[string]string
	root   chain.Hash // what Build says if the values are those of want
	want   map[string]string
	result *Result
	fail   error // of Add
	aborts int
}

func (c *testChain) sink() *memory {
	m := &memory{values: map[string]string{}, want: map[string]string{}, root: c.headers[len(c.headers)-1].State}
	c.must(c.store.ScanState(nil, nil, func(k, v []byte) bool {
		if k[0] < ledger.Beside {
			m.want[string(k)] = string(v)
		}
		return true
	}))
	return m
}

func (m *memory) Add(k, v []byte) error {
	m.values[string(k)] = string(v)
	return m.fail
}

func (m *memory) Build(uint64) (chain.Hash, error) {
	if len(m.values) != len(m.want) {
		return chain.Hash{1}, nil
	}
	for k, v := range m.want {
		if m.values[k] != v {
			return chain.Hash{2}, nil
		}
	}
	return m.root, nil
}

func (m *memory) Commit(r Result) error {
	if m.result != nil {
		return errors.New("committed twice")
	}
	m.result = &r
	return nil
}

func (m *memory) Abort() error {
	m.aborts++
	clear(m.values)
	return nil
}
