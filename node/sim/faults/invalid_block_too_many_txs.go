package faults

import "github.com/posnet/posnet/node/chain"

var invalidTooManyTxs = spoiltBody("too-many-txs", "has more transactions than the chain allows", func(t *turn, b *chain.Block) bool {
	for i := len(b.Txs); uint64(i) <= t.view.Params.MaxTxs; i++ {
		b.Txs = append(b.Txs, make([]byte, 70)) // they are counted before they are read
	}
	return true
})
