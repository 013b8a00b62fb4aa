package sim

import (
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
)

// story is what a run that is told keeps for its reader beside its lines.
type story struct {
	told   map[string]uint64 // by fault: when it was last mentioned
	since  map[string]int    // and how often it struck since
	recent []said            // what was last said, oldest first
}

// said is a message of consensus that a node let out of its hands.
type said struct {
	at      uint64
	node    string
	kind    byte
	payload []byte
}

const (
	strokeEvery = 1000 // milliseconds between two mentions of a fault
	maxRecent   = 60   // messages that are told when a promise breaks
)

// stroke mentions a fault, at most once a simulated second.
func (s *story) stroke(w *World, f Fault) {
	if s.told == nil {
		s.told, s.since = map[string]uint64{}, map[string]int{}
	}
	last, before := s.told[f.Name()]
	if s.since[f.Name()]++; before && w.now < last+strokeEvery {
		return
	}
	about := ""
	if named, ok := f.(interface{ About() string }); ok && !before {
		about = ": " + named.About()
	}
	if n := s.since[f.Name()]; n > 1 {
		about += fmt.Sprintf(" (%d times since it was last mentioned)", n)
	}
	w.say("%s strikes%s", f.Name(), about)
	s.told[f.Name()], s.since[f.Name()] = w.now, 0
}

// note remembers a message.
func (s *story) note(w *World, n *Node, kind byte, payload []byte) {
	if kind != replica.FrameVote && kind != replica.FrameProposal {
		return
	}
	if len(s.recent) == maxRecent {
		s.recent = append(s.recent[:0], s.recent[1:]...)
	}
	s.recent = append(s.recent, said{w.now, n.Name, kind, payload})
}

// tell tells what was said before a promise broke.
func (s *story) tell(w *World) {
	if len(s.recent) > 0 {
		w.say("what was said last:")
	}
	for _, m := range s.recent {
		w.say("  at %.3fs  %s %s", float64(m.at-epoch)/1000, m.node, describe(m.kind, m.payload))
	}
	s.recent = nil
}

func describe(kind byte, payload []byte) string {
	if kind == replica.FrameProposal {
		var p chain.SignedProposal
		if err := chain.Decode(payload, &p, chain.MaxProposalBytes); err != nil {
			return "proposes what cannot be read"
		}
		if p.ValidRound >= 0 {
			return fmt.Sprintf("proposes %s again at height %d round %d, valid since round %d", p.BlockHash.Short(), p.Height, p.Round, p.ValidRound)
		}
		return fmt.Sprintf("proposes %s at height %d round %d", p.BlockHash.Short(), p.Height, p.Round)
	}
	var v chain.SignedVote
	if err := chain.Decode(payload, &v, len(payload)); err != nil {
		return "votes what cannot be read"
	}
	what := "nothing"
	if !v.Vote.BlockHash.IsZero() {
		what = v.Vote.BlockHash.Short()
	}
	return fmt.Sprintf("sends the %s of %s for %s at height %d round %d", v.Vote.Kind, v.Validator.String()[:12], what, v.Vote.Height, v.Vote.Round)
}
