package replica_test

import (
	"bytes"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
)

// growing is a network in which a second validator, whose address comes first,
// is registered and has no stake yet. What it gets acts two heights later.
func growing() (*chain.Genesis, chain.Address) {
	n := byte(0)
	for bytes.Compare(seededAddress(n), address(account.Public())) > 0 {
		n++
	}
	joins := chain.Address(seeded(n, 0).Public())
	return network(func(g *chain.Genesis) {
		g.Params.SetDelay = 2
		g.Validators = append(g.Validators, chain.GenesisValidator{Address: joins, Keys: chain.ValidatorKeys{
			Consensus: seeded(n, 1).Public(), VRF: seeded(n, 2).Public(), Peer: seeded(n, 3).Public(),
		}})
	}), joins
}

func address(a chain.Address) []byte { return a[:] }

func seededAddress(n byte) []byte { return address(seeded(n, 0).Public()) }

// TestEachHeightIsCheckedUnderItsOwnSet has a follower fetch a chain in which a
// validator joins, and restarts it at every height: block h+1 brings the
// certificate of h, which is of the set before the change.
func TestEachHeightIsCheckedUnderItsOwnSet(t *testing.T) {
	t.Parallel()
	g, joins := growing()
	m, err := bootInto(g, newDisk(t), newWitness(), true)
	must(t, err)
	tx := chain.Tx{Kind: chain.TxStake, From: faucet.Public(), Nonce: 1, To: joins, Amount: 1000, Fee: g.Params.MinFee}
	_, err = m.replica.Pool().Add(chain.Encode(&chain.SignedTx{Tx: tx, Signature: faucet.Sign(chain.TxMessage(g.Hash(), &tx))}))
	must(t, err)
	const top = 6
	must(t, m.reach(top))

	disk := vfs.NewMem()
	members := map[uint64]int{}
	for h := uint64(1); h <= top; h++ {
		follower, err := bootInto(g, disk, newWitness(), false)
		must(t, err)
		raw, err := m.store.Block(h)
		must(t, err)
		cert, err := m.store.Certificate(h)
		must(t, err)
		if err := follower.replica.Certified(raw, cert); err != nil || follower.height() != h {
			t.Fatalf("block %d: %v, height %d", h, err, follower.height())
		}
		block, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
		must(t, err)
		_, set, err := replica.ReadPast(follower.store, h)
		if err != nil || set.Hash() != block.Header.Set {
			t.Errorf("height %d: the set it was drawn with is not the one its header names: %v", h, err)
		} else {
			members[h] = set.Len()
		}
		must(t, follower.close())
	}
	if members[2] != 1 || members[3] != 2 {
		t.Errorf("members by height: %v; want the second from height 3 on, two after its stake", members)
	}
	must(t, m.close())
}
