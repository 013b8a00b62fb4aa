package faults

import "github.com/posnet/posnet/node/chain"

var invalidTooLarge = spoiltBody("too-large", "has more bytes than the chain allows", func(t *turn, b *chain.Block) bool {
	for size := uint64(0); size <= t.view.Params.MaxBytes; size += chain.MaxTxBytes {
		b.Txs = append(b.Txs, make([]byte, chain.MaxTxBytes))
	}
	return true
})
