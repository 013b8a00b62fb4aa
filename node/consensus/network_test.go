package consensus

import (
	"bytes"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
)

// TestNetworkOfCores runs four to seven real cores with real keys over a network
// that loses, delays, reorders and repeats, with one validator that contradicts
// itself and others that crash, and checks the two promises: no two nodes ever
// decide differently, and once the losses end every height is decided.
func TestNetworkOfCoresAgreesAndGoesOn(t *testing.T) {
	t.Parallel()
	const heights, calmAt, patience = 4, 6_000, 60_000
	rapid.Check(t, func(t *rapid.T) {
		n := newNet(t, rapid.IntRange(4, 7).Draw(t, "validators"), rapid.Uint64().Draw(t, "seed"))
		// Each kind of message is lost in its own measure: forks hide where
		// prevotes get through and precommits do not.
		for i := range n.loss {
			n.loss[i] = rapid.SampledFrom([]float64{0, 0.1, 0.3, 0.6, 0.9}).Draw(t, kinds[i]+" lost")
		}
		n.repeat = rapid.Float64Range(0, 0.3).Draw(t, "repeat")
		n.delay = uint64(rapid.IntRange(1, 400).Draw(t, "delay"))
		if rapid.Bool().Draw(t, "one is faulty") {
			n.nodes[0].faulty = true
		}
		n.crashRate = rapid.Float64Range(0, 0.01).Draw(t, "crash rate")
		crashes := rapid.IntRange(0, 4).Draw(t, "crashes")
		for range crashes {
			who := rapid.IntRange(1, len(n.nodes)-1).Draw(t, "who")
			n.after(rapid.Uint64Range(1, calmAt).Draw(t, "when"), func() { n.nodes[who].crash() })
		}
		n.after(calmAt, func() { n.loss, n.repeat, n.delay, n.crashRate = [4]float64{}, 0, 20, 0 })
		for n.now < calmAt+patience && !n.allPast(heights) {
			n.turn()
		}
		if !n.allPast(heights) {
			t.Fatalf("%d ms after the losses ended not every node has decided %d heights:\n%s", patience, heights, n)
		}
	})
}

// net is the world of one run: a clock, a queue of what will happen, and nodes.
type net struct {
	*fixture
	t      *rapid.T
	rng    *rand.Rand
	nodes  []*node
	now    uint64
	queue  agenda
	serial int

	loss      [4]float64 // by kind of message
	repeat    float64
	crashRate float64 // of a crash before any one effect
	delay     uint64

	decided  map[uint64]chain.Hash
	verified map[string]bool
}

// The kinds of message; votes have their own numbers.
const (
	kindProposal = 0
	kindState    = 3
)

var kinds = [4]string{"proposals", "prevotes", "precommits", "states"}

type happening struct {
	at  uint64
	seq int
	do  func()
}

type agenda []happening

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].seq < a[j].seq
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(happening)) }
func (a *agenda) Pop() any {
	x := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return x
}

func newNet(t *rapid.T, size int, seed uint64) *net {
	f := fixtures[size]
	n := &net{fixture: f, t: t, rng: rand.New(rand.NewPCG(seed, 1)), decided: map[uint64]chain.Hash{}, verified: map[string]bool{}, now: 1}
	for i := range size {
		nd := &node{net: n, id: i, order: newOrder(), signed: map[chain.Vote]chain.SignedVote{}, headers: map[chain.Hash]chain.Signature{}}
		nd.tip = tip{rules: f.Rules, time: 1_000_000}
		n.nodes = append(n.nodes, nd)
	}
	for _, nd := range n.nodes {
		nd.start(nil)
		n.after(uint64(nd.id)*7, nd.tell)
	}
	return n
}

// fixtures are made once: making keys is slow.
var fixtures = func() map[int]*fixture {
	m := map[int]*fixture{}
	for size := 4; size <= 7; size++ {
		m[size] = newFixture(&testing.T{}, size)
	}
	return m
}()

func (n *net) after(ms uint64, do func()) {
	n.serial++
	heap.Push(&n.queue, happening{n.now + ms, n.serial, do})
}

func (n *net) turn() {
	h := heap.Pop(&n.queue).(happening)
	n.now = h.at
	h.do()
}

