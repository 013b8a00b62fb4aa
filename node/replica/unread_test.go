package replica_test

import (
	"errors"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/stake"
	"github.com/posnet/posnet/node/store"
)

// forgedByTheOther is block 1, with one transfer, of the other validator of the network of
// ahead, signed; its state roots are whatever they are.
func forgedByTheOther(t *testing.T, g *chain.Genesis, other keys.PrivateKey, seed chain.Hash, set *stake.Set) *chain.Block {
	t.Helper()
	tx := chain.Tx{Kind: chain.TxTransfer, From: faucet.Public(), Nonce: 1, To: account.Public(), Amount: 7, Fee: g.Params.MinFee}
	txs := [][]byte{chain.Encode(&chain.SignedTx{Tx: tx, Signature: faucet.Sign(chain.TxMessage(g.Hash(), &tx))})}
	b := &chain.Block{Txs: txs, Header: chain.Header{
		Version: chain.HeaderVersion, Genesis: g.Hash(), Height: 1, Forger: set.At(0).Address, Time: epoch,
		TxRoot: chain.MerkleRoot(txs), Evidence: chain.MerkleRoot(nil), Set: set.Hash(), NextSet: set.Hash(),
	}}
	for n := range 256 { // the other's VRF key is that of its number
		if vrf := seeded(byte(n), 2); vrf.Public() == set.At(0).Keys.VRF {
			proof := keys.VRFProve(vrf, stake.VRFInput(g.Hash(), seed, 1))
			b.Header.VRFProof = proof[:]
		}
	}
	b.Signature = other.Sign(chain.HeaderMessage(g.Hash(), b.Header.Hash()))
	return b
}

// TestAStateThatCannotBeReadMakesNoBlockInvalid: the disk of the node fails while
// it executes another's block. To prevote nil would blame the forger, and to
// refuse what the others decide would look like a state that diverged.
func TestAStateThatCannotBeReadMakesNoBlockInvalid(t *testing.T) {
	t.Parallel()
	g, other, seed, set := ahead(t)
	for _, broken := range []bool{false, true} {
		w := newWitness()
		m, err := bootInto(g, newDisk(t), w, true)
		must(t, err)
		must(t, m.replica.Frame("other", set.At(0).Keys.Peer, replica.FrameState, chain.Encode(&chain.VoteState{Height: 1})))
		if broken {
			must(t, m.store.Close())
		}
		b := forgedByTheOther(t, g, other, seed, set)
		p := &chain.SignedProposal{Height: 1, ValidRound: -1, BlockHash: b.Header.Hash(), Block: chain.Encode(b)}
		must(t, m.replica.Frame("other", set.At(0).Keys.Peer, replica.FrameProposal, chain.Encode(p)))
		_, voted := w.slots[slot{byte(chain.Prevote), 1, 0}]
		if err := m.replica.Err(); broken && (!errors.Is(err, store.ErrClosed) || voted) {
			t.Errorf("with an unreadable state: error %v, voted %v; want it to stop without a vote", err, voted)
		} else if !broken && (err != nil || !voted) {
			t.Errorf("with a readable state: error %v, voted %v; want a vote", err, voted)
		}
		if !broken {
			must(t, m.close())
		}
	}
}
