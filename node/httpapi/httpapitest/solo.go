// Package httpapitest has a chain of one validator, in memory, that is a real
// [httpapi.Backend]: the real ledger, tree, pool and lottery, with blocks that
// are forged when a test says so. It is for the tests of the API, of its client
// and of the commands that speak to it.
package httpapitest

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/ledger/tree"
	"github.com/posnet/posnet/node/mempool"
	"github.com/posnet/posnet/node/stake"
)

// Solo is a chain of one validator with stake, one without, and a rich account.
type Solo struct {
	t testing.TB

	// Faucet holds 1000 POS. Validator forges. Both are real accounts.
	Faucet, Validator keys.PrivateKey
	// Spare is registered without stake.
	Spare chain.Address
	// State is what Node says the node is doing.
	State httpapi.NodeState
	// Ceremony is the secret that Attest uses; nil: no ceremony.
	Ceremony []byte
	// PrunedBelow makes lower heights answer as pruned: the node joined by snapshot there.
	PrunedBelow uint64
	// Full is what Crowded says.
	Full bool

	genesis   *chain.Genesis
	hash      chain.Hash
	consensus keys.PrivateKey
	vrf       keys.PrivateKey
	peer      keys.PrivateKey

	mu     sync.Mutex
	values map[string][]byte
	nodes  map[tree.NodeKey]*tree.Node
	pool   *mempool.Pool
	blocks []*httpapi.Block          // blocks[h-1]
	seeds  []chain.Hash              // seeds[h] is seed(h)
	sets   []*stake.Set              // sets[h-1] is the set of h
	txs    map[chain.Hash]httpapi.Tx // final ones
	final  chan struct{}             // closed and replaced at each block
}

// Time is that of the genesis, Unix milliseconds; block h is h seconds later.
const Time = 1_767_225_600_000

// New makes the chain; t fails if it cannot.
func New(t testing.TB) *Solo {
	t.Helper()
	s := &Solo{
		t: t, State: httpapi.Running,
		Faucet: Key(1), Validator: Key(2), consensus: Key(3), vrf: Key(4), peer: Key(5), Spare: Key(6).Public(),
		values: map[string][]byte{}, nodes: map[tree.NodeKey]*tree.Node{}, txs: map[chain.Hash]httpapi.Tx{}, final: make(chan struct{}),
	}
	p := chain.DefaultParams()
	p.SetDelay = 2
	g := &chain.Genesis{
		ChainID: "solo", Time: Time, Params: p,
		Accounts: []chain.GenesisAccount{
			{Address: s.Faucet.Public(), Balance: 1000 * chain.UnitsPerPOS},
			{Address: s.Validator.Public(), Balance: 10 * chain.UnitsPerPOS},
		},
		Validators: []chain.GenesisValidator{
			{Address: s.Validator.Public(), Keys: s.keys()},
			{Address: s.Spare, Keys: chain.ValidatorKeys{Consensus: Key(7).Public(), VRF: Key(8).Public(), Peer: Key(9).Public()}},
		},
		Bonds: []chain.GenesisBond{{Staker: s.Validator.Public(), Validator: s.Validator.Public(), Amount: 25 * chain.UnitsPerPOS}},
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	slices.SortFunc(g.Validators, func(a, b chain.GenesisValidator) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	s.genesis, s.hash = g, g.Hash()
	out, err := ledger.FromGenesis(g)
	s.must(err)
	s.write(out)
	s.pool, err = mempool.New(mempool.Config{Genesis: s.hash, Params: p, State: balances{s}})
	s.must(err)
	return s
}

// Key makes the key whose seed is n repeated.
func Key(n byte) keys.PrivateKey {
	return keys.FromSeed([keys.SeedSize]byte(bytes.Repeat([]byte{n}, keys.SeedSize)))
}

func (s *Solo) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("solo chain: %v", err)
	}
}

func (s *Solo) keys() chain.ValidatorKeys {
	return chain.ValidatorKeys{Consensus: s.consensus.Public(), VRF: s.vrf.Public(), Peer: s.peer.Public()}
}

// GenesisHash names the chain.
func (s *Solo) GenesisHash() chain.Hash { return s.hash }

// Sign encodes tx with from's signature.
func (s *Solo) Sign(from keys.PrivateKey, tx chain.Tx) []byte {
	tx.From = from.Public()
	return chain.Encode(&chain.SignedTx{Tx: tx, Signature: from.Sign(chain.TxMessage(s.hash, &tx))})
}

