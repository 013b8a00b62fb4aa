package sim

import "github.com/posnet/posnet/node/chain"

// Config describes a run. The same Config always gives the same run.
type Config struct {
	Seed    uint64
	Nodes   int    // validators, with stakes drawn from the seed
	Heights uint64 // the run ends when every node has decided this many
	Faults  Faults
	// TxEvery is the mean time between two transfers, in milliseconds; 0: none.
	TxEvery uint64
	// Limit ends a run that does not get there, in simulated milliseconds.
	Limit uint64
	// Params of the chain; zero: [chain.DefaultParams] without fee.
	Params *chain.Params
	// Log, when set, is told the story in readable lines.
	Log func(line string)
}

// Faults of the network and the machines. Probabilities are from 0 to 1.
type Faults struct {
	MinDelay, MaxDelay uint64  // of a message, in milliseconds
	Loss               float64 // a message is lost
	Duplicate          float64 // a message arrives twice
	// SlowChance delays a message by up to SlowBy more: reordering.
	SlowChance float64
	SlowBy     uint64
	// CrashEvery is the mean time between two crashes of some node; a crashed
	// node loses what it did not sync and restarts within DownFor.
	CrashEvery, DownFor uint64
	// ClockSkew is how far each node's clock is off, either way.
	ClockSkew uint64
}

// Calm is a network that works.
func Calm() Faults { return Faults{MinDelay: 1, MaxDelay: 5} }

// Rough loses, delays, repeats and reorders messages and crashes nodes.
func Rough() Faults {
	return Faults{
		MinDelay: 1, MaxDelay: 30, Loss: 0.02, Duplicate: 0.02, SlowChance: 0.02, SlowBy: 400,
		CrashEvery: 20_000, DownFor: 3000, ClockSkew: 500,
	}
}

// Result is what a run came to.
type Result struct {
	Seed       uint64   `json:"seed"`
	Heights    uint64   `json:"heights"` // decided by every node
	Rounds     uint64   `json:"rounds"`  // decided in a round above 0, summed over heights
	Crashes    int      `json:"crashes"`
	Messages   uint64   `json:"messages"`
	Transfers  uint64   `json:"transfers"` // final
	SimSeconds float64  `json:"simSeconds"`
	TraceHash  string   `json:"traceHash"`
	Violations []string `json:"violations"`
}
