package consensus

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/posnet/posnet/node/chain"
)

// TestScenarios plays the files of testdata: one rule of Algorithm 1, or one
// classic trap, a file. `go test ./node/consensus -run Scenarios -rewrite`
// writes what the core does now; read the difference before you commit it.
//
//	start self=v0 stakes=(1,1,1,1) winners=(v1,v2)   begin height 1; `silent` keeps the silence
//	    [round=R] [locked=A@R proof=(v1,v2)] [holds=(A@R)] [voted=(prevote:A@R)]   what a restart recovers
//	block A [round=R] [time=+MS] [invalid] [slow]    say more of a block before it is proposed
//	propose A round=R [valid-round=V] [late=MS]      a verified proposal arrives
//	prevote|precommit A|nil round=R v1 v2            verified votes arrive
//	timeout propose|prevote|precommit round=R        a timer fires
//	work; built A; executed A; foreign prevote       the driver's answers
//	peer v1 round=R has=(proposal@R,prevote:v2@R)    a peer's vote state arrives
//	next winners=(v1)                                the next height begins
//	state                                            what this node would tell its peers
func TestScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			t.Parallel()
			var s *scenario
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				if d.Cmd == "start" {
					s = startScenario(t, d)
				}
				return s.run(t, d)
			})
		})
	}
}

// scenario is one core with a driver that answers at once: own votes and
// proposals come back, and blocks execute.
type scenario struct {
	*world
	core  *Core
	order *order
	slow  map[chain.Hash]bool
	out   strings.Builder
}

