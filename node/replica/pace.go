package replica

import "github.com/posnet/posnet/node/chain"

// pace bounds the transactions of the blocks that this validator forges, below what the chain's parameters allow, while
// larger ones come too late: a block has to be executed by its forger, sent, and executed by voters within the timeout of one
// step, and machines that are busy with thousands of transactions a second are slow. A round that fails costs more than
// two smaller blocks.
//
// It falls by half and grows by a sixteenth (additive increase would do as well; D. Chiu and R. Jain, "Analysis of the
// Increase and Decrease Algorithms for Congestion Avoidance in Computer Networks", 1989), and by a quarter while it is well below
// what came too late last: blocks that are much smaller than need be cost more than a round that fails now and then (the idea
// is that of CUBIC, RFC 9438 section 4). It says nothing about which blocks are valid.
//
// It also has blocks of a busy chain follow each other less closely: see rest.
type pace struct {
	fit      int // transactions; 0: what the parameters allow
	tooLarge int // transactions of the last block that came too late, or would have come; 0: none did
	last     int // transactions of the last block
}

const (
	// leastFit is the size below which a block is not what makes rounds fail.
	leastFit = 500
	// executeShare is the part of the timeout of a proposal that its execution may take on this machine.
	executeShare = 2
	// busyBlock is the size from which on a block says that more will be waiting soon, and fullBlock that from which on a larger one
	// would hardly be cheaper.
	busyBlock = 64
	fullBlock = 1000
	// restShare is the part of the timeout of a proposal that the blocks of a busy chain are apart at least.
	restShare = 8
)

// rest is how many milliseconds a forger waits before it makes a block of what is waiting, when the one before is so many
// milliseconds old. A block costs each node votes, syncs and the upper nodes of the state tree whatever it holds: where a thousand
// transactions a second come, fewer and larger blocks leave more of the processor to everything else, and one in a hundred
// transactions waits less, though the middle one waits longer. Where they come one by one nobody waits.
func (p *pace) rest(age uint64, waiting int, params *chain.Params) uint64 {
	if gap := params.ProposeTimeout / restShare; age < gap && p.last >= busyBlock && waiting < fullBlock {
		return gap - age
	}
	return 0
}

// most is how many transactions the next block may have.
func (p *pace) most(params *chain.Params) int {
	allowed := int(params.MaxTxs)
	if p.fit == 0 {
		return allowed
	}
	return max(min(p.fit, allowed), int(params.MinTxs))
}

// mostIn is how many transactions a block may have that is first proposed in some round: half as many for each round of the
// height that failed. That blocks came too late is known when one is decided, and until then each validator would try its own.
func (p *pace) mostIn(round uint64, params *chain.Params) int {
	most := p.most(params)
	return max(most>>min(round, 32), min(most, leastFit), int(params.MinTxs))
}

// shrink takes fits as the bound after a block of txs transactions came, or would have come, too late.
func (p *pace) shrink(txs, fits int, params *chain.Params) {
	if txs > leastFit {
		p.tooLarge = txs
		p.fit = min(p.most(params), max(fits, leastFit))
	}
}

// executed takes in how many milliseconds a block of txs transactions took to execute here. Of one that took too long as much
// fits as would have taken just as long as it may, but half of it at least: now and then a machine stands still for a moment.
func (p *pace) executed(txs int, took uint64, params *chain.Params) {
	if may := params.ProposeTimeout / executeShare; took > may {
		p.shrink(txs, max(int(uint64(txs)*may/took), txs/2), params)
	}
}

// came is when a block was decided.
type came int

const (
	inTime       came = iota
	late              // rounds failed although it had been proposed
	behindOthers      // rounds failed although larger ones had been proposed (see mostIn), and it was in time
)

// decided takes in a decision on a block of txs transactions in a round.
func (p *pace) decided(txs int, when came, round uint64, params *chain.Params) {
	p.last = txs
	switch most := p.most(params); {
	case when == late:
		p.shrink(txs, txs/2, params)
	case when == behindOthers:
		if fits := max(txs, p.mostIn(round, params)); fits < most {
			p.shrink(most, fits, params)
		}
	case p.fit > 0 && 8*txs >= 7*most: // as large as it may be, and in time
		step := most / 16
		if quick := p.tooLarge - p.tooLarge/4; most < quick {
			step = min(most/4, quick-most)
		}
		if p.fit = most + step + 1; p.fit >= int(params.MaxTxs) {
			p.fit = 0
		}
	}
}
