package chain

import "fmt"

// Params are the rules of one chain. All nodes agree on them: they are part of
// the genesis, never a node's flags. Times are in milliseconds.
type Params struct {
	_      struct{} `cbor:",toarray"`
	MinTxs uint64   `json:"minTxs"` // transactions that make a block due
	MaxTxs uint64   `json:"maxTxs"` // most transactions in a block
	// MaxIdle: a block is due, empty if need be, this long after its parent.
	// 0: only MinTxs transactions make a block.
	MaxIdle     uint64 `json:"maxIdleMs"`
	MaxBytes    uint64 `json:"maxBytes"`    // most bytes of an encoded block
	MinFee      uint64 `json:"minFee"`      // base units a transaction pays at least
	BlockReward uint64 `json:"blockReward"` // base units minted to the forger of each block
	// SetDelay: changes of stake in block h act from height h + SetDelay.
	SetDelay uint64 `json:"setDelay"`
	// ClockDrift: how far a fresh block's time may be from a voter's clock.
	ClockDrift uint64 `json:"clockDriftMs"`
	// Timeouts of a round r: base + r * step.
	ProposeTimeout       uint64 `json:"proposeTimeoutMs"`
	ProposeTimeoutStep   uint64 `json:"proposeTimeoutStepMs"`
	PrevoteTimeout       uint64 `json:"prevoteTimeoutMs"`
	PrevoteTimeoutStep   uint64 `json:"prevoteTimeoutStepMs"`
	PrecommitTimeout     uint64 `json:"precommitTimeoutMs"`
	PrecommitTimeoutStep uint64 `json:"precommitTimeoutStepMs"`
	// SlashPermille of its stake is burnt when a validator contradicts itself.
	SlashPermille uint64 `json:"slashPermille"`
	// EvidenceMaxAge: evidence older than this many blocks is refused.
	EvidenceMaxAge uint64 `json:"evidenceMaxAge"`
	// Authority is the account whose transactions may change parameters; zero: nobody.
	Authority Address `json:"authority"`
}

// DefaultParams suits a network in one data centre.
func DefaultParams() Params {
	return Params{
		MinTxs: 1, MaxTxs: 5000, MaxIdle: 10_000, MaxBytes: 1 << 20,
		MinFee: 1000, SetDelay: 8, ClockDrift: 5000,
		ProposeTimeout: 500, ProposeTimeoutStep: 250,
		PrevoteTimeout: 250, PrevoteTimeoutStep: 125,
		PrecommitTimeout: 250, PrecommitTimeoutStep: 125,
		SlashPermille: 50, EvidenceMaxAge: 100_000,
	}
}

const maxMillis = 24 * 60 * 60 * 1000

// Check refuses parameters under which a chain could not run safely.
func (p *Params) Check() error {
	type bound struct {
		name        string
		v, low, top uint64
	}
	for _, b := range []bound{
		{"minTxs", p.MinTxs, 1, MaxBlockTxs},
		{"maxTxs", p.MaxTxs, p.MinTxs, MaxBlockTxs},
		{"maxIdleMs", p.MaxIdle, 0, maxMillis},
		{"maxBytes", p.MaxBytes, 64 << 10, MaxBlockBytes},
		{"minFee", p.MinFee, 0, MaxSupply},
		{"blockReward", p.BlockReward, 0, MaxSupply},
		{"setDelay", p.SetDelay, 2, 1000},
		{"clockDriftMs", p.ClockDrift, 100, maxMillis},
		{"proposeTimeoutMs", p.ProposeTimeout, 10, maxMillis},
		{"proposeTimeoutStepMs", p.ProposeTimeoutStep, 1, maxMillis},
		{"prevoteTimeoutMs", p.PrevoteTimeout, 10, maxMillis},
		{"prevoteTimeoutStepMs", p.PrevoteTimeoutStep, 1, maxMillis},
		{"precommitTimeoutMs", p.PrecommitTimeout, 10, maxMillis},
		{"precommitTimeoutStepMs", p.PrecommitTimeoutStep, 1, maxMillis},
		{"slashPermille", p.SlashPermille, 0, 1000},
		{"evidenceMaxAge", p.EvidenceMaxAge, 1, 1 << 40},
	} {
		if b.v < b.low || b.v > b.top {
			return fmt.Errorf("params.%s is %d: it must be from %d to %d", b.name, b.v, b.low, b.top)
		}
	}
	return nil
}
