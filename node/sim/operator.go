package sim

import (
	"math/rand/v2"
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

func treasuryKey(seed uint64) keys.PrivateKey {
	return keys.FromSeed(chain.Sum([]byte("treasury"), chain.Uint64(seed)))
}

// operator is whoever runs the network: it changes stake from the treasury, and
// sends again what is not final.
type operator struct {
	w       *World
	r       *rand.Rand
	nonce   uint64 // of the treasury's last transaction sent
	pending []*chain.SignedTx
	busy    bool // pending is sent again, now and then
}

func newOperator(w *World) *operator { return &operator{w: w, r: stream(w.cfg.Seed, "operator")} }

// resubmit is how long after a transaction the operator sends it again.
const resubmit = 1000

func (o *operator) send(from keys.PrivateKey, tx chain.Tx) {
	tx.From, tx.Fee = from.Public(), o.w.genesis.Params.MinFee
	signed := &chain.SignedTx{Tx: tx, Signature: from.Sign(chain.TxMessage(o.w.genesisHash, &tx))}
	o.pending = append(o.pending, signed)
	o.w.Submit(chain.Encode(signed), o.r)
	if !o.busy {
		o.busy = true
		o.w.Always(resubmit, func() uint64 {
			for _, tx := range o.pending {
				o.w.Submit(chain.Encode(tx), o.r)
			}
			return resubmit
		})
	}
}

// pay sends a transaction of the treasury.
func (o *operator) pay(tx chain.Tx) {
	o.nonce++
	tx.Nonce = o.nonce
	o.send(treasuryKey(o.w.cfg.Seed), tx)
}

// final forgets what became final.
func (o *operator) final(txs []*chain.SignedTx) {
	for _, tx := range txs {
		o.pending = slices.DeleteFunc(o.pending, func(p *chain.SignedTx) bool {
			return p.Tx.From == tx.Tx.From && p.Tx.Nonce <= tx.Tx.Nonce
		})
	}
}

// Bond has the treasury bond stake to a node, which must be a validator or about
// to be registered. It reports false, and does nothing, for one that is not to
// be trusted, and while too much is under way already.
func (w *World) Bond(to *Node, amount uint64) bool {
	o := w.load.owner
	if !to.Trusted() || len(o.pending) >= 512 {
		return false
	}
	to.bonded += amount
	o.pay(chain.Tx{Kind: chain.TxStake, To: to.public.Address, Amount: amount})
	return true
}

// Register sends a follower's registration as a validator, without stake.
func (w *World) Register(n *Node) {
	o := w.load.owner
	r := &chain.Registration{Keys: n.public.Keys}
	msg := chain.RegistrationMessage(w.genesisHash, n.public.Address, &r.Keys)
	r.ConsensusProof, r.VRFProof, r.PeerProof = n.Consensus.Sign(msg), n.VRF.Sign(msg), n.Peer.Sign(msg)
	if fee := w.genesis.Params.MinFee; fee > 0 {
		o.pay(chain.Tx{Kind: chain.TxTransfer, To: n.public.Address, Amount: fee})
	}
	o.send(n.Account, chain.Tx{Kind: chain.TxRegister, Nonce: 1, To: n.public.Address, Payload: chain.Encode(r)})
}

// Weight is the most stake that a node may have: also what was only asked for counts.
func (n *Node) Weight() uint64 { return n.Stake + n.bonded }

// Trusted reports whether a node's stake counts as honest, and the node is alone with its keys.
func (n *Node) Trusted() bool {
	return !n.byzantine && !n.handicapped && n.excused == "" && n.twinOf == nil
}

// leastStake is the least there may be in all: honest stake only grows.
func (w *World) leastStake() (total uint64) {
	for _, v := range w.Validators() {
		total += v.Stake
	}
	return total
}

// UnderWay is how many transactions of the operator are not final.
func (w *World) UnderWay() int { return len(w.load.owner.pending) }
