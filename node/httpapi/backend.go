package httpapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/stake"
)

// Backend is what the API reads from the node, and the one thing it asks of it
// (Submit). Every method may be called at any time by many goroutines; slow
// ones take the request's context and stop when it ends.
//
// Before genesis only Node, Genesis and Attest are called.
type Backend interface {
	// Node is who this node is and what it is doing. It must be cheap while
	// there is no chain: every request asks for the state. A node that has left
	// AwaitingGenesis and Starting does not go back.
	Node() NodeInfo
	// Attest answers a ceremony's nonce of [chain.NonceBytes]; [ErrNoCeremony]
	// without a ceremony secret.
	Attest(nonce []byte) (chain.Attestation, error)
	// Genesis is the genesis file, nil if there is none yet.
	Genesis() []byte

	// Status is the state of the chain.
	Status() Status
	// Tip is the height of the last final block, 0 before the first. It must be
	// cheap: whoever follows the chain asks for the next block again and again.
	Tip() uint64
	// Crowded reports whether the pool has no room for a client's transaction
	// that does not pay more than others. It must be cheap.
	Crowded() bool
	// BlockAt is the final block of a height; [ErrNotFound] if there is none
	// yet, [ErrPruned] or a [BeforeHistory] if it is not here any more or never was.
	BlockAt(ctx context.Context, height uint64) (*Block, error)
	// RawBlock is the encoding of the final block of a height, with the same errors.
	RawBlock(ctx context.Context, height uint64) ([]byte, error)
	// BlockByHash is the final block of a hash, with the same errors.
	BlockByHash(ctx context.Context, hash chain.Hash) (*Block, error)
	// Draw is the lottery of a height and round. The height being decided is
	// allowed; above it [ErrNotFound].
	Draw(ctx context.Context, height, round uint64) (*Draw, error)
	// Account is the account at the last final height. An address nobody used
	// is an empty account. Proof is filled when asked for.
	Account(ctx context.Context, addr chain.Address, proof bool) (*Account, error)
	// Validators is the set of a height and who is registered without stake; 0
	// is the height being decided. [ErrNotFound] above it, [ErrPruned] below
	// what is kept.
	Validators(ctx context.Context, height uint64) (*Validators, error)
	// Bonds lists bonds in a fixed order, those after cursor (opaque to the
	// API; "" is the start), at most limit. A cursor it did not give is
	// [ErrBadCursor].
	Bonds(ctx context.Context, cursor string, limit int) (*BondPage, error)
	// Peers lists the connected peers.
	Peers() []Peer

	// Submit checks an encoded signed transaction and takes it into the pool.
	// The error is a [*chain.Refusal] when the transaction is at fault. The id
	// is set whenever the transaction could be read, also with an error.
	Submit(ctx context.Context, raw []byte) (chain.Hash, error)
	// SubmitAll is Submit for many transactions of one sender, in their order: one result for each.
	SubmitAll(ctx context.Context, raws [][]byte) []Submitted
	// Tx finds a transaction in the pool or in a final block; [ErrNotFound].
	Tx(ctx context.Context, id chain.Hash) (*Tx, error)
	// WaitFinal returns nil once the transaction is in a block that is
	// executed, certified and durable here; the context's error when that
	// ends first; a [*chain.Refusal] when the transaction left the pool and
	// cannot become final any more.
	WaitFinal(ctx context.Context, id chain.Hash) error
	// WaitBlock returns nil once Tip is not below height, or the error of ctx.
	WaitBlock(ctx context.Context, height uint64) error
	// Pool lists waiting transactions in order of arrival: those with Seq above
	// after, at most limit.
	Pool(after uint64, limit int) PoolPage
}

// Submitted is what became of one transaction: Err is a [*chain.Refusal] when it is at fault, and nil when it waits now.
type Submitted struct {
	ID  chain.Hash // zero if it could not be read
	Err error
}

// What a [Backend] says when it has nothing to show.
var (
	ErrNotFound   = errors.New("not found")
	ErrPruned     = errors.New("pruned: this node keeps only recent blocks")
	ErrNoCeremony = errors.New("this node has no ceremony secret")
	ErrBadCursor  = errors.New("not a cursor of this list")
	// ErrUnavailable: not now, for a reason that passes (disk full, stopping).
	ErrUnavailable = errors.New("not available at the moment")
)

// BeforeHistory says that a height is below the first one whose block this node has: it joined by snapshot. It is
// [ErrPruned].
type BeforeHistory struct{ First uint64 }

