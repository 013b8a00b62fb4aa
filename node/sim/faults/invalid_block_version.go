package faults

import "github.com/posnet/posnet/node/chain"

var invalidVersion = spoiltHeader("version", "is of rules that nobody knows", func(t *turn, h *chain.Header) { h.Version += 1 + t.r.Uint64N(9) })
