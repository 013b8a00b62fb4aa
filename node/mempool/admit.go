package mempool

import (
	"fmt"

	"github.com/posnet/posnet/node/chain"
)

// Add admits a signed transaction in its canonical encoding. The error is a [*chain.Refusal] that says what to change,
// or the failure of the store. A refused transaction leaves the pool as it was.
//
// The pool keeps a copy of what it lets in.
func (p *Pool) Add(raw []byte) (*Tx, error) {
	r := p.AddAll([][]byte{raw})
	return r[0].Tx, r[0].Err
}

// Result is what became of one transaction of [Pool.AddAll]: one of Tx and Err is nil.
type Result struct {
	ID  chain.Hash // zero if what came is no transaction
	Tx  *Tx
	Err error
}

func (r *Result) refuse(err error) { r.Tx, r.Err = nil, err }

// AddAll is [Pool.Add] for several transactions of one sender, in their order. Their signatures are verified together,
// which costs about half.
func (p *Pool) AddAll(raws [][]byte) []Result { return p.addAll(raws, 0) }

// AddOwn is [Pool.AddAll] for transactions of this node's clients. They are refused while half of the room is left, so
// that what peers have let in already finds room here, unless they pay more than what waits. A pool that its own clients could
// fill would hold other transactions than those of its peers, and after an overload all of them would have to be worked off.
func (p *Pool) AddOwn(raws [][]byte) []Result { return p.addAll(raws, ownReserve) }

// ownReserve is the part of the room, one in so many, that is not for this node's clients.
const ownReserve = 2

// Crowded reports whether AddOwn would refuse a transaction that does not pay more than others.
func (p *Pool) Crowded() bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.crowded(0, ownReserve)
}

func (p *Pool) addAll(raws [][]byte, reserve int) []Result {
	results := make([]Result, len(raws))
	for i, raw := range raws {
		if results[i].Tx, results[i].Err = open(raw); results[i].Err == nil {
			results[i].ID = results[i].Tx.ID
		}
	}
	p.glance(results, reserve)
	thin(results)
	p.verify(results)
	p.admit(results, reserve)
	return results
}

// open decodes raw and does all checks that need neither state nor curve arithmetic.
func open(raw []byte) (*Tx, error) {
	if len(raw) > chain.MaxTxBytes {
		return nil, chain.Refuse(chain.RefusedTooLarge,
			"the transaction has %d bytes, at most %d are allowed: shorten the memo", len(raw), chain.MaxTxBytes)
	}
	signed, err := chain.DecodeTx(raw)
	if err != nil {
		return nil, chain.Refuse(chain.RefusedMalformed, "%v", err)
	}
	return &Tx{ID: chain.Sum(chain.BodyOf(raw)), Body: &signed.Tx, Raw: raw, signed: signed, due: -1}, nil
}

func stateError(addr chain.Address, err error) error {
	return fmt.Errorf("look up account %s for the transaction pool: %w", addr, err)
}
