package faults

import "github.com/posnet/posnet/node/chain"

var invalidGenesis = spoiltHeader("genesis", "is of another network", func(t *turn, h *chain.Header) { h.Genesis = t.anything() })
