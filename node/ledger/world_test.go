package ledger

import (
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger/tree"
)

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// person holds the four keys of an account that may be a validator.
type person struct {
	account, consensus, vrf, peer keys.PrivateKey
}

func newPerson(n byte) person {
	key := func(use byte) keys.PrivateKey { return keys.FromSeed([32]byte{n, use, 0x6c}) }
	return person{key(1), key(2), key(3), key(4)}
}

func (p person) address() chain.Address { return p.account.Public() }

func (p person) keys() chain.ValidatorKeys {
	return chain.ValidatorKeys{Consensus: p.consensus.Public(), VRF: p.vrf.Public(), Peer: p.peer.Public()}
}

func (p person) registration(genesis chain.Hash) *chain.Registration {
	k := p.keys()
	msg := chain.RegistrationMessage(genesis, p.address(), &k)
	return &chain.Registration{Keys: k, ConsensusProof: p.consensus.Sign(msg), VRFProof: p.vrf.Sign(msg), PeerProof: p.peer.Sign(msg)}
}

// world is a chain's state in memory.
type world struct {
	genesis *chain.Genesis
	hash    chain.Hash
	values  map[string][]byte
	nodes   map[tree.NodeKey]*tree.Node
	root    chain.Hash
	system  System
	last    *Outcome
}

func (w *world) Get(key []byte) ([]byte, error) { return w.values[string(key)], nil }

type nodes map[tree.NodeKey]*tree.Node

func (n nodes) Get(k tree.NodeKey) (*tree.Node, error) {
	if b, ok := n[k]; ok {
		return b, nil
	}
	return nil, tree.ErrMissing
}

// people of every test: 0 to 3 are validators of the genesis (3 without stake),
// all have 1000 POS.
var people = func() []person {
	var out []person
	for i := range 8 {
		out = append(out, newPerson(byte(i)))
	}
	slices.SortFunc(out, func(a, b person) int {
		x, y := a.address(), b.address()
		return strings.Compare(string(x[:]), string(y[:]))
	})
	return out
}()

const pos = chain.UnitsPerPOS

func testGenesis() *chain.Genesis {
	g := &chain.Genesis{ChainID: "test", Time: 1_000_000, Params: chain.DefaultParams()}
	g.Params.BlockReward = 7
	for i, p := range people {
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: p.address(), Balance: 1000 * pos})
		if i < 4 {
			g.Validators = append(g.Validators, chain.GenesisValidator{Address: p.address(), Keys: p.keys()})
		}
		if i < 3 {
			g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: p.address(), Validator: p.address(), Amount: 100 * pos})
		}
	}
	return g
}

func newWorld(t failer, change ...func(g *chain.Genesis)) *world {
	t.Helper()
	g := testGenesis()
	for _, c := range change {
		c(g)
	}
	out, err := FromGenesis(g)
	if err != nil {
		t.Fatalf("genesis: %v", err)
	}
	w := &world{genesis: g, hash: g.Hash(), values: map[string][]byte{}, nodes: nodes{}}
	w.store(out)
	return w
}

// store does what a commit does.
func (w *world) store(o *Outcome) {
	for _, kv := range o.Changes {
		w.values[string(kv.Key)] = kv.Value
	}
	for _, n := range o.Tree.New {
		w.nodes[n.Key()] = n
	}
	w.root, w.system, w.last = o.State, o.System, o
}

func (w *world) input(txs ...[]byte) Input {
	return Input{Genesis: w.hash, Height: w.system.Height + 1, Time: w.system.Time + 1000, Forger: people[0].address(), Seed: chain.Sum(w.system.Seed[:]), Txs: txs}
}

func (w *world) apply(in Input) (*Outcome, error) { return Apply(w, nodes(w.nodes), in) }

// block applies and commits a block that must be valid.
func (w *world) block(t failer, txs ...[]byte) *Outcome {
	t.Helper()
	out, err := w.apply(w.input(txs...))
	if err != nil {
		t.Fatalf("block %d: %v", w.system.Height+1, err)
	}
	w.store(out)
	return out
}

