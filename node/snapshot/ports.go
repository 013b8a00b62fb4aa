package snapshot

import (
	"errors"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/stake"
)

// Trust names the block from which everything else is verified.
type Trust struct {
	Height uint64 // from 1
	Hash   chain.Hash
}

// Peer is somebody to ask.
type Peer struct {
	ID  string
	Key chain.PublicKey // its node key, by which sets know validators
}

// RequestID names a request. An [Engine] never uses one twice.
type RequestID uint64

// Kind is what a request asks for.
type Kind uint8

// The kinds of request.
const (
	AskOffer    Kind = iota + 1 // an encoded [Offer]
	AskHeaders                  // up to Count headers from Height on
	AskManifest                 // of the state at Height: see [Source.Manifest]
	AskChunk                    // number Index of the state at Height
	AskBlock                    // the block of Height
)

// Request is a question to one peer.
type Request struct {
	ID     RequestID
	Peer   string
	Kind   Kind
	Height uint64
	Index  uint64     // of AskChunk
	Count  int        // of AskHeaders, at most [MaxHeaders]
	Set    chain.Hash // of AskHeaders: the set that is known already
}

// Headed is a header as it travels: with its certificate, and with the validator set of its height where that is not the one of
// the header before it.
type Headed struct{ Header, Certificate, Set []byte }

// Answer is what a peer brought, unverified.
type Answer struct {
	Part    []byte   // of all kinds but AskHeaders; nil: it has none
	Headers []Headed // from the height asked for on, or fewer
}

// Result is the verified state of a height: what a node goes on from.
type Result struct {
	Height      uint64
	Hash        chain.Hash
	Header      *chain.Header
	Certificate []byte
	Block       []byte
	TxIDs       []chain.Hash
	Seed        chain.Hash // of the height before
	Set         *stake.Set // of the height
}

// Sink takes the state in; [store.Import] is behind the real one. An error of it is our own and ends the engine.
type Sink interface {
	Add(key, value []byte) error                    // keys ascend
	Build(height uint64) (root chain.Hash, _ error) // of all that was added
	Commit(Result) error                            // makes it the node's state, durably
	Abort() error                                   // gives up what was added
}

// ErrFalse says that a peer gave a manifest which the chain does not bear out: no honest peer does that.
var ErrFalse = errors.New("it gave a manifest of another state")

// Ports is what an [Engine] needs of the world. All are needed. They are called from within the inputs of the engine and
// must not call these in turn.
type Ports struct {
	Peers func() []Peer // who is connected, no peer twice
	// Ask sends a request on its way and returns at once. Every request must be answered later, exactly once.
	Ask    func(Request)
	Cancel func(RequestID)                   // the answer is not wanted any more: it should come soon
	Blame  func(peer string, err error)      // who brought what no honest peer brings
	Sink   func(height uint64) (Sink, error) // begins to take in a state
}
