package snapshot

import (
	"fmt"
	"slices"

	"github.com/posnet/posnet/node/chain"
)

// look asks everybody what they offer, and chooses a height.
func (e *Engine) look() {
	if e.progress == 0 {
		e.progress = e.now
	}
	e.askOffers()
	count := map[uint64]int{}
	waiting, offering := false, false
	for _, p := range e.peers {
		n := e.note(p.ID)
		waiting = waiting || n.offering && n.offer == nil
		if n.offer == nil || n.until > e.now {
			continue
		}
		offering = offering || len(n.offer.Snapshots) > 0
		for _, h := range n.offer.Snapshots {
			if e.dropped[h] <= e.now {
				count[h]++
			}
		}
	}
	if len(count) == 0 {
		e.firstOffer = never
		e.lament(offering)
		return
	}
	if e.firstOffer == never {
		e.firstOffer = e.now
	}
	if waiting && e.now-e.firstOffer < gatherTime {
		return
	}
	heights := make([]uint64, 0, len(count))
	for h := range count {
		heights = append(heights, h)
	}
	slices.Sort(heights)
	best := heights[0]
	for _, h := range heights {
		if count[h] >= count[best] {
			best = h // the newest of those that most have
		}
	}
	e.begin(best)
}

const alone = "no peer is connected"

// lament says why nothing goes on.
func (e *Engine) lament(offering bool) {
	switch {
	case len(e.peers) == 0:
		e.trouble = alone
	case !offering && e.now-e.progress > gatherTime+pinPatience:
		e.trouble = fmt.Sprintf("none of %d peers offers a state yet", len(e.peers))
	case e.trouble == alone:
		e.trouble = ""
	}
}

// askOffers asks those who have not said lately what they offer; once a height is chosen, those of whom nothing is known.
func (e *Engine) askOffers() {
	for _, p := range e.peers {
		n := e.note(p.ID)
		if (e.phase == Looking || n.offer == nil) && !n.offering && n.until <= e.now && e.now >= n.offered+offerEvery {
			e.ask(Request{Peer: p.ID, Kind: AskOffer})
		}
	}
}

// offered takes an offer.
func (e *Engine) offered(n *note, raw []byte) error {
	o, err := DecodeOffer(raw)
	if err == nil {
		n.offer = o
	}
	return err
}

// offers reports whether a peer says that it offers the height that is being fetched.
func (e *Engine) offers(n *note) bool {
	return n.offer != nil && slices.Contains(n.offer.Snapshots, e.height)
}

// begin goes for the state of a height.
func (e *Engine) begin(height uint64) {
	for h, until := range e.dropped {
		if until <= e.now {
			delete(e.dropped, h)
		}
	}
	e.height = height
	e.manifests, e.chosen = map[chain.Hash]*group{}, nil
	e.result = Result{}
	for _, n := range e.notes {
		n.again, n.listed = 0, false
	}
	e.walk.aim(height)
	e.enter(Walking)
}
