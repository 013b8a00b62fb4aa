package consensus

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
)

// TestCoreDoesWhatThePaperSaysOnRandomTraces plays random histories to the core
// and to the naive model and compares, after every single event, what both say
// and where both stand. The traces lie, lose, reorder, crash and recover at any
// effect, and are bent so that heights last: most rounds lead to a lock, to nil,
// or to a re-proposal. The test fails when a line of the paper was not reached.
func TestCoreDoesWhatThePaperSaysOnRandomTraces(t *testing.T) {
	t.Parallel()
	traces := uint64(400)
	if testing.Short() {
		traces = 150
	}
	worlds, l := traceWorlds(t), newLines()
	for seed := range traces {
		newTrace(t, worlds, l, seed).play(200)
	}
	l.check(t)
}

func TestCoreDoesWhatThePaperSaysOnFreshTraces(t *testing.T) {
	t.Parallel()
	worlds := traceWorlds(t)
	rapid.Check(t, func(t *rapid.T) {
		newTrace(t, worlds, newLines(), rapid.Uint64().Draw(t, "seed")).play(rapid.IntRange(1, 250).Draw(t, "events"))
	})
}

// traceWorlds are sets of validators with equal and unequal stakes: one alone
// with more than two thirds, one with more than a third, none.
func traceWorlds(t testing.TB) []*world {
	return []*world{
		newWorld(t, []uint64{1, 1, 1, 1}, []int{1, 0, 2, 3}),
		newWorld(t, []uint64{1, 1, 1, 1}, []int{0, 1, 2, 3}),
		newWorld(t, []uint64{3, 2, 4, 1, 2}, []int{4, 0}),
		newWorld(t, []uint64{2, 3, 2, 2}, []int{2, 0}),
		newWorld(t, []uint64{1, 1, 1, 1, 1, 1, 1}, []int{1, 0, 2}),
		newWorld(t, []uint64{4, 5, 1}, []int{0, 1}),
		newWorld(t, []uint64{5, 1, 1}, []int{2, 0}),
	}
}

// traceBlocks are the blocks that others propose. D does not execute, and E is
// not after its parent.
var traceBlocks = []string{"A", "B", "C", "D", "E"}

// at is the same set of validators at another height, with blocks of its own.
func (w *world) at(height uint64) *world {
	next := &world{set: w.set, seed: chain.Sum(w.seed[:], chain.Uint64(height)), height: height, params: w.params,
		blocks: map[string]*chain.Block{}, names: map[chain.Hash]string{{}: "nil"}, bad: map[chain.Hash]bool{}}
	if height == w.height {
		next.seed = w.seed
	}
	for _, name := range traceBlocks {
		b := *next.block(name, 0)
		if name == "E" {
			b.Header.Time = parentTime
			next.define(name, &b)
		}
	}
	next.bad[next.hash("D")] = true
	return next
}

// trace is one history: the core, the model, and a driver whose disk survives.
type trace struct {
	failer
	*world
	base  *world
	rng   *rand.Rand
	self  int // -1: a follower
	core  *Core
	model *naive
	order *order
	lines *lines

	queue  []Event // answers of the driver that have not come yet
	builds []Build // asked for and not answered
	moods  map[uint64]mood
	own    int // blocks built in this height

	// Durable.
	records  []Record
	signed   []chain.Vote
	headers  map[chain.Hash]bool // of own fresh proposals that were signed
	topRound uint64
}

func newTrace(t failer, worlds []*world, l *lines, seed uint64) *trace {
	rng := rand.New(rand.NewPCG(seed, 17))
	tr := &trace{failer: t, base: worlds[rng.IntN(len(worlds))], rng: rng, order: newOrder(), lines: l}
	if rng.IntN(8) == 0 {
		tr.self = -1
	}
	tr.start(1, nil)
	return tr
}

// start begins a process, which knows what is durable.
func (tr *trace) start(height uint64, r *Recovery) {
	cfg := Config{Self: chain.Address{0xfe}}
	if tr.self >= 0 {
		cfg.Self = tr.base.set.At(tr.self).Address
	}
	tr.core, tr.model = New(cfg), newNaive(tr.self, tr.lines)
	tr.begin(height, r)
}

func (tr *trace) begin(height uint64, r *Recovery) {
	if tr.world == nil || tr.height != height {
		tr.world = tr.base.at(height)
		tr.records, tr.signed, tr.headers, tr.topRound, tr.own = nil, nil, map[chain.Hash]bool{}, 0, 0
		tr.moods = map[uint64]mood{}
	}
	tr.queue, tr.builds = nil, nil
	w := tr.world
	effects := tr.core.Step(w.begin(r))
	tr.model.out = nil
	tr.model.begin(w, r)
	tr.compare(fmt.Sprintf("the beginning of height %d", height), effects)
	tr.perform(effects)
}