// refused checks that a block of these transactions is invalid, for this reason,
// and that nothing of it can be seen.
func (w *world) refused(t failer, code chain.RefusalCode, txs ...[]byte) {
	t.Helper()
	before := maps.Clone(w.values)
	out, err := w.apply(w.input(txs...))
	var r *chain.Refusal
	switch {
	case err == nil:
		t.Fatalf("the block is valid, want a refusal %q", code)
	case !errors.As(err, &r) || r.Code != code:
		t.Fatalf("refused with %v, want the code %q", err, code)
	case r.Message == "" || out != nil:
		t.Fatalf("a refusal must say why and leave nothing: %q %v", r.Message, out)
	}
	if !maps.EqualFunc(before, w.values, slices.Equal) {
		t.Fatalf("a refused block changed the state")
	}
}

// sign fills what is usual and signs.
func (w *world) sign(p person, t chain.Tx) []byte {
	if t.From.IsZero() {
		t.From = p.address()
	}
	if t.Nonce == 0 {
		t.Nonce = w.account(p.address()).Nonce + 1
	}
	if t.Fee == 0 {
		t.Fee = 1000
	}
	return chain.Encode(&chain.SignedTx{Tx: t, Signature: p.account.Sign(chain.TxMessage(w.hash, &t))})
}

func (w *world) transfer(from, to person, amount uint64) []byte {
	return w.sign(from, chain.Tx{Kind: chain.TxTransfer, To: to.address(), Amount: amount})
}

func (w *world) stake(from, to person, amount uint64) []byte {
	return w.sign(from, chain.Tx{Kind: chain.TxStake, To: to.address(), Amount: amount})
}

func (w *world) register(p person) []byte {
	return w.sign(p, chain.Tx{Kind: chain.TxRegister, To: p.address(), Payload: chain.Encode(p.registration(w.hash))})
}

func (w *world) account(a chain.Address) Account {
	acc, err := ReadAccount(w, a)
	if err != nil {
		panic(err)
	}
	return acc
}

func (w *world) validator(a chain.Address) Validator {
	var v Validator
	if _, err := Load(w, ValidatorKey(a), &v); err != nil {
		panic(err)
	}
	return v
}

// sets decodes the stakes of the set of a height, by person.
func (w *world) stakes(t failer, height uint64) []uint64 {
	t.Helper()
	var entries []SetEntry
	if _, err := Load(w, SetsKey(), &entries); err != nil {
		t.Fatalf("%v", err)
	}
	set, err := SetAt(entries, height, nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	out := make([]uint64, len(people))
	for i, p := range people {
		if n, ok := set.Index(p.address()); ok {
			out[i] = set.At(n).Stake
		}
	}
	return out
}

// balance sums every balance and every bond in the state, and checks that no
// validator's bonds add up to more shares than it has.
func (w *world) total(t failer) uint64 {
	t.Helper()
	sum, shares := uint64(0), map[string]uint64{}
	for k, raw := range w.values {
		switch k[0] {
		case 'a':
			var a Account
			mustDecode(t, raw, &a)
			sum += a.Balance
		case 'v':
			var v Validator
			mustDecode(t, raw, &v)
			sum += v.Bonded
			shares[k[1:33]] -= v.Shares
		case 'b':
			var b Bond
			mustDecode(t, raw, &b)
			shares[k[1:33]] += b.Shares
		}
	}
	for v, s := range shares {
		if s != 0 {
			t.Fatalf("the bonds to %x do not add up to its shares", v[:4])
		}
	}
	return sum
}

func mustDecode(t failer, raw []byte, v any) {
	t.Helper()
	if err := chain.Decode(raw, v, maxValueBytes); err != nil {
		t.Fatalf("a state value does not read: %v", err)
	}
}

// naiveRoot is the root of the authenticated tree by its definition, over every
// value of the state.
func (w *world) naiveRoot() chain.Hash {
	set := map[chain.Hash]chain.Hash{}
	for k, v := range w.values {
		set[sha256.Sum256([]byte(k))] = sha256.Sum256(v)
	}
	return subtree(set, 0)
}

func subtree(set map[chain.Hash]chain.Hash, depth int) chain.Hash {
	if len(set) == 0 {
		return chain.Hash{}
	}
	halves := [2]map[chain.Hash]chain.Hash{{}, {}}
	for k, v := range set {
		if len(set) == 1 {
			return chain.Sum([]byte{0}, k[:], v[:])
		}
		halves[k[depth/8]>>(7-depth%8)&1][k] = v
	}
	l, r := subtree(halves[0], depth+1), subtree(halves[1], depth+1)
	return chain.Sum([]byte{1}, l[:], r[:])
}

func wantError(t *testing.T, err error, why string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), why) {
		t.Fatalf("got %v, want an error that says %q", err, why)
	}
}
