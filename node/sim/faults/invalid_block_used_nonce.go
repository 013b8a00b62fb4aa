package faults

import "github.com/posnet/posnet/node/chain"

var invalidUsedNonce = spoiltBody("used-nonce", "applies a transaction for the second time", func(t *turn, b *chain.Block) bool {
	if len(b.Txs) > 0 && t.chance(0.5) {
		b.Txs = append(b.Txs, b.Txs[t.r.IntN(len(b.Txs))])
		return true
	}
	raw, err := t.Store().Block(t.view.Height)
	if t.view.Height == 0 || err != nil {
		return false
	}
	past, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
	if err != nil || len(past.Txs) == 0 {
		return false
	}
	b.Txs = append(b.Txs, past.Txs...)
	return true
})
