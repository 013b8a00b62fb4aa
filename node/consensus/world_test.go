package consensus

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/stake"
)

// world is what tests of the pure core share: a set of validators v0, v1, …
// with chosen winners of the lottery, and blocks with names. Nothing in it is
// signed: the core takes only what was verified before.
type world struct {
	set    *stake.Set
	seed   chain.Hash
	height uint64
	params chain.Params
	blocks map[string]*chain.Block
	names  map[chain.Hash]string
	bad    map[chain.Hash]bool // blocks that do not execute
}

const parentTime = 1_000_000

// newWorld makes one validator a stake. winners are the forgers of round 0, 1, …
func newWorld(t testing.TB, stakes []uint64, winners []int) *world {
	t.Helper()
	var vs []stake.Validator
	for i, s := range stakes {
		v := stake.Validator{Address: chain.Address{byte(i + 1)}, Stake: s}
		v.Keys.Consensus = chain.PublicKey{byte(i + 1), 1}
		vs = append(vs, v)
	}
	set, err := stake.NewSet(vs)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{set: set, height: 1, params: chain.DefaultParams(), blocks: map[string]*chain.Block{}, names: map[chain.Hash]string{{}: "nil"}, bad: map[chain.Hash]bool{}}
	w.seed = w.seedFor(t, winners)
	return w
}

// seedFor finds a seed with which the lottery has the wanted winners.
func (w *world) seedFor(t testing.TB, winners []int) chain.Hash {
	t.Helper()
	for i := range uint64(100_000) {
		seed, good := chain.Sum(chain.Uint64(i)), true
		for r, want := range winners {
			if good = w.set.Winner(seed, w.height, uint64(r)) == want; !good {
				break
			}
		}
		if good {
			return seed
		}
	}
	t.Fatalf("no seed makes %v win in this order", winners)
	return chain.Hash{}
}

func (w *world) begin(r *Recovery) Begin {
	return Begin{Height: w.height, Set: w.set, Seed: w.seed, Params: w.params, ParentTime: parentTime, Recovered: r}
}

// block is the block of a name; the first to ask decides its round.
func (w *world) block(name string, round uint64) *chain.Block {
	if b := w.blocks[name]; b != nil {
		return b
	}
	b := &chain.Block{Header: chain.Header{
		Version: chain.HeaderVersion, Height: w.height, Round: round, Time: parentTime + 100,
		Forger: w.set.At(w.set.Winner(w.seed, w.height, round)).Address, State: chain.Sum([]byte(name)),
	}}
	w.define(name, b)
	return b
}

func (w *world) define(name string, b *chain.Block) {
	w.blocks[name] = b
	w.names[b.Header.Hash()] = name
}

func (w *world) hash(name string) chain.Hash {
	if name == "nil" {
		return chain.Hash{}
	}
	return w.block(name, 0).Header.Hash()
}

// proposal brings a block, fresh (validRound -1) or again.
func (w *world) proposal(name string, round uint64, validRound int64) Proposal {
	at := round
	if validRound >= 0 {
		at = uint64(validRound)
	}
	b := w.block(name, at)
	p := chain.SignedProposal{Height: w.height, Round: round, ValidRound: validRound, BlockHash: b.Header.Hash(), Block: chain.Encode(b)}
	return Proposal{signed: p, block: b, received: b.Header.Time}
}

func (w *world) vote(kind chain.VoteKind, validator int, round uint64, hash chain.Hash) Vote {
	return Vote{index: validator, signed: chain.SignedVote{
		Vote:      chain.Vote{Kind: kind, Height: w.height, Round: round, BlockHash: hash},
		Validator: w.set.At(validator).Address, Signature: chain.Signature{byte(kind), byte(validator), byte(round)},
	}}
}

func (w *world) validator(a chain.Address) string {
	i, ok := w.set.Index(a)
	if !ok {
		return "a stranger"
	}
	return fmt.Sprintf("v%d", i)
}

var errInvalid = errors.New("a transaction cannot be applied")

func (w *world) executed(hash chain.Hash) Executed {
	e := Executed{Height: w.height, Hash: hash}
	if w.bad[hash] {
		e.Err = errInvalid
	}
	return e
}

// describe says in English what the driver is asked to do.
func (w *world) describe(e Effect) string {
	voters := func(vs []chain.SignedVote) string {
		var out []string
		for _, v := range vs {
			out = append(out, w.validator(v.Validator))
		}
		return strings.Join(out, " ")
	}
	switch e := e.(type) {
	case Persist:
		switch r := e.Record; {
		case r.Proposal != nil:
			return "make durable: block " + w.names[r.Proposal.BlockHash]
		case r.Lock != nil:
			return fmt.Sprintf("make durable: lock on %s in round %d, proven by %s", w.names[r.Lock.BlockHash], r.Lock.Round, voters(r.Lock.Prevotes))
		default:
			return fmt.Sprintf("make durable: intent to %s %s in round %d", r.Vote.Kind, w.names[r.Vote.BlockHash], r.Vote.Round)
		}
	case SignVote:
		return fmt.Sprintf("%s %s in round %d", e.Vote.Kind, w.names[e.Vote.BlockHash], e.Vote.Round)
	case SignProposal:
		name := w.names[e.Block.Header.Hash()]
		if e.ValidRound < 0 {
			return fmt.Sprintf("propose %s in round %d", name, e.Round)
		}
		return fmt.Sprintf("re-propose %s in round %d, valid since round %d, proven by %s", name, e.Round, e.ValidRound, voters(e.Proof))
	case Execute:
		return "execute " + w.names[e.Hash]
	case Build:
		return fmt.Sprintf("build a block for round %d", e.Round)
	case SetTimer:
		return fmt.Sprintf("start timer: %s of round %d, %d ms", e.Timer.Step, e.Timer.Round, e.After)
	case Decide:
		idx, err := e.Certificate.Indices(w.set.Len())
		if err != nil {
			return "DECIDE with a certificate that does not read: " + err.Error()
		}
		return fmt.Sprintf("DECIDE %s: precommits of round %d by v%s", w.names[e.Hash], e.Certificate.Round, strings.Trim(strings.ReplaceAll(fmt.Sprint(idx), " ", " v"), "[]"))
	case Send:
		var out []string
		if p := e.Proposal; p != nil {
			out = append(out, fmt.Sprintf("proposal %s of round %d", w.names[p.BlockHash], p.Round))
		}
		for _, v := range e.Votes {
			out = append(out, fmt.Sprintf("%s %s in round %d by %s", v.Vote.Kind, w.names[v.Vote.BlockHash], v.Vote.Round, w.validator(v.Validator)))
		}
		return "send " + e.Peer + ": " + strings.Join(out, ", ")
	case Report:
		what := map[chain.EvidenceKind]string{chain.EvidenceVotes: "votes", chain.EvidenceHeaders: "headers", chain.EvidenceProposals: "re-proposals"}[e.Evidence.Kind]
		return fmt.Sprintf("report %s: it signed two %s for one slot", w.validator(e.Evidence.Validator), what)
	case Halt:
		return "HALT: " + e.Reason
	}
	return fmt.Sprintf("unknown effect %T", e)
}
