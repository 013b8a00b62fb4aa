package consensus

import (
	"bytes"
	"errors"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/hostile"
)

// recordReader reads the records of the write-ahead log.
func recordReader() hostile.Reader {
	w := newWorld(&testing.T{}, []uint64{1, 1, 1, 1}, []int{1})
	p, v := w.proposal("A", 0, -1), w.vote(chain.Prevote, 1, 0, w.hash("A"))
	lock := &LockRecord{Round: 2, BlockHash: w.hash("A")}
	for i := range 30 {
		lock.Prevotes = append(lock.Prevotes, w.vote(chain.Prevote, i%4, 2, w.hash("A")).signed)
	}
	// Twenty-four votes come without bytes for each, and one is large.
	r := hostile.Reader{Name: "Record", Fixed: 6 << 10, Write: chain.Encode, Read: func(b []byte) (any, error) {
		c := new(Record)
		return c, chain.Decode(b, c, chain.MaxProposalBytes+64<<10)
	}}
	for _, rec := range []*Record{{Height: 1, Proposal: p.Signed()}, {Height: 1, Lock: lock}, {Height: 1, Vote: &v.signed.Vote}} {
		r.Samples = append(r.Samples, chain.Encode(rec))
	}
	return r
}

func TestRecordsHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	r := recordReader()
	r.Hold(t)
}

func FuzzRecord(f *testing.F) {
	r := recordReader()
	r.Seed(f)
	f.Fuzz(func(t *testing.T, in []byte) { r.Fuzz(t, in) })
}

// FuzzVerify gives verification what a stranger can: bytes that decode. Nothing
// that is not one of the signed seeds may pass.
func FuzzVerify(f *testing.F) {
	fx := fixtures[4]
	p, b := fx.fresh(&fx.Rules, 0, "fuzz")
	again := fx.again(&fx.Rules, b, 2, 1)
	v := fx.vote(1, chain.Vote{Kind: chain.Prevote, Height: 1, Round: 0, BlockHash: p.BlockHash})
	good := [][]byte{chain.Encode(p), chain.Encode(again), chain.Encode(v)}
	for _, raw := range good {
		f.Add(raw)
	}
	f.Add(chain.Encode(fx.vote(0, chain.Vote{Kind: 3, Height: 1})))
	f.Add(chain.Encode(&chain.SignedProposal{Height: 1, Round: 1 << 32, ValidRound: 1<<32 - 1, BlockHash: p.BlockHash, Block: p.Block}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		known := func() bool {
			for _, g := range good {
				if bytes.Equal(g, raw) {
					return true
				}
			}
			return false
		}
		var sv chain.SignedVote
		if chain.Decode(raw, &sv, 1024) == nil {
			if _, err := fx.VerifyVote(&sv); err == nil && !known() {
				t.Fatalf("a vote that nobody signed passes: %x", raw)
			}
		}
		var sp chain.SignedProposal
		if chain.Decode(raw, &sp, chain.MaxProposalBytes) == nil {
			if _, err := fx.VerifyProposal(&sp, 1_000_100); err == nil && !known() {
				t.Fatalf("a proposal that nobody signed passes: %x", raw)
			}
		}
	})
}

// FuzzStep reads its input as a history of one validator of four: what it says is
// signed with real keys and verified as from the wire, or is garbage that has to
// pass the decoders first. See script for what is asserted after every event.
func FuzzStep(f *testing.F) {
	for _, seed := range stepSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) { newScript(t, in).play() })
}

// What seeds are made of: an operation is a letter and its operands, see operation.
const (
	listen    = "h\x00h\x01h\x02h\x03"
	fresh     = "p\x00\x00\x00\x00" // in the current round, in time
	answers   = "q\x00q\x00q\x00"
	prevotes  = "V\x00\x00\x00\x00" // of all, for the first block, in the current round
	precommit = "V\x01\x00\x00\x00"
	nils      = "V\x00\xff\x00\x00V\x01\xff\x00\x00"
	waited    = "t\x00\x00\x01t\x00\x00\x02t\x00\x00\x03"
)

// stepSeeds lead to where it becomes interesting: decisions, locks, re-proposals,
// crashes with a lock, rounds that fail, garbage.
var stepSeeds = []string{
	listen + fresh + answers + prevotes + answers + precommit + answers + "w" + fresh + answers + prevotes + precommit,
	listen + fresh + answers + prevotes + "c" + listen + answers + precommit + answers,
	listen + fresh + answers + prevotes + answers + waited + "a\x00\x00\x00\x00\x00" + prevotes + "c" + listen + waited + answers,
	listen + "w" + waited + answers + nils + waited + "b\x00\x00" + answers + waited + "b\x00\x00" + answers + waited + fresh + answers,
	listen + fresh + "p\x01\x00\x00\x00" + prevotes + "x\x00\x00\x00" + answers + precommit,
	"V\x00\xff\x02\x00" + listen + "s\x01\x03\x07\x02feP\x00\x01\x00\x00\x00\x00",
	listen + "F\x01\x01\xff\xff\xff\xffF\x01\x02\xff\xff\xff\x00g\x04abcdG\x06abcdef",
}

func TestTheSeedsOfFuzzStepReachWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	var decided, crashed, locked, compared bool
	for _, seed := range stepSeeds {
		s := newScript(t, []byte(seed))
		s.play()
		decided = decided || s.decided > 0
		crashed = crashed || s.crashes > 0
		locked = locked || s.locks > 0
		compared = compared || s.compared > 10
	}
	if !decided || !crashed || !locked || !compared {
		t.Fatalf("decided %v, crashed %v, locked %v, compared %v: the seeds do not reach it", decided, crashed, locked, compared)
	}
}

var errGarbage = errors.New("the fuzzer says that it does not execute")