// send brings something to a node, or not, or twice, some time later.
func (n *net) send(kind int, to *node, do func()) {
	if n.rng.Float64() < n.loss[kind] {
		return
	}
	life := to.life
	n.after(1+n.rng.Uint64N(n.delay+1), func() {
		if to.life == life {
			do()
		}
	})
	if n.rng.Float64() < n.repeat {
		n.send(kind, to, do)
	}
}

func (n *net) allPast(height uint64) bool {
	for _, nd := range n.nodes {
		if nd.tip.rules.Height <= height && !nd.faulty {
			return false
		}
	}
	return true
}

func (n *net) String() string {
	var b bytes.Buffer
	for _, nd := range n.nodes {
		fmt.Fprintf(&b, "node %d (faulty %v, crashes %d): height %d round %d %s voting %v lock %d\n", nd.id, nd.faulty, nd.life,
			nd.core.Height(), nd.core.Round(), nd.core.StepName(), nd.core.Voting(), nd.core.lockedRound)
	}
	return b.String()
}

type tip struct {
	rules Rules // of the next height
	time  uint64
	cert  *chain.Certificate
}

// node drives one core as the replica does: what is in it survives a crash only
// where it says so.
type node struct {
	*net
	id     int
	faulty bool
	life   int // crashes so far

	core  *Core
	tip   tip
	queue []Event
	busy  bool
	early []func()

	// Durable.
	order   *order
	records []Record
	signed  map[chain.Vote]chain.SignedVote // by slot
	headers map[chain.Hash]chain.Signature
	history []Decide
}

func (nd *node) start(rec *Recovery) {
	nd.core = New(Config{Genesis: nd.Genesis, Self: nd.members[nd.id].address})
	nd.queue, nd.busy, nd.early = nil, false, nil
	nd.open(rec)
}

func (nd *node) open(rec *Recovery) {
	r := nd.tip.rules
	nd.handle(Begin{Height: r.Height, Set: r.Set, Seed: r.Seed, Params: r.Params, ParentTime: nd.tip.time, Recovered: rec})
	nd.handle(Work{Height: r.Height})
	early := nd.early
	nd.early = nil
	for _, do := range early {
		do()
	}
}

// crash loses everything that is not durable, and starts again.
func (nd *node) crash() {
	nd.life++
	rec := &Recovery{LockedRound: -1}
	r := &nd.tip.rules
	for _, c := range nd.records {
		switch {
		case c.Proposal != nil:
			b, err := chain.DecodeBlock(c.Proposal.Block, chain.MaxBlockBytes)
			if err != nil {
				nd.t.Fatalf("a recorded block does not read: %v", err)
			}
			p := *c.Proposal
			if sig, ok := nd.headers[p.BlockHash]; ok && b.Signature == (chain.Signature{}) {
				b.Signature = sig
				p.Block = chain.Encode(b)
			}
			if v, err := r.VerifyProposal(&p, nd.clock()); err == nil {
				rec.Proposals = append(rec.Proposals, v)
			}
		case c.Lock != nil:
			rec.LockedRound, rec.LockedHash, rec.Proof = int64(c.Lock.Round), c.Lock.BlockHash, nil
			for i := range c.Lock.Prevotes {
				v, err := r.VerifyVote(&c.Lock.Prevotes[i])
				if err != nil {
					nd.t.Fatalf("a recorded prevote does not verify: %v", err)
				}
				rec.Proof = append(rec.Proof, v)
			}
		case c.Vote != nil:
			slot := *c.Vote
			slot.BlockHash = chain.Hash{}
			if sv, ok := nd.signed[slot]; ok {
				v, err := r.VerifyVote(&sv)
				if err != nil {
					nd.t.Fatalf("an own vote does not verify: %v", err)
				}
				rec.OwnVotes = append(rec.OwnVotes, v)
				rec.Round = max(rec.Round, slot.Round)
			}
		}
	}
	if len(nd.records) == 0 {
		rec = nil
	}
	nd.start(rec)
}

func (nd *node) clock() uint64 { return 1_000_000 + nd.now }

// tell repeats the vote state to all.
func (nd *node) tell() {
	st := nd.core.State()
	for _, to := range nd.nodes {
		if to != nd {
			nd.send(kindState, to, func() { to.hear(nd, st) })
		}
	}
	nd.after(200, nd.tell)
}