// play runs some events.
func (tr *trace) play(events int) {
	for range events {
		if len(tr.queue) > 0 && tr.rng.IntN(3) > 0 {
			// Answers come in any order.
			i := tr.rng.IntN(len(tr.queue))
			e := tr.queue[i]
			tr.queue = slices.Delete(tr.queue, i, i+1)
			tr.step(e)
		} else {
			for _, e := range tr.draw() {
				tr.step(e)
			}
		}
		if tr.rng.IntN(80) == 0 {
			tr.crash()
		}
		if tr.core.StepName() == StepDecided {
			tr.lines.hit("54 next height")
			if tr.self < 0 {
				tr.lines.hit("a follower decides")
			}
			tr.begin(tr.height+1, nil)
		}
	}
}

// step gives both one event and compares.
func (tr *trace) step(e Event) {
	effects := tr.core.Step(e)
	tr.model.out = nil
	tr.model.event(e)
	tr.compare(fmt.Sprintf("%T %+v", e, e), effects)
	tr.perform(effects)
}

func (tr *trace) compare(after string, effects []Effect) {
	tr.Helper()
	c, m := tr.core, tr.model
	if got, want := spoken(tr.world, effects), m.out; !slices.Equal(got, want) {
		tr.Fatalf("after %.400s\nthe core does    %q\nthe paper says   %q", after, got, want)
	}
	if c.round != m.round || c.step.String() != m.step || c.lockedRound != m.lockedRound || c.lockedHash != m.locked ||
		c.validRound != m.validRound || c.validHash != m.valid || c.silent() != m.silent || c.halted != m.halted {
		tr.Fatalf("after %.400s\nthe core stands at %d %s lock %d valid %d silent %v, the paper at %d %s lock %d valid %d silent %v", after,
			c.round, c.step, c.lockedRound, c.validRound, c.silent(), m.round, m.step, m.lockedRound, m.validRound, m.silent)
	}
}

// perform does what the core asks for, in order; a crash may come before any of it.
func (tr *trace) perform(effects []Effect) {
	for _, e := range effects {
		if tr.rng.IntN(250) == 0 && tr.core.StepName() != StepDecided {
			tr.crash()
			return
		}
		if err := tr.order.effect(tr.height, e); err != nil {
			tr.Fatalf("effect %T: %v", e, err)
		}
		switch e := e.(type) {
		case Persist:
			tr.records = append(tr.records, e.Record)
		case SignVote:
			tr.signed = append(tr.signed, e.Vote)
			tr.topRound = max(tr.topRound, e.Vote.Round)
			tr.queue = append(tr.queue, VoteReceived{tr.vote(e.Vote.Kind, tr.self, e.Vote.Round, e.Vote.BlockHash)})
		case SignProposal:
			hash := e.Block.Header.Hash()
			tr.headers[hash] = tr.headers[hash] || e.ValidRound < 0
			tr.topRound = max(tr.topRound, e.Round)
			tr.queue = append(tr.queue, ProposalReceived{tr.proposal(tr.names[hash], e.Round, e.ValidRound)})
		case Build:
			tr.builds = append(tr.builds, e)
		case Execute:
			tr.queue = append(tr.queue, tr.executed(e.Hash))
		}
	}
}

// crash loses what is not durable and starts again, as the replica does.
func (tr *trace) crash() {
	r, found := &Recovery{LockedRound: -1, Round: tr.topRound}, len(tr.signed) > 0
	for _, rec := range tr.records {
		found = true
		switch {
		case rec.Proposal != nil:
			p := rec.Proposal
			name := tr.names[p.BlockHash]
			if (name[0] == 'O' || name[0] == 'P') && !tr.headers[p.BlockHash] {
				continue // an own block that was never signed was never released
			}
			r.Proposals = append(r.Proposals, tr.proposal(name, p.Round, p.ValidRound))
		case rec.Lock != nil:
			r.LockedRound, r.LockedHash, r.Proof = int64(rec.Lock.Round), rec.Lock.BlockHash, nil
			for _, sv := range rec.Lock.Prevotes {
				i, _ := tr.set.Index(sv.Validator)
				r.Proof = append(r.Proof, Vote{signed: sv, index: i})
			}
		case rec.Vote != nil && slices.Contains(tr.signed, *rec.Vote):
			r.OwnVotes = append(r.OwnVotes, tr.vote(rec.Vote.Kind, tr.self, rec.Vote.Round, rec.Vote.BlockHash))
		}
	}
	if !found {
		r = nil
	}
	tr.start(tr.height, r)
}

// spoken is what of the core's effects the model knows.
func spoken(w *world, effects []Effect) []string {
	var out []string
	for _, e := range effects {
		switch e := e.(type) {
		case SignVote, SetTimer, Build, Halt:
			out = append(out, w.describe(e))
		case SignProposal:
			s := w.describe(e)
			if e.ValidRound >= 0 {
				s = fmt.Sprintf("re-propose %s in round %d, valid since round %d", w.names[e.Block.Header.Hash()], e.Round, e.ValidRound)
			}
			out = append(out, s)
		case Decide:
			out = append(out, fmt.Sprintf("DECIDE %s in round %d", w.names[e.Hash], e.Certificate.Round))
		}
	}
	return out
}
