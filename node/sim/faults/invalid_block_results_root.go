package faults

import "github.com/posnet/posnet/node/chain"

var invalidResultsRoot = spoiltHeader("results-root", "names other results than executing it gives", func(t *turn, h *chain.Header) { h.Results = t.anything() })