// hear answers a peer's vote state: with what it lacks, or the block it missed.
func (nd *node) hear(from *node, st chain.VoteState) {
	if st.Height < nd.tip.rules.Height && st.Height > 0 {
		d := nd.history[st.Height-1]
		nd.send(kindState, from, func() { from.catchUp(d) })
	}
	nd.handle(PeerState{Peer: fmt.Sprint(from.id), Validator: from.id, State: st})
}

func (nd *node) catchUp(d Decide) {
	r := &nd.tip.rules
	if d.Block.Header.Height != r.Height {
		return
	}
	if err := r.Set.VerifyCertificate(r.Genesis, r.Height, d.Hash, d.Certificate, nil); err != nil {
		nd.t.Fatalf("a decided block's certificate does not verify: %v", err)
	}
	nd.commit(d)
}

func (nd *node) handle(e Event) {
	nd.queue = append(nd.queue, e)
	if nd.busy {
		return
	}
	nd.busy = true
	life := nd.life
	for len(nd.queue) > 0 && nd.life == life {
		next := nd.queue[0]
		nd.queue = nd.queue[1:]
		for _, e := range nd.core.Step(next) {
			if nd.id > 0 && nd.rng.Float64() < nd.crashRate {
				nd.crash() // before this effect, after those before it
			}
			if nd.life != life {
				return
			}
			if err := nd.order.effect(nd.core.Height(), e); err != nil && !nd.faulty {
				nd.t.Fatalf("node %d: %v\n%s", nd.id, err, nd.net)
			}
			nd.perform(e)
		}
	}
	nd.busy = false
}

func (nd *node) perform(e Effect) {
	switch e := e.(type) {
	case Persist:
		nd.records = append(nd.records, e.Record)
	case SignVote:
		nd.signVote(e.Vote)
	case SignProposal:
		nd.signProposal(e)
	case Build:
		nd.build(e.Round)
	case Execute:
		nd.queue = append(nd.queue, Executed{Height: nd.core.Height(), Hash: e.Hash, Err: nd.execute(e.Block)})
	case SetTimer:
		life := nd.life
		nd.after(e.After, func() {
			if nd.life == life {
				nd.handle(TimedOut{e.Timer})
			}
		})
	case Send:
		to := nd.nodes[int(e.Peer[0]-'0')]
		if e.Proposal != nil {
			nd.send(kindProposal, to, func() { to.proposal(e.Proposal) })
		}
		for _, v := range e.Votes {
			nd.send(int(v.Vote.Kind), to, func() { to.vote(v) })
		}
	case Report:
		if e.Evidence.Validator != nd.members[0].address || !nd.nodes[0].faulty {
			nd.t.Fatalf("an honest validator is accused: %v", e.Evidence.Validator)
		}
	case Halt:
		nd.t.Fatalf("node %d stops voting: %s: %s", nd.id, e.Reason, e.Message)
	case Decide:
		nd.commit(e)
	}
}

func (nd *node) build(round uint64) {
	b := nd.forge(&nd.tip.rules, round, max(nd.clock(), nd.tip.time+1), nd.tip.cert, fmt.Sprint(nd.id, nd.now))
	nd.queue = append(nd.queue, Built{Height: nd.core.Height(), Round: round, Block: b})
}

func (nd *node) execute(b *chain.Block) error {
	if nd.tip.cert != nil && b.Header.Parent != nd.tip.cert.BlockHash {
		return fmt.Errorf("another parent")
	}
	if b.Header.Time <= nd.tip.time {
		return fmt.Errorf("not after its parent")
	}
	return nil
}

// signVote is the signer: it never signs two votes for one slot. A faulty one
// signs nil as well, and gives each half of the others another.
func (nd *node) signVote(v chain.Vote) {
	slot := v
	slot.BlockHash = chain.Hash{}
	if old, ok := nd.signed[slot]; ok && old.Vote != v && !nd.faulty {
		return
	}
	sv := *nd.net.vote(nd.id, v)
	nd.signed[slot] = sv
	for i, to := range nd.nodes {
		if to == nd {
			continue
		}
		lie := sv
		if nd.faulty && i%2 == 0 {
			lie = *nd.net.vote(nd.id, slot)
		}
		nd.send(int(v.Kind), to, func() { to.vote(lie) })
	}
	own, err := nd.core.Rules().VerifyVote(&sv)
	if err != nil {
		nd.t.Fatalf("an own vote does not verify: %v", err)
	}
	nd.queue = append(nd.queue, VoteReceived{own})
}

