package faults

import "github.com/posnet/posnet/node/chain"

var invalidSet = spoiltHeader("set", "names another validator set than the one of its height", func(t *turn, h *chain.Header) { h.Set = t.anything() })
