package snapshot

import (
	"cmp"
	"fmt"
	"slices"
)

// look asks everybody what they offer, and chooses a height.
func (e *Engine) look() {
	if e.progress == 0 {
		e.progress = e.now
	}
	e.askOffers()
	waiting, offering := false, false
	for _, p := range e.peers {
		n := e.note(p.ID)
		waiting = waiting || n.offering && n.offer == nil
		offering = offering || n.offer != nil && n.until <= e.now && len(n.offer.Snapshots) > 0
	}
	found := e.candidates(false)
	if len(found) == 0 {
		found = e.candidates(true) // nobody else is left
	}
	if len(found) == 0 {
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
	e.begin(e.choose(found).height)
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

// askOffers asks those who have not said lately what they offer. A walk may last, so it asks again, but less often; after it, only
// those are asked of whom nothing is known.
func (e *Engine) askOffers() {
	room := maxOffers - len(e.under(AskOffer, -1))
	for _, p := range e.leastAskedFirst() {
		n := e.note(p.ID)
		if room == 0 {
			return
		}
		every := offerEvery
		if n.offer != nil && e.phase > Looking {
			every = reoffer
		}
		if (e.phase <= Walking || n.offer == nil) && !n.offering && n.until <= e.now && e.now >= n.offered+every {
			e.ask(Request{Peer: p.ID, Kind: AskOffer})
			room--
		}
	}
}

// leastAskedFirst lists the peers in the order in which to ask for offers: those that failed least, and of these those that
// made one longest ago.
func (e *Engine) leastAskedFirst() []Peer {
	return slices.SortedStableFunc(slices.Values(e.peers), func(a, b Peer) int {
		x, y := e.note(a.ID), e.note(b.ID)
		return cmp.Or(cmp.Compare(x.failures, y.failures), cmp.Compare(x.offered, y.offered))
	})
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
