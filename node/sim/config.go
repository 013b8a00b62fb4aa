package sim

import (
	"errors"
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
)

// Config describes a run. The same Config always gives the same run.
type Config struct {
	Seed    uint64
	Profile string // what the faults are called together, for reports
	Nodes   int    // validators, from 1
	Weights []uint64
	// Followers are nodes without stake, which start late and catch up.
	Followers int
	// Heights every honest node decides while things go wrong; the rest of the
	// run is calm.
	Heights uint64
	// FaultTime ends the faulty part before Heights are decided; milliseconds;
	// 0: never.
	FaultTime uint64
	// FaultLeast is how long the faulty part lasts at least, though Heights are decided: a busy chain decides them within a
	// second, and what needs longer to go wrong would never meet it; milliseconds.
	FaultLeast uint64
	// CalmHeights every honest node decides after the faults ended, with bounds on time and rounds.
	CalmHeights uint64
	Faults      []Fault
	// TxEvery is the mean time between two transfers in milliseconds; 0: none.
	TxEvery uint64
	// Link is how long every message between two nodes takes, in milliseconds; 0: 1 to 5, as the seed says. Beside faults
	// that delay messages, it is what these add to.
	Link uint64
	// MaxEvents ends a run that does not get on; 0: [DefaultMaxEvents].
	MaxEvents uint64
	// Params of the chain; nil: [chain.DefaultParams] without a fee.
	Params *chain.Params
	// Log, when set, is told the story in readable lines.
	Log func(line string)
	// Stopped, when set, is asked now and then whether to end early, with [ErrStopped].
	Stopped func() bool
	// Checkers look on beside those of every run.
	Checkers []Checker
	// OutOfBounds allows a third of the stake or more to be faulty, for runs
	// that show what then happens.
	OutOfBounds bool
}

// ErrStopped ends a run that its caller no longer wants.
var ErrStopped = errors.New("stopped")

// DefaultMaxEvents is far more than an honest run of some thousand heights has.
const DefaultMaxEvents = 50_000_000

// Fault is one thing that goes wrong.
type Fault interface {
	// Name is in kebab-case and says what happens.
	Name() string
	// Plan is called once, before anything happens. It sets hooks and plans
	// events; all its choices come from r, so that other faults do not change
	// them.
	Plan(w *World, r *rand.Rand)
}

// Result is what a run came to.
type Result struct {
	Seed        uint64         `json:"seed"`
	Profile     string         `json:"profile"`
	Nodes       int            `json:"nodes"`
	Faults      []string       `json:"faults"`
	Heights     uint64         `json:"heights"` // decided by every honest node
	Rounds      uint64         `json:"rounds"`  // heights decided in a round above 0
	Crashes     int            `json:"crashes"`
	Messages    uint64         `json:"messages"`
	Events      uint64         `json:"events"`
	Transfers   uint64         `json:"transfers"` // final
	SimSeconds  float64        `json:"simSeconds"`
	WallSeconds float64        `json:"wallSeconds"`
	TraceHash   string         `json:"traceHash"`
	Fired       map[string]int `json:"fired"` // how often each fault struck
	Evidence    int            `json:"evidence"`
	Violations  []string       `json:"violations"`
}
