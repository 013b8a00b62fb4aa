package sim

// Message is a frame on its way from one node to another. Faults may change all
// but From and To; whoever changes Payload of an honest node gives it a new one.
type Message struct {
	From, To *Node
	Kind     byte
	Payload  []byte
	Delay    uint64 // milliseconds
	Copies   int    // 0: it is lost
	Mangled  bool   // by the network, not by the sender: the receiver may think ill of it
}

// Delays of a network that works, in milliseconds.
const (
	minDelay = 1
	maxDelay = 5
)

// pass sends a message on its way.
func (w *World) pass(from, to *Node, kind byte, payload []byte) {
	w.result.Messages++
	m := Message{From: from, To: to, Kind: kind, Payload: payload, Delay: w.between(minDelay, maxDelay), Copies: 1}
	for _, f := range w.filters {
		f.see(&m)
	}
	w.dispatch(&m)
	if to.twins != nil {
		for _, t := range to.twins {
			w.Deliver(from, t, m.Kind, m.Payload, m.Delay)
		}
	}
}

func (w *World) dispatch(m *Message) {
	for range m.Copies {
		from, to, kind, payload, address := m.From, m.To, m.Kind, m.Payload, m.To.address
		if m.Mangled {
			from.mangledUntil = max(from.mangledUntil, w.now+m.Delay+from.lag)
		}
		w.After(m.Delay+from.lag, func() {
			if to.address == address || to.found(from) {
				to.receive(from, kind, payload)
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
	for _, c := range w.checks {
		c.Released(n, kind, payload)
	}
}

// mangled reports whether the network has damaged a message of the node that
// may still be on its way.
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

// found reports whether a peer knows the node's latest address.
func (n *Node) found(*Node) bool { return n.now >= n.moved+discovery }