// Error says where the history begins.
func (e BeforeHistory) Error() string {
	return fmt.Sprintf("this node's history begins at height %d, since it joined by snapshot; ask one that has more", e.First)
}

// Unwrap gives ErrPruned.
func (BeforeHistory) Unwrap() error { return ErrPruned }

// NodeState is what a node is doing.
type NodeState string

// The states of a node.
const (
	AwaitingGenesis NodeState = "AwaitingGenesis"
	Starting        NodeState = "Starting"
	CatchingUp      NodeState = "CatchingUp"
	Running         NodeState = "Running"
	Stopped         NodeState = "Stopped"
)

// NodeInfo is who a node is and what it is doing.
type NodeInfo struct {
	Version     string
	ChainID     string     // "" before genesis
	GenesisHash chain.Hash // zero before genesis
	State       NodeState
	Reason      string // CamelCase, when State needs one
	Message     string
	NetworkUID  string
	Ordinal     uint64
	Address     chain.Address
	Keys        chain.ValidatorKeys
	PeerID      string // libp2p's text form of Keys.Peer
	P2PPort     int
	Height      uint64
	FirstHeight uint64 // whose block is here; 0 before the node has its state
	Validator   bool   // in the set of the height being decided
	Stake       uint64 // base units in that set
}

// Status is the state of the chain as this node sees it. Stakes are those of
// the height being decided, in base units.
type Status struct {
	ChainID       string
	GenesisHash   chain.Hash
	Height        uint64     // last final; 0 before the first
	BlockHash     chain.Hash // of Height; zero at 0
	BlockTime     uint64     // Unix ms; of the genesis at height 0
	Round         uint64     // of the height being decided
	Step          string     // idle, propose, prevote, precommit
	CatchingUp    bool
	SyncTarget    uint64
	Validators    int
	TotalStake    uint64
	OnlineStake   uint64
	FaultTolerant bool
	Peers         int
	PoolTxs       int
	PoolBytes     int
	Idle          bool
}

// Block is a final block with its certificate.
type Block struct {
	Block       *chain.Block
	Hash        chain.Hash
	Certificate *chain.Certificate // of this block
	Size        int                // bytes of its encoding
	// FirstSeen and Final are when this node first saw the proposal and when
	// the block was final and durable here; zero if it was fetched later.
	FirstSeen, Final time.Time
}

// Draw is a lottery with the set its positions refer to.
type Draw struct {
	stake.Draw
	Set *stake.Set
}

// Account is what an address owns; amounts in base units.
type Account struct {
	Address   chain.Address
	Balance   uint64
	Nonce     uint64 // last applied
	NextNonce uint64 // counting the pool
	Bonded    uint64 // by this account, to all validators
	Height    uint64
	Proof     *AccountProof
}

// AccountProof shows an account in the state of a final block.
type AccountProof struct {
	Header      chain.Header
	Certificate *chain.Certificate
	Tree        []byte // tree.Proof.MarshalBinary
	Value       []byte // encoded ledger.Account; empty if there is none
}

// Validators is a height's set, and who is registered outside of it.
type Validators struct {
	Height     uint64
	SetHash    chain.Hash
	TotalStake uint64
	Validators []Validator
}

// Validator is one of [Validators].
type Validator struct {
	Address chain.Address
	Keys    chain.ValidatorKeys
	PeerID  string
	Stake   uint64 // in the set of the height; 0 outside
	Bonded  uint64 // now
	Forged  uint64 // blocks
	Online  bool
	Jailed  bool
}

// Bond is stake of Staker that counts for Validator.
type Bond struct {
	Staker, Validator chain.Address
	Amount            uint64
}

// BondPage is a page of bonds. Next is "" on the last.
type BondPage struct {
	Height uint64
	Total  uint64 // bonded in all
	Bonds  []Bond
	Next   string
}

// Peer is a connected node.
type Peer struct {
	PeerID         string
	Address        string // multiaddr
	Inbound        bool
	Validator      *chain.Address // nil if it is none
	Height         uint64         // last it told
	ConnectedSince time.Time
	Latency        time.Duration // 0: not measured
}

// Tx is a transaction and where it is.
type Tx struct {
	Raw    []byte // encoding of the SignedTx
	Final  bool
	Height uint64 // of its block, when final
	Index  int
}

// PoolPage is a page of the pool.
type PoolPage struct {
	Total, Bytes int
	Txs          []PoolTx
}

// PoolTx is a waiting transaction.
type PoolTx struct {
	Raw []byte
	Seq uint64 // order of arrival, from 1
}
