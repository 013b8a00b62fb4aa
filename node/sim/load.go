package sim

import (
	"math/rand/v2"
	"sync"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// senders is how many accounts send transfers.
const senders = 8

func senderKey(seed uint64, i int) keys.PrivateKey {
	return keys.FromSeed(chain.Sum([]byte("sender"), chain.Uint64(seed), chain.Uint64(uint64(i))))
}

// receivers are accounts that transfers go to.
var receivers = sync.OnceValue(func() (all [1000]chain.Address) {
	for i := range all {
		all[i] = keys.FromSeed(chain.Sum([]byte("receiver"), chain.Uint64(uint64(i)))).Public()
	}
	return all
})

// load is the clients: they send transfers, and send again what was lost.
type load struct {
	w      *World
	r      *rand.Rand
	all    []*sender
	byAddr map[chain.Address]*sender
	owner  *operator
}

type sender struct {
	key   keys.PrivateKey
	nonce uint64 // of the last transaction sent
	final uint64 // of the last that became final
	since uint64 // since when none did
}

func newLoad(w *World) *load {
	l := &load{w: w, r: stream(w.cfg.Seed, "load"), byAddr: map[chain.Address]*sender{}, owner: newOperator(w)}
	for i := range senders {
		s := &sender{key: senderKey(w.cfg.Seed, i)}
		l.all = append(l.all, s)
		l.byAddr[s.key.Public()] = s
	}
	if w.cfg.TxEvery > 0 {
		w.Always(Between(l.r, 0, 2*w.cfg.TxEvery), func() uint64 {
			l.send()
			return Between(l.r, 0, 2*w.cfg.TxEvery)
		})
	}
	return l
}

const (
	ahead  = 16   // transactions that one client has under way
	resend = 5000 // milliseconds after which it gives them up for lost
)

// send has one client send its next transfer to every node, as gossip would.
func (l *load) send() {
	s := l.all[l.r.IntN(senders)]
	if s.nonce > s.final && l.w.now-s.since > resend || s.nonce-s.final >= ahead {
		if l.w.now-s.since <= resend {
			return
		}
		s.nonce = s.final
	}
	if s.nonce == s.final {
		s.since = l.w.now
	}
	s.nonce++
	to := receivers()[l.r.IntN(len(receivers()))]
	tx := chain.Tx{Kind: chain.TxTransfer, From: s.key.Public(), Nonce: s.nonce, To: to, Amount: Between(l.r, 1, 1000), Fee: l.w.genesis.Params.MinFee}
	l.w.Submit(l.w.SignTx(s.key, &tx), l.r)
}

// final notes what became final.
func (l *load) final(txs []*chain.SignedTx) {
	l.owner.final(txs)
	for _, tx := range txs {
		if s := l.byAddr[tx.Tx.From]; s != nil && tx.Tx.Nonce > s.final {
			s.final, s.since = tx.Tx.Nonce, l.w.now
			s.nonce = max(s.nonce, s.final)
		}
	}
}

// SignTx is the encoding of a transaction signed by its sender.
func (w *World) SignTx(from keys.PrivateKey, tx *chain.Tx) []byte {
	return chain.Encode(&chain.SignedTx{Tx: *tx, Signature: from.Sign(chain.TxMessage(w.genesisHash, tx))})
}

// Submit offers a transaction to every node. One that is late is refused, and
// that is fine.
func (w *World) Submit(raw []byte, r *rand.Rand) {
	if w.cfg.Link > 0 {
		w.SubmitTo(w.nodes[r.IntN(len(w.nodes))], raw)
		return
	}
	for _, n := range w.nodes {
		w.After(Between(r, minDelay, maxDelay), n.offer(raw))
	}
}

// SubmitTo offers a transaction to one node at once, and to the others a hop later: who takes a transaction from a client
// sends it to every peer.
func (w *World) SubmitTo(first *Node, raw []byte) {
	for _, n := range w.nodes {
		delay := uint64(0)
		if n != first {
			delay = w.hop()
		}
		w.After(delay, n.offer(raw))
	}
}

// offer has a node take a transaction into its pool, if it lives as long.
func (n *Node) offer(raw []byte) func() {
	life := n.life
	return func() {
		n.event(life, func() {
			if _, err := n.replica.Pool().Add(raw); err == nil {
				n.replica.PoolChanged()
			}
		})
	}
}
