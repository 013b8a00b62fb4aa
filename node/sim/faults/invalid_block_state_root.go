package faults

import "github.com/posnet/posnet/node/chain"

var invalidStateRoot = spoiltHeader("state-root", "names another state than executing it gives", func(t *turn, h *chain.Header) { h.State = t.anything() })
