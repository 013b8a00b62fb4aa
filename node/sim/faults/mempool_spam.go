package faults

import (
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var mempoolSpam = define("mempool-spam", Byzantine, "transactions by the hundred that cannot apply, cost nothing, or fill the pool",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		for _, n := range w.Nodes() {
			n.Pool.MaxTxs, n.Pool.MaxBytes, n.Pool.MaxPerAccount = 200, 64<<10, 64 // so that they fill
		}
		attackers(f, w, r, func(a *attacker) {
			nonces := map[chain.Address]uint64{}
			a.sometimes(100, func(v replica.View) {
				for range 1 + a.r.IntN(8) {
					a.world.Submit(a.junk(v, nonces), a.r)
					a.struck()
				}
			})
		})
	})

// junk is a transaction that nobody needs.
func (a *attacker) junk(v replica.View, nonces map[chain.Address]uint64) []byte {
	key := a.Account
	if a.chance(0.7) {
		key = keys.FromSeed(chain.Sum([]byte("spammer"), chain.Uint64(a.r.Uint64N(50))))
	}
	next := nonces[key.Public()] + 1
	tx := chain.Tx{Kind: chain.TxTransfer, From: key.Public(), Nonce: next, To: a.Address(), Amount: 1, Memo: make([]byte, chain.MaxMemoBytes)}
	switch a.r.IntN(6) {
	case 0: // far ahead
		tx.Nonce += a.r.Uint64N(2000)
	case 1: // expires at once
		tx.ValidUntil = v.Height + a.r.Uint64N(3)
	case 2:
		raw := make([]byte, chain.MaxTxBytes+a.r.IntN(2))
		for i := range raw {
			raw[i] = byte(a.r.IntN(256))
		}
		return raw
	case 3, 4: // costs nothing where there is no least fee, and takes four signatures to check
		set := func(name string) keys.PrivateKey {
			return keys.FromSeed(chain.Sum([]byte(name), tx.From[:]))
		}
		c, vrf, p := set("consensus"), set("vrf"), set("peer")
		reg := chain.Registration{Keys: chain.ValidatorKeys{Consensus: c.Public(), VRF: vrf.Public(), Peer: p.Public()}}
		msg := chain.RegistrationMessage(a.genesis, tx.From, &reg.Keys)
		reg.ConsensusProof, reg.VRFProof, reg.PeerProof = c.Sign(msg), vrf.Sign(msg), p.Sign(msg)
		tx.Kind, tx.To, tx.Amount, tx.Payload = chain.TxRegister, tx.From, 0, chain.Encode(&reg)
	}
	return a.world.SignTx(key, &tx)
}
