package consensus

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// TestNoScheduleAndNoLieForks plays an adversary that decides everything: which
// message reaches whom and when, which timer fires, and what one of four
// validators says to whom. Three honest cores must never decide two blocks. The
// seeds are fixed, so each run is the same. (Without the lock rule in the core
// a fork is found within the first few hundred.)
func TestNoScheduleAndNoLieForks(t *testing.T) {
	t.Parallel()
	runs := uint64(3000)
	if testing.Short() {
		runs = 300
	}
	decisions := 0
	worlds := []*world{
		newWorld(t, []uint64{1, 1, 1, 1}, []int{0, 1, 2, 3}),
		newWorld(t, []uint64{1, 1, 1, 1}, []int{3, 0, 1, 2}),
		newWorld(t, []uint64{3, 3, 2, 3}, []int{1, 3, 0, 2}),
	}
	for seed := range runs {
		a := &adversary{world: worlds[seed%3], rng: rand.New(rand.NewPCG(seed, 7))}
		if err := a.play(t); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		decisions += len(a.decided)
	}
	if decisions == 0 {
		t.Fatal("nothing was ever decided: the schedules are useless")
	}
	t.Logf("%d runs, %d decisions", runs, decisions)
}

const liar = 3 // holds less than a third

type adversary struct {
	*world
	rng     *rand.Rand
	cores   []*Core
	orders  []*order
	pending [][]Event // by honest node: what was sent and has not arrived
	timers  [][]Timer
	known   []string // blocks that anybody proposed
	decided map[int]chain.Hash
}

func (a *adversary) play(t *testing.T) error {
	a.decided = map[int]chain.Hash{}
	a.pending, a.timers = make([][]Event, liar), make([][]Timer, liar)
	for i := range liar {
		a.cores = append(a.cores, speakingAs(a.world, i))
		a.orders = append(a.orders, newOrder())
	}
	for i := range liar {
		a.step(t, i, Work{Height: a.height})
	}
	// How much the adversary holds back, and how much it lies, differs by run.
	loss, lies := a.rng.Float64()*0.5, a.rng.Float64()*0.5
	for range 250 {
		i := a.rng.IntN(liar)
		switch p := a.rng.Float64(); {
		case p < lies && len(a.known) > 0:
			a.step(t, i, a.lie(i))
		case p < lies+(1-lies)*0.85 && len(a.pending[i]) > 0:
			n := a.rng.IntN(len(a.pending[i]))
			e := a.pending[i][n]
			if a.rng.Float64() >= loss {
				a.pending[i] = append(a.pending[i][:n], a.pending[i][n+1:]...)
				a.step(t, i, e)
			}
		case len(a.timers[i]) > 0:
			n := a.rng.IntN(len(a.timers[i]))
			timer := a.timers[i][n]
			a.timers[i] = append(a.timers[i][:n], a.timers[i][n+1:]...)
			a.step(t, i, TimedOut{timer})
		}
		var first chain.Hash
		for _, h := range a.decided {
			if first.IsZero() {
				first = h
			}
			if h != first {
				return fmt.Errorf("FORK: %s and %s are decided", a.names[first], a.names[h])
			}
		}
	}
	return nil
}

func speakingAs(w *world, self int) *Core {
	c := New(Config{Self: w.set.At(self).Address})
	c.Step(w.begin(nil))
	for i := range w.set.Len() {
		c.Step(PeerState{Validator: i, State: chain.VoteState{Height: w.height}})
	}
	return c
}

// lie is anything the faulty validator can sign, near the round of its victim.
func (a *adversary) lie(victim int) Event {
	round := a.cores[victim].Round() + a.rng.Uint64N(2)
	if a.rng.Float64() < 0.3 {
		round = a.rng.Uint64N(round + 1)
	}
	name := "nil"
	if a.rng.Float64() < 0.8 {
		name = a.known[a.rng.IntN(len(a.known))]
	}
	if a.rng.Float64() < 0.2 && a.set.Winner(a.seed, a.height, round) == liar {
		vr := int64(-1)
		if name = fmt.Sprint("L", round, a.rng.IntN(2)); round > 0 && a.rng.Float64() < 0.5 {
			name, vr = a.known[a.rng.IntN(len(a.known))], a.rng.Int64N(int64(round))
		}
		p := a.proposal(name, round, vr)
		a.meet(name)
		return ProposalReceived{p}
	}
	return VoteReceived{a.vote(chain.VoteKind(1+a.rng.IntN(2)), liar, round, a.hash(name))}
}

func (a *adversary) meet(name string) {
	for _, k := range a.known {
		if k == name {
			return
		}
	}
	a.known = append(a.known, name)
}

func (a *adversary) step(t *testing.T, i int, e Event) {
	queue := []Event{e}
	for len(queue) > 0 {
		effects := a.cores[i].Step(queue[0])
		queue = queue[1:]
		a.orders[i].check(t, a.height, effects)
		for _, e := range effects {
			switch e := e.(type) {
			case SignVote:
				v := VoteReceived{a.vote(e.Vote.Kind, i, e.Vote.Round, e.Vote.BlockHash)}
				queue = append(queue, v)
				a.tell(i, v)
			case SignProposal:
				p := ProposalReceived{a.proposal(a.names[e.Block.Header.Hash()], e.Round, e.ValidRound)}
				queue = append(queue, p)
				a.tell(i, p)
				for _, sv := range e.Proof {
					n, _ := a.set.Index(sv.Validator)
					a.tell(i, VoteReceived{Vote{signed: sv, index: n}})
				}
			case Build:
				name := fmt.Sprint("B", e.Round)
				a.meet(name)
				queue = append(queue, Built{Height: a.height, Round: e.Round, Block: a.block(name, e.Round)})
			case Execute:
				queue = append(queue, a.executed(e.Hash))
			case SetTimer:
				a.timers[i] = append(a.timers[i], e.Timer)
			case Decide:
				a.decided[i] = e.Hash
			case Halt:
				t.Fatalf("v%d stops voting: %s", i, e.Message)
			}
		}
	}
}

func (a *adversary) tell(from int, e Event) {
	for i := range liar {
		if i != from {
			a.pending[i] = append(a.pending[i], e)
		}
	}
}
