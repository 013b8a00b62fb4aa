package replica_test

import (
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/store"
)

// contradiction is evidence of two prevotes of a validator, signed with a key.
func contradiction(g *chain.Genesis, a chain.Address, k keys.PrivateKey) []byte {
	vote := func(tag string) []byte {
		v := chain.Vote{Kind: chain.Prevote, Height: 1, Round: 7, BlockHash: chain.Sum([]byte(tag))}
		return chain.Encode(&chain.SignedVote{Vote: v, Validator: a, Signature: k.Sign(chain.VoteMessage(g.Hash(), &v))})
	}
	return chain.Encode(chain.NewEvidence(chain.EvidenceVotes, a, vote("A"), vote("B")))
}

// guilty is a network with a second validator of little stake: the account and
// consensus key of who will contradict itself.
func guilty() (*chain.Genesis, chain.Address, keys.PrivateKey) {
	a := chain.Address(seeded(2, 0).Public())
	return network(func(g *chain.Genesis) {
		g.Validators = append(g.Validators, chain.GenesisValidator{Address: a, Keys: chain.ValidatorKeys{
			Consensus: seeded(2, 1).Public(), VRF: seeded(2, 2).Public(), Peer: seeded(2, 3).Public(),
		}})
		g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: faucet.Public(), Validator: a, Amount: 1000})
	}), a, seeded(2, 1)
}

func TestEvidenceThatProvesNothingDoesNotKeepOutTheTrueOne(t *testing.T) {
	t.Parallel()
	g, a, k := guilty()
	m, err := bootInto(g, newDisk(t), newWitness(), true)
	must(t, err)
	must(t, m.replica.Frame("liar", chain.PublicKey{}, replica.FrameEvidence, contradiction(g, a, seeded(9, 9))))
	must(t, m.replica.Frame("witness", chain.PublicKey{}, replica.FrameEvidence, contradiction(g, a, k)))
	must(t, m.reach(1))
	raw, err := m.store.Block(1)
	must(t, err)
	b, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
	must(t, err)
	if len(b.Evidence) != 1 {
		t.Errorf("block 1 has %d pieces of evidence, want the true one", len(b.Evidence))
	}
	must(t, m.close())
}

func TestEvidenceIsPassedOnOnce(t *testing.T) {
	t.Parallel()
	g, a, k := guilty()
	fsys := vfs.NewMem()
	s, err := store.Open(fsys, "db", store.Options{Genesis: g.Hash()})
	must(t, err)
	passed := 0
	r, err := replica.Open(replica.Config{
		Genesis: g, Store: s, FS: fsys, WALDir: "wal", Logger: slog.New(slog.DiscardHandler),
		Ports: replica.Ports{
			Now:      func() uint64 { return epoch },
			SetTimer: func(consensus.Timer, uint64) {},
			Broadcast: func(kind byte, _ []byte) {
				if kind == replica.FrameEvidence {
					passed++
				}
			},
			Send:       func(string, byte, []byte) {},
			PeerHeight: func(string, uint64) {},
		},
	})
	must(t, err)
	for _, e := range [][]byte{contradiction(g, a, seeded(9, 9)), contradiction(g, a, k), contradiction(g, a, k)} {
		must(t, r.Frame("peer", chain.PublicKey{}, replica.FrameEvidence, e))
	}
	if passed != 1 {
		t.Errorf("it passed evidence on %d times; want the true one, once", passed)
	}
	must(t, r.Close())
	must(t, s.Close())
}
