package faults

import (
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

var invalidStakeToNobody = spoiltBody("stake-to-nobody", "bonds stake to an account that is no validator, or sends money to no usable key", func(t *turn, b *chain.Block) bool {
	nonce, err := t.Replica().Pool().NextNonce(t.Address())
	if err != nil {
		return false
	}
	tx := chain.Tx{Kind: chain.TxStake, From: t.Address(), Nonce: nonce, To: keys.FromSeed(t.anything()).Public(), Amount: 1, Fee: t.view.Params.MinFee}
	if t.chance(0.5) {
		tx.Kind, tx.To = chain.TxTransfer, chain.Address{1} // the identity point
	}
	b.Txs = append(b.Txs, t.world.SignTx(t.Account, &tx))
	return true
})
