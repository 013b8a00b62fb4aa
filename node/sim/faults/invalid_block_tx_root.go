package faults

import "github.com/posnet/posnet/node/chain"

var invalidTxRoot = spoiltHeader("tx-root", "names other transactions than it brings", func(t *turn, h *chain.Header) { h.TxRoot = t.anything() })