func startScenario(t *testing.T, d *datadriven.TestData) *scenario {
	var self string
	d.ScanArgs(t, "self", &self)
	stakes := []uint64{1, 1, 1, 1}
	if a, ok := d.Arg("stakes"); ok {
		stakes = nil
		for _, v := range a.Vals {
			n, err := strconv.ParseUint(v, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			stakes = append(stakes, n)
		}
	}
	s := &scenario{world: newWorld(t, stakes, winners(t, d)), order: newOrder(), slow: map[chain.Hash]bool{}}
	cfg := Config{Self: chain.Address{0xff}}
	if self != "stranger" {
		cfg.Self = s.set.At(index(t, self)).Address
	}
	s.core = New(cfg)
	return s
}

func (s *scenario) run(t *testing.T, d *datadriven.TestData) string {
	s.out.Reset()
	switch d.Cmd {
	case "start":
		s.step(t, s.begin(s.recovery(t, d)))
		if !d.HasArg("silent") {
			for i := range s.set.Len() {
				if i != s.core.me {
					s.step(t, PeerState{Peer: fmt.Sprintf("v%d", i), Validator: i, State: chain.VoteState{Height: 1}})
				}
			}
		}
	case "block":
		b := s.block(d.CmdArgs[0].Key, s.round(t, d))
		if a, ok := d.Arg("time"); ok {
			ms, err := strconv.Atoi(strings.TrimPrefix(a.SingleVal(t), "+"))
			if err != nil {
				t.Fatal(err)
			}
			b.Header.Time = uint64(parentTime + ms)
			s.define(d.CmdArgs[0].Key, b)
		}
		s.bad[b.Header.Hash()] = d.HasArg("invalid")
		s.slow[b.Header.Hash()] = d.HasArg("slow")
		return "block " + d.CmdArgs[0].Key + " is known to this test\n"
	case "propose":
		vr := int64(-1)
		d.MaybeScanArgs(t, "valid-round", &vr)
		p := s.proposal(d.CmdArgs[0].Key, s.round(t, d), vr)
		late := uint64(0)
		d.MaybeScanArgs(t, "late", &late)
		p.received += late
		s.step(t, ProposalReceived{p})
	case "prevote", "precommit":
		kind := map[string]chain.VoteKind{"prevote": chain.Prevote, "precommit": chain.Precommit}[d.Cmd]
		for _, a := range d.CmdArgs[1:] {
			if a.Key != "round" {
				s.step(t, VoteReceived{s.vote(kind, index(t, a.Key), s.round(t, d), s.hash(d.CmdArgs[0].Key))})
			}
		}
	case "timeout":
		step := map[string]StepName{"propose": StepPropose, "prevote": StepPrevote, "precommit": StepPrecommit}[d.CmdArgs[0].Key]
		s.step(t, TimedOut{Timer{Height: s.height, Round: s.round(t, d), Step: step}})
	case "work":
		s.step(t, Work{Height: s.height})
	case "built":
		s.step(t, Built{Height: s.height, Round: s.core.Round(), Block: s.block(d.CmdArgs[0].Key, s.core.Round())})
	case "executed":
		s.step(t, s.executed(s.hash(d.CmdArgs[0].Key)))
	case "foreign":
		s.step(t, ForeignSelf{Height: s.height, Round: s.round(t, d), Kind: chain.Prevote})
	case "peer":
		s.step(t, s.peer(t, d))
	case "next":
		s.height++
		s.seed = s.seedFor(t, winners(t, d))
		s.step(t, s.begin(nil))
	case "state":
		return s.told()
	default:
		t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
	}
	fmt.Fprintf(&s.out, "-> %s\n", s.standing())
	return s.out.String()
}

// step gives the core an event, and then what a driver would answer.
func (s *scenario) step(t *testing.T, e Event) {
	queue := []Event{e}
	for len(queue) > 0 {
		effects := s.core.Step(queue[0])
		queue = queue[1:]
		s.order.check(t, s.height, effects)
		for _, e := range effects {
			s.out.WriteString(s.describe(e) + "\n")
			switch e := e.(type) {
			case SignVote:
				queue = append(queue, VoteReceived{s.vote(e.Vote.Kind, s.core.me, e.Vote.Round, e.Vote.BlockHash)})
			case SignProposal:
				queue = append(queue, ProposalReceived{s.proposal(s.names[e.Block.Header.Hash()], e.Round, e.ValidRound)})
			case Execute:
				if !s.slow[e.Hash] {
					queue = append(queue, s.executed(e.Hash))
				}
			}
		}
	}
}

func (s *scenario) standing() string {
	c := s.core
	at := fmt.Sprintf("round %d, %s", c.Round(), c.StepName())
	value := func(r int64, h chain.Hash) string { return fmt.Sprintf("%s@%d", s.names[h], r) }
	if c.lockedRound >= 0 {
		at += ", locked on " + value(c.lockedRound, c.lockedHash)
	}
	if c.validRound >= 0 {
		at += ", valid " + value(c.validRound, c.validHash)
	}
	if !c.Voting() {
		at += ", not voting"
	}
	return at
}

func (s *scenario) told() string {
	st := s.core.State()
	var b strings.Builder
	fmt.Fprintf(&b, "height %d, round %d\n", st.Height, st.Round)
	for _, r := range st.Rounds {
		fmt.Fprintf(&b, "round %d: proposal %v, prevotes %04b, precommits %04b\n", r.Round, r.Proposal, r.Prevotes, r.Precommits)
	}
	return b.String()
}

func (s *scenario) peer(t *testing.T, d *datadriven.TestData) PeerState {
	name := d.CmdArgs[0].Key
	st := chain.VoteState{Height: s.height, Round: s.round(t, d)}
	d.MaybeScanArgs(t, "height", &st.Height)
	rounds := map[uint64]*chain.RoundState{}
	if a, ok := d.Arg("has"); ok {
		for _, v := range a.Vals {
			what, at := split(t, v)
			r := rounds[at]
			if r == nil {
				r = &chain.RoundState{Round: at, Prevotes: make([]byte, (s.set.Len()+7)/8), Precommits: make([]byte, (s.set.Len()+7)/8)}
				rounds[at] = r
			}
			kind, who, _ := strings.Cut(what, ":")
			switch kind {
			case "proposal":
				r.Proposal = true
			case "prevote":
				r.Prevotes[index(t, who)/8] |= 1 << (index(t, who) % 8)
			case "precommit":
				r.Precommits[index(t, who)/8] |= 1 << (index(t, who) % 8)
			}
		}
	}
	for at := range uint64(10) {
		if r := rounds[at]; r != nil {
			st.Rounds = append(st.Rounds, *r)
		}
	}
	v := -1
	if strings.HasPrefix(name, "v") {
		v = index(t, name)
	}
	return PeerState{Peer: name, Validator: v, State: st}
}

func (s *scenario) recovery(t *testing.T, d *datadriven.TestData) *Recovery {
	r := &Recovery{LockedRound: -1}
	found := d.MaybeScanArgs(t, "round", &r.Round)
	if a, ok := d.Arg("holds"); ok {
		for _, v := range a.Vals {
			name, at := split(t, v)
			r.Proposals = append(r.Proposals, s.proposal(name, at, -1))
			found = true
		}
	}
	if a, ok := d.Arg("locked"); ok {
		name, at := split(t, a.SingleVal(t))
		r.LockedRound, r.LockedHash, found = int64(at), s.hash(name), true
		proof, _ := d.Arg("proof")
		for _, v := range proof.Vals {
			r.Proof = append(r.Proof, s.vote(chain.Prevote, index(t, v), at, r.LockedHash))
		}
	}
	if a, ok := d.Arg("voted"); ok {
		self, _ := s.set.Index(s.core.cfg.Self)
		for _, v := range a.Vals {
			what, at := split(t, v)
			kind, name, _ := strings.Cut(what, ":")
			k := map[string]chain.VoteKind{"prevote": chain.Prevote, "precommit": chain.Precommit}[kind]
			own := s.vote(k, self, at, s.hash(name))
			r.OwnVotes, found = append(r.OwnVotes, own), true
			// What an earlier run released counts for the order of this one.
			slot := own.signed.Vote
			slot.BlockHash = chain.Hash{}
			s.order.votes[slot] = own.signed.Vote.BlockHash
		}
	}
	for _, p := range r.Proposals {
		s.order.blocks[p.signed.BlockHash] = true
	}
	if !found {
		return nil
	}
	return r
}

func (s *scenario) round(t *testing.T, d *datadriven.TestData) uint64 {
	r := uint64(0)
	d.MaybeScanArgs(t, "round", &r)
	return r
}

func winners(t *testing.T, d *datadriven.TestData) []int {
	var out []int
	if a, ok := d.Arg("winners"); ok {
		for _, v := range a.Vals {
			out = append(out, index(t, v))
		}
	}
	return out
}

func index(t testing.TB, name string) int {
	t.Helper()
	i, err := strconv.Atoi(strings.TrimPrefix(name, "v"))
	if err != nil {
		t.Fatalf("%q is not a validator: write v0, v1, …", name)
	}
	return i
}

// split reads what@round.
func split(t testing.TB, s string) (string, uint64) {
	t.Helper()
	what, at, ok := strings.Cut(s, "@")
	r, err := strconv.ParseUint(at, 10, 64)
	if !ok || err != nil {
		t.Fatalf("%q: write WHAT@ROUND", s)
	}
	return what, r
}
