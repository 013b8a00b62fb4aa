package sim

// Message is a frame on its way from one node to another. Faults may change all
// but From and To; whoever changes Payload of an honest node gives it a new one.
type Message struct {
	From, To *Node
	Kind     byte
	Payload  []byte
	Delay    uint64 // milliseconds
	Copies   int    // 0: it is lost
	Spread   uint64 // milliseconds by which copies after the first come later, at most
	Mangled  bool   // by the network, not by the sender: the receiver may think ill of it
}

// Delays of a network that works, in milliseconds.
const (
	minDelay = 1
	maxDelay = 5
)

// hop is how long a message takes that nothing happens to.
func (w *World) hop() uint64 {
	if w.cfg.Link > 0 {
		return w.cfg.Link
	}
	return w.between(minDelay, maxDelay)
}

// pass sends a message on its way.
func (w *World) pass(from, to *Node, kind byte, payload []byte) {
	w.result.Messages++
	m := Message{From: from, To: to, Kind: kind, Payload: payload, Delay: w.hop(), Copies: 1}
	for _, f := range w.filters {
		f.see(&m)
	}
	w.dispatch(&m)
}

func (w *World) dispatch(m *Message) {
	from, to, kind, payload, mangled := m.From, m.To, m.Kind, m.Payload, m.Mangled
	address := to.address
	if !to.found() {
		address-- // it goes to the old one
	}
	for i := range m.Copies {
		delay := m.Delay + from.lag
		if i > 0 && m.Spread > 0 {
			delay += w.between(0, m.Spread)
		}
		if mangled {
			from.mangledUntil = max(from.mangledUntil, w.now+delay+forgiving)
		}
		w.After(delay, func() {
			if to.address == address {
				to.receive(from, kind, payload, mangled)
			}
		})
	}
}

// Deliver brings a frame that a fault made up, past all filters.
func (w *World) Deliver(from, to *Node, kind byte, payload []byte, delay uint64) {
	w.result.Messages++
	w.dispatch(&Message{From: from, To: to, Kind: kind, Payload: payload, Delay: delay, Copies: 1})
}

// released shows the checkers what a node lets out.
func (w *World) released(n *Node, kind byte, payload []byte) {
	if w.cfg.Log != nil {
		w.story.note(w, n, kind, payload)
	}
	for _, c := range w.checks {
		c.Released(n, kind, payload)
	}
}

// forgiving is how long a damaged message may have consequences: a height that
// nobody claimed is asked for, and not given.
const forgiving = 60_000

// mangled reports whether the network has damaged a message of the node that
// others may still act on.
func (n *Node) mangled() bool { return n.mangledUntil >= n.now }

// discovery is how long a peer takes to find a node at a new address.
const discovery = 2000

// Move gives a node a new network address: what is on its way to the old one is
// lost, and so is what peers send until they have found it.
func (n *Node) Move() {
	n.address++
	n.moved = n.now
	n.say("%s moves to another address", n.Name)
}

// found reports whether peers know the node's latest address.
func (n *Node) found() bool { return n.address == 0 || n.now >= n.moved+discovery }
