package faults

import (
	"math/rand/v2"
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

// attacker is a Byzantine validator: a real node, whose messages are changed on their way out, and whoever uses its keys
// beside it, in any order and as often as it likes. It hears every message to its node as soon as it is sent.
type attacker struct {
	*sim.Node
	fault   *Fault
	world   *sim.World
	r       *rand.Rand
	genesis chain.Hash
}

// attackers makes some validators Byzantine, within what the promises allow, and calls each for each.
func attackers(f *Fault, w *sim.World, r *rand.Rand, each func(a *attacker)) {
	_, genesis := w.Genesis()
	for _, n := range w.CorruptSome(r) {
		a := &attacker{Node: n, fault: f, world: w, r: r, genesis: genesis}
		a.shield()
		each(a)
	}
}

// shield keeps from the node what was said with its keys beside it: it would take that for a second node with its keys,
// stop signing, and be a lesser adversary.
func (a *attacker) shield() {
	a.world.OnSendAlways(func(m *sim.Message) {
		if m.To == a.Node && (a.ownVote(m) != nil || a.ownProposal(m) != nil) {
			m.Copies = 0
		}
	})
}

// ownVote is the vote in a message, if it was signed with the attacker's key.
func (a *attacker) ownVote(m *sim.Message) *chain.SignedVote {
	if v := voteIn(m); v != nil && v.Validator == a.Address() {
		return v
	}
	return nil
}

// voteIn is the vote in a message, or nil.
func voteIn(m *sim.Message) *chain.SignedVote {
	var v chain.SignedVote
	if m.Kind != replica.FrameVote || chain.Decode(m.Payload, &v, 1024) != nil {
		return nil
	}
	return &v
}

// proposal is a proposal with its block.
type proposal struct {
	chain.SignedProposal
	block *chain.Block
}

// proposalIn is the proposal in a message, or nil.
func proposalIn(m *sim.Message) *proposal {
	var p proposal
	if m.Kind != replica.FrameProposal || chain.Decode(m.Payload, &p.SignedProposal, chain.MaxProposalBytes) != nil {
		return nil
	}
	var err error
	if p.block, err = chain.DecodeBlock(p.Block, chain.MaxBlockBytes); err != nil {
		return nil
	}
	return &p
}

// ownProposal is the proposal in a message, if the attacker forged its block.
func (a *attacker) ownProposal(m *sim.Message) *proposal {
	if p := proposalIn(m); p != nil && p.block.Header.Forger == a.Address() {
		return p
	}
	return nil
}

// says has change look at every message that the node sends.
func (a *attacker) says(change func(m *sim.Message)) {
	a.world.OnSendAlways(func(m *sim.Message) {
		if m.From == a.Node {
			change(m)
		}
	})
}

// hears has look see every message on its way to the node.
func (a *attacker) hears(look func(m *sim.Message)) {
	a.world.OnSendAlways(func(m *sim.Message) {
		if m.To == a.Node {
			look(m)
		}
	})
}

// struck counts a stroke.
func (a *attacker) struck() { a.world.Fired(a.fault) }

// chance is true with probability p.
func (a *attacker) chance(p float64) bool { return sim.Chance(a.r, p) }

// view is where the node stands; ok says that it runs and its key still votes.
func (a *attacker) view() (v replica.View, ok bool) {
	if !a.Up() || a.Replica() == nil {
		return v, false
	}
	v = a.Replica().View()
	_, in := v.Set.Index(a.Address())
	return v, in
}

// others are all other nodes.
func (a *attacker) others() []*sim.Node {
	return slices.DeleteFunc(slices.Clone(a.world.Nodes()), func(n *sim.Node) bool { return n == a.Node })
}

// halves splits the others at random; both have somebody where there are two.
func (a *attacker) halves() (one, two []*sim.Node) {
	all := a.others()
	a.r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	at := len(all) / 2
	if len(all) > 2 {
		at = 1 + a.r.IntN(len(all)-1)
	}
	return all[:at], all[at:]
}

// tell sends a frame that no node made.
func (a *attacker) tell(to []*sim.Node, kind byte, payloads ...[]byte) {
	for _, n := range to {
		for _, p := range payloads {
			a.world.Deliver(a.Node, n, kind, p, sim.Between(a.r, 1, 5))
		}
	}
}

// sometimes calls fn about every mean milliseconds, to the end of the run, while the node runs and its key votes.
func (a *attacker) sometimes(mean uint64, fn func(v replica.View)) {
	a.world.Always(sim.Between(a.r, 1, 2*mean), func() uint64 {
		if v, ok := a.view(); ok {
			fn(v)
		}
		return sim.Between(a.r, 1, 2*mean)
	})
}
