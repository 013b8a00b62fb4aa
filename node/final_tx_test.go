package node

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger/tree"
	"github.com/posnet/posnet/node/store"
)

// A transaction is the one with the id, and no other whose id begins alike and is looked at first.
func TestATransactionIsFoundAmongIDsThatBeginAlike(t *testing.T) {
	t.Parallel()
	s, err := store.Open(vfs.NewMem(), "db", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	_, change, err := tree.Apply(s.TreeReader(), tree.NoVersion, 0, []tree.Update{{Key: tree.Hash{1}, ValueHash: tree.Hash{2}}})
	if err == nil {
		err = s.Initialize(store.Genesis{Hash: chain.Hash{1}, Bytes: []byte("g"), Tree: change})
	}
	if err != nil {
		t.Fatal(err)
	}
	from := keys.FromSeed([32]byte{1})
	var raws [][]byte
	var ids []chain.Hash
	for nonce := range uint64(3) {
		tx := chain.Tx{Kind: chain.TxTransfer, From: from.Public(), Nonce: nonce + 1, To: from.Public(), Amount: 1}
		raws = append(raws, chain.Encode(&chain.SignedTx{Tx: tx, Signature: from.Sign([]byte("any"))}))
		ids = append(ids, tx.ID())
	}
	alike, absent := ids[2], ids[2] // real ones take 2^32 attempts to make
	alike[31]++
	absent[30]++
	block := &chain.Block{Header: chain.Header{Version: chain.HeaderVersion, Height: 1, TxRoot: chain.MerkleRoot(raws), Evidence: chain.MerkleRoot(nil), VRFProof: make([]byte, chain.VRFProofBytes)}, Txs: raws}
	_, change, err = tree.Apply(s.TreeReader(), 0, 1, []tree.Update{{Key: tree.Hash{1}, ValueHash: tree.Hash{3}}})
	if err == nil {
		err = s.Commit(store.Commit{
			Height: 1, BlockHash: chain.Hash{2}, Block: chain.Encode(block), Certificate: []byte("c"),
			TxIDs: []chain.Hash{ids[0], alike, ids[2]}, Tree: change,
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	if tx, err := finalTx(s, ids[2]); err != nil || tx.Height != 1 || tx.Index != 2 || string(tx.Raw) != string(raws[2]) {
		t.Errorf("found %+v, %v", tx, err)
	}
	for what, id := range map[string]chain.Hash{"whose id only begins like others": absent, "of which nothing is known": {9}} {
		if tx, err := finalTx(s, id); !errors.Is(err, httpapi.ErrNotFound) {
			t.Errorf("a transaction %s: found %+v, %v", what, tx, err)
		}
	}
}
