package faults

import "github.com/posnet/posnet/node/chain"

var invalidOverspending = spoiltBody("overspending", "moves money that its sender does not have", func(t *turn, b *chain.Block) bool {
	nonce, err := t.Replica().Pool().NextNonce(t.Address())
	if err != nil {
		return false
	}
	to := t.world.Validators()[0].Address()
	tx := chain.Tx{Kind: chain.TxTransfer, From: t.Address(), Nonce: nonce, To: to, Amount: chain.MaxSupply - t.r.Uint64N(2), Fee: t.view.Params.MinFee}
	if t.chance(0.3) {
		tx.Fee = chain.MaxSupply // with the amount above what fits
	}
	b.Txs = append(b.Txs, t.world.SignTx(t.Account, &tx))
	return true
})
