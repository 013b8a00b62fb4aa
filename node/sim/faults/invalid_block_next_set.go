package faults

import "github.com/posnet/posnet/node/chain"

var invalidNextSet = spoiltHeader("next-set", "names another next set than executing it gives", func(t *turn, h *chain.Header) { h.NextSet = t.anything() })
