package replica

import "github.com/posnet/posnet/node/chain"

// pace bounds the transactions of the blocks that this validator forges, below what the chain's parameters allow, while
// larger ones come too late: a block has to be executed by its forger, sent, and executed by voters within the timeout of one
// step, and machines that are busy with thousands of transactions a second are slow. A round that fails costs more than
// two smaller blocks.
//
// It falls by half and grows by a sixteenth (additive increase would do as well; D. Chiu and R. Jain, "Analysis of the
// Increase and Decrease Algorithms for Congestion Avoidance in Computer Networks", 1989). It says nothing about which
// blocks are valid.
type pace struct {
	fit int // transactions; 0: what the parameters allow
}

const (
	// leastFit is the size below which a block is not what makes rounds fail.
	leastFit = 500
	// executeShare is the part of the timeout of a proposal that its execution may take on this machine.
	executeShare = 2
)

// most is how many transactions the next block may have.
func (p *pace) most(params *chain.Params) int {
	allowed := int(params.MaxTxs)
	if p.fit == 0 {
		return allowed
	}
	return max(min(p.fit, allowed), int(params.MinTxs))
}

// shrink halves the bound after a block of txs transactions that came, or would come, too late.
func (p *pace) shrink(txs int, params *chain.Params) {
	if txs > leastFit {
		p.fit = max(min(p.most(params), txs)/2, leastFit)
	}
}

// executed takes in how many milliseconds a block of txs transactions took to execute here.
func (p *pace) executed(txs int, took uint64, params *chain.Params) {
	if took > params.ProposeTimeout/executeShare {
		p.shrink(txs, params)
	}
}

// decided takes in a decision on a block of txs transactions. late says that rounds failed although blocks were proposed.
func (p *pace) decided(txs int, late bool, params *chain.Params) {
	switch most := p.most(params); {
	case late:
		p.shrink(txs, params)
	case p.fit > 0 && 8*txs >= 7*most: // as large as it may be, and in time
		if p.fit = most + most/16 + 1; p.fit >= int(params.MaxTxs) {
			p.fit = 0
		}
	}
}
