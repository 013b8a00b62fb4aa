package consensus

import (
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/stake"
)

// Event is something that happened to the node. Exactly the types below.
type Event interface{ event() }

// Begin opens a height. It is the first event, and the first after each
// [Decide], once that block is committed.
type Begin struct {
	Height     uint64
	Set        *stake.Set // of this height
	Seed       chain.Hash // of the previous height
	Params     chain.Params
	ParentTime uint64    // Unix milliseconds
	Recovered  *Recovery // what an interrupted run left behind, at the first Begin only
}

// Recovery is what the write-ahead log and the signer know of the height that
// was undecided when the process ended.
type Recovery struct {
	Proposals   []Proposal // own and foreign ones that were made durable
	Proof       []Vote     // prevotes that prove the lock
	LockedRound int64      // -1: no lock
	LockedHash  chain.Hash
	OwnVotes    []Vote // released, or at least signed, before the end
	Round       uint64 // highest round signed in
}

// VoteReceived brings a verified vote, of a peer or of this node itself.
type VoteReceived struct{ Vote Vote }

// ProposalReceived brings a verified proposal.
type ProposalReceived struct{ Proposal Proposal }

// Executed answers [Execute].
type Executed struct {
	Height uint64
	Hash   chain.Hash
	Err    error // nil: the block is valid and its roots match
}

// Built answers [Build] with a block that is executed already.
type Built struct {
	Height, Round uint64
	Block         *chain.Block
}

// Work says that the height has something to decide: transactions enough in
// the own pool, the idle limit reached, or evidence or a set change pending.
type Work struct{ Height uint64 }

// TimedOut says that a timer of [SetTimer] fired.
type TimedOut struct{ Timer Timer }

// PeerState brings what a peer holds of the undecided height.
type PeerState struct {
	Peer      string // opaque to the core; comes back in Send
	Validator int    // position in the set of the height, as its node key proves; -1: not a validator
	State     chain.VoteState
}

// ForeignSelf says that a valid vote or proposal of this node's own key came
// back which its signer does not remember: another process signs with the key.
type ForeignSelf struct {
	Height, Round uint64
	Kind          chain.VoteKind // 0: a proposal
}

func (Begin) event()            {}
func (ForeignSelf) event()      {}
func (VoteReceived) event()     {}
func (ProposalReceived) event() {}
func (Executed) event()         {}
func (Built) event()            {}
func (Work) event()             {}
func (TimedOut) event()         {}
func (PeerState) event()        {}

// Effect is something the driver must do. Exactly the types below.
type Effect interface{ effect() }

// Persist makes a record durable in the write-ahead log. The driver must not
// perform the effects after it before it is.
type Persist struct{ Record Record }

// Record is what a restart needs of an undecided height.
type Record struct {
	_        struct{} `cbor:",toarray"`
	Height   uint64
	Proposal *chain.SignedProposal // a block that is about to be proposed or prevoted
	Lock     *LockRecord           // a lock that is about to be precommitted
	Vote     *chain.Vote           // an own vote that is about to be signed
}

// LockRecord is a lock and the prevotes that prove it.
type LockRecord struct {
	_         struct{} `cbor:",toarray"`
	Round     uint64
	BlockHash chain.Hash
	Prevotes  []chain.SignedVote
}

// SignVote asks for a vote of this node: sign, send to all, and bring it back
// as [VoteReceived].
type SignVote struct{ Vote chain.Vote }

// SignProposal asks for a proposal of this node: sign (the header when
// ValidRound is -1, the proposal otherwise), send to all with the Proof, and
// bring it back as [ProposalReceived].
type SignProposal struct {
	Round      uint64
	ValidRound int64
	Block      *chain.Block
	Proof      []chain.SignedVote // the prevotes of ValidRound
}

// Execute asks whether a block applies to the decided state; [Executed] answers.
type Execute struct {
	Block *chain.Block
	Hash  chain.Hash
}

// Build asks for a new block of this node; [Built] answers, or nothing does
// when no valid block can be made.
type Build struct{ Height, Round uint64 }

// SetTimer asks for [TimedOut] after a delay.
type SetTimer struct {
	Timer Timer
	After uint64 // milliseconds
}

// Timer names a timeout of a step.
type Timer struct {
	Height, Round uint64
	Step          StepName
}

// Decide announces the final block of the height. The driver commits it and
// then opens the next height with [Begin].
type Decide struct {
	Block       *chain.Block
	Hash        chain.Hash
	Certificate *chain.Certificate
}

// Send gives one peer what it lacks.
type Send struct {
	Peer     string
	Proposal *chain.SignedProposal // nil: none
	Votes    []chain.SignedVote
}

// Report is evidence that a validator contradicted itself.
type Report struct{ Evidence *chain.Evidence }

// Halt ends this node's voting for good: to go on would risk a contradiction.
type Halt struct {
	Reason  string // CamelCase: DoubleIdentity, StateDiverged
	Message string
}

func (Persist) effect()      {}
func (SignVote) effect()     {}
func (SignProposal) effect() {}
func (Execute) effect()      {}
func (Build) effect()        {}
func (SetTimer) effect()     {}
func (Decide) effect()       {}
func (Send) effect()         {}
func (Report) effect()       {}
func (Halt) effect()         {}

// StepName is where a node stands within a round.
type StepName uint8

// The steps. Idle is before round 0: nothing to decide yet.
const (
	StepIdle StepName = iota
	StepPropose
	StepPrevote
	StepPrecommit
	StepDecided
)

// String is the word used in logs and metrics.
func (s StepName) String() string {
	return [...]string{"idle", "propose", "prevote", "precommit", "decided"}[s]
}
