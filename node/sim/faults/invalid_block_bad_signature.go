package faults

import "github.com/posnet/posnet/node/chain"

var invalidBadSignature = invalidBlock("bad-signature", "moves money that its owner did not sign for, with the roots that this would give", func(t *turn) *chain.Block {
	g, _ := t.world.Genesis()
	victim := g.Accounts[t.r.IntN(len(g.Accounts))].Address
	nonce, err := t.Replica().Pool().NextNonce(victim)
	if err != nil {
		return nil
	}
	theft := chain.Tx{Kind: chain.TxTransfer, From: victim, Nonce: nonce, To: t.Address(), Amount: 1000, Fee: t.view.Params.MinFee}
	d := t.plan(t.view, t.round)
	d.txs = append(d.txs, chain.Encode(&chain.SignedTx{Tx: theft, Signature: t.Account.Sign(chain.TxMessage(t.genesis, &theft))}))
	return t.forge(t.view, d)
})