func (nd *node) signProposal(e SignProposal) {
	r := &nd.tip.rules
	b := *e.Block
	if e.ValidRound < 0 {
		nd.sign(r, &b)
		nd.headers[b.Header.Hash()] = b.Signature
	}
	p := nd.again(r, &b, e.Round, e.ValidRound)
	lie := p
	if nd.faulty && e.ValidRound < 0 {
		other := nd.forge(r, e.Round, b.Header.Time, nd.tip.cert, "the other face")
		nd.sign(r, other)
		lie = nd.again(r, other, e.Round, -1)
	}
	for i, to := range nd.nodes {
		if to == nd {
			continue
		}
		said := p
		if i%2 == 0 {
			said = lie
		}
		nd.send(kindProposal, to, func() { to.proposal(said) })
		for _, v := range e.Proof {
			nd.send(int(v.Vote.Kind), to, func() { to.vote(v) })
		}
	}
	own, err := r.VerifyProposal(p, nd.clock())
	if err != nil {
		nd.t.Fatalf("an own proposal does not verify: %v", err)
	}
	nd.queue = append(nd.queue, ProposalReceived{own})
}

// vote takes a vote from the wire. Nodes share the result of a verification,
// which is slow and the same for all.
func (nd *node) vote(v chain.SignedVote) {
	if v.Vote.Height == nd.core.Height()+1 && len(nd.early) < 100 {
		nd.early = append(nd.early, func() { nd.vote(v) })
	}
	if v.Vote.Height != nd.core.Height() || nd.core.Has(&v) {
		return
	}
	i, _ := nd.tip.rules.Set.Index(v.Validator)
	id := string(chain.Encode(&v))
	if !nd.verified[id] {
		if _, err := nd.core.Rules().VerifyVote(&v); err != nil {
			nd.t.Fatalf("a vote does not verify: %v", err)
		}
		nd.verified[id] = true
	}
	nd.handle(VoteReceived{Vote{signed: v, index: i}})
}

func (nd *node) proposal(p *chain.SignedProposal) {
	if p.Height == nd.core.Height()+1 && len(nd.early) < 100 {
		nd.early = append(nd.early, func() { nd.proposal(p) })
	}
	if p.Height != nd.core.Height() || nd.core.HasProposal(p) {
		return
	}
	v, err := nd.core.Rules().VerifyProposal(p, nd.clock())
	if err != nil {
		nd.t.Fatalf("a proposal does not verify: %v", err)
	}
	nd.handle(ProposalReceived{v})
}

func (nd *node) commit(d Decide) {
	r := nd.tip.rules
	if err := r.Set.VerifyCertificate(r.Genesis, r.Height, d.Hash, d.Certificate, nil); err != nil {
		nd.t.Fatalf("node %d: the certificate of height %d does not verify: %v", nd.id, r.Height, err)
	}
	if err := r.VerifyHeader(d.Block); err != nil {
		nd.t.Fatalf("node %d: the decided header does not verify: %v", nd.id, err)
	}
	if other, ok := nd.decided[r.Height]; ok && other != d.Hash {
		nd.t.Fatalf("FORK: node %d decides %s at height %d, another decided %s\n%s", nd.id, d.Hash.Short(), r.Height, other.Short(), nd.net)
	}
	nd.decided[r.Height] = d.Hash
	seed, err := r.NextSeed(&d.Block.Header)
	if err != nil {
		nd.t.Fatalf("node %d: %v", nd.id, err)
	}
	nd.history = append(nd.history, d)
	nd.records = nil
	nd.tip = tip{rules: Rules{Genesis: r.Genesis, Height: r.Height + 1, Set: r.Set, Seed: seed, Params: r.Params}, time: d.Block.Header.Time, cert: d.Certificate}
	nd.open(nil)
}