// Transfer encodes a signed transfer of the faucet.
func (s *Solo) Transfer(nonce, amount uint64) []byte {
	return s.Sign(s.Faucet, chain.Tx{
		Kind: chain.TxTransfer, Nonce: nonce, To: s.Spare, Amount: amount, Fee: 1000, Memo: []byte("for you"),
	})
}

// Forge makes a final block of what waits and returns its height.
func (s *Solo) Forge() uint64 {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	h := uint64(len(s.blocks)) + 1
	seed := s.seeds[h-1]
	proof := keys.VRFProve(s.vrf, stake.VRFInput(s.hash, seed, h))
	beta, err := keys.VRFHash(proof)
	s.must(err)
	var raws [][]byte
	for _, tx := range s.pool.Select(100, 1<<20) {
		raws = append(raws, tx.Raw)
	}
	in := ledger.Input{
		Genesis: s.hash, Height: h, Time: Time + h*1000, Forger: s.Validator.Public(),
		Seed: stake.NextSeed(seed, beta[:]), Txs: raws,
	}
	out, err := ledger.Apply(values{s}, nodes{s}, in)
	s.must(err)
	set := s.sets[h-1]
	b := &chain.Block{Txs: raws, Header: chain.Header{
		Version: chain.HeaderVersion, Genesis: s.hash, Height: h, Forger: in.Forger, Time: in.Time,
		TxRoot: chain.MerkleRoot(raws), Evidence: chain.MerkleRoot(nil), State: out.State, Results: out.Results,
		Set: set.Hash(), NextSet: out.Next.Hash(), VRFProof: proof[:],
	}}
	if h > 1 {
		parent := s.blocks[h-2]
		b.Certificate, b.Header.Parent, b.Header.Certificate = parent.Certificate, parent.Hash, parent.Certificate.Hash()
	}
	hash := b.Header.Hash()
	b.Signature = s.consensus.Sign(chain.HeaderMessage(s.hash, hash))
	s.must(b.Check())
	s.blocks = append(s.blocks, &httpapi.Block{
		Block: b, Hash: hash, Certificate: s.certify(set, h, hash), Size: len(chain.Encode(b)),
		FirstSeen: time.UnixMilli(int64(in.Time)), Final: time.UnixMilli(int64(in.Time) + 12),
	})
	s.write(out)
	s.must(s.pool.Committed(h, out.TxIDs, nil))
	for i, id := range out.TxIDs {
		s.txs[id] = httpapi.Tx{Raw: raws[i], Final: true, Height: h, Index: i}
	}
	close(s.final)
	s.final = make(chan struct{})
	return h
}

// certify signs for the validator, wherever it stands in the set.
func (s *Solo) certify(set *stake.Set, h uint64, block chain.Hash) *chain.Certificate {
	i, ok := set.Index(s.Validator.Public())
	if !ok {
		s.t.Fatal("solo chain: the validator has left the set")
	}
	c := &chain.Certificate{Height: h, BlockHash: block, Signers: make([]byte, (set.Len()+7)/8)}
	c.Signers[i/8] |= 1 << (i % 8)
	vote := c.Vote()
	c.Signatures = []chain.Signature{s.consensus.Sign(chain.VoteMessage(s.hash, &vote))}
	return c
}

func (s *Solo) write(out *ledger.Outcome) {
	for _, kv := range out.Changes {
		s.values[string(kv.Key)] = kv.Value
	}
	for _, n := range out.Tree.New {
		s.nodes[n.Key()] = n
	}
	s.seeds = append(s.seeds, out.System.Seed)
	s.sets = append(s.sets, out.Next)
}

// values, nodes and balances are the ports of ledger, tree and mempool.
type (
	values   struct{ *Solo }
	nodes    struct{ *Solo }
	balances struct{ *Solo }
)

// Get implements ledger.Reader.
func (v values) Get(key []byte) ([]byte, error) { return v.values[string(key)], nil }

// Get implements tree.Reader.
func (n nodes) Get(key tree.NodeKey) (*tree.Node, error) {
	if b, ok := n.nodes[key]; ok {
		return b, nil
	}
	return nil, tree.ErrMissing
}

// Account implements mempool.StateReader.
func (b balances) Account(a chain.Address) (balance, nonce uint64, err error) {
	acc, err := ledger.ReadAccount(values(b), a)
	return acc.Balance, acc.Nonce, err
}
