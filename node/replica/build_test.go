package replica_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/replica"
)

// seeded is a key of a test.
func seeded(n, use byte) keys.PrivateKey { return keys.FromSeed([32]byte{n, use, 0x62}) }

// network is the genesis of the tests, changed.
func network(change func(*chain.Genesis)) *chain.Genesis {
	g := *genesis
	g.Accounts, g.Validators, g.Bonds = slices.Clone(g.Accounts), slices.Clone(g.Validators), slices.Clone(g.Bonds)
	change(&g)
	order := func(a, b chain.Address) int { return bytes.Compare(a[:], b[:]) }
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return order(a.Address, b.Address) })
	slices.SortFunc(g.Validators, func(a, b chain.GenesisValidator) int { return order(a.Address, b.Address) })
	slices.SortFunc(g.Bonds, func(a, b chain.GenesisBond) int { return order(a.Validator, b.Validator) })
	return &g
}

// TestTransactionsThatOnlyTheStateRefusesDoNotHoldUpTheForger sends what the
// pool must let in, since each is fine by itself, and only one can be applied:
// registrations of one and the same keys by many accounts.
func TestTransactionsThatOnlyTheStateRefusesDoNotHoldUpTheForger(t *testing.T) {
	t.Parallel()
	const many = 300
	var senders []keys.PrivateKey
	g := network(func(g *chain.Genesis) {
		for n := range many {
			k := keys.FromSeed([32]byte{byte(n), byte(n >> 8), 0x77})
			senders = append(senders, k)
			g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: k.Public(), Balance: 1 << 20})
		}
	})
	m, err := bootInto(g, newDisk(t), newWitness(), true)
	must(t, err)
	consensus, vrf, peer := seeded(1, 1), seeded(1, 2), seeded(1, 3)
	k := chain.ValidatorKeys{Consensus: consensus.Public(), VRF: vrf.Public(), Peer: peer.Public()}
	for i, from := range senders {
		msg := chain.RegistrationMessage(g.Hash(), from.Public(), &k)
		reg := &chain.Registration{Keys: k, ConsensusProof: consensus.Sign(msg), VRFProof: vrf.Sign(msg), PeerProof: peer.Sign(msg)}
		tx := chain.Tx{Kind: chain.TxRegister, From: from.Public(), Nonce: 1, To: from.Public(), Fee: g.Params.MinFee, Payload: chain.Encode(reg)}
		_, err := m.replica.Pool().Add(chain.Encode(&chain.SignedTx{Tx: tx, Signature: from.Sign(chain.TxMessage(g.Hash(), &tx))}))
		if err != nil {
			t.Fatalf("registration %d: %v", i, err)
		}
	}
	m.replica.PoolChanged()
	must(t, m.reach(1))
	if n := m.executions; n > 10 {
		t.Errorf("the forger executed %d blocks to make one", n)
	}
	if s := m.replica.Pool().Stats(); s.Transactions != 0 {
		t.Errorf("%d transactions wait that can never be applied", s.Transactions)
	}
	must(t, m.reach(2))
	must(t, m.close())
}

func TestEvidenceThatWouldEmptyTheSetDoesNotStopTheForger(t *testing.T) {
	t.Parallel()
	other := chain.ValidatorKeys{Consensus: seeded(2, 1).Public(), VRF: seeded(2, 2).Public(), Peer: seeded(2, 3).Public()}
	g := network(func(g *chain.Genesis) { // beside the validator, which has more than two thirds
		a := seeded(2, 0).Public()
		g.Validators = append(g.Validators, chain.GenesisValidator{Address: a, Keys: other})
		g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: faucet.Public(), Validator: a, Amount: 1000})
	})
	m, err := bootInto(g, newDisk(t), newWitness(), true)
	must(t, err)
	accuse := func(a chain.Address, k keys.PrivateKey) {
		vote := func(tag string) []byte {
			v := chain.Vote{Kind: chain.Prevote, Height: 1, Round: 7, BlockHash: chain.Sum([]byte(tag))}
			return chain.Encode(&chain.SignedVote{Vote: v, Validator: a, Signature: k.Sign(chain.VoteMessage(g.Hash(), &v))})
		}
		e := chain.NewEvidence(chain.EvidenceVotes, a, vote("A"), vote("B"))
		must(t, m.replica.Frame("peer", chain.PublicKey{}, replica.FrameEvidence, chain.Encode(e)))
	}
	accuse(seeded(2, 0).Public(), seeded(2, 1))
	accuse(account.Public(), consensusKey)
	must(t, m.reach(3))
	raw, err := m.store.Block(1)
	must(t, err)
	b, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
	must(t, err)
	if len(b.Evidence) != 1 {
		t.Errorf("block 1 has %d pieces of evidence, want the one that leaves a validator", len(b.Evidence))
	}
	must(t, m.close())
}
