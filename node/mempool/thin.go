package mempool

import (
	"sync"

	"github.com/posnet/posnet/node/chain"
)

// slot is what one call brought for a nonce of an account: at most one of it can stay.
type slot struct {
	first chain.Hash // id
	n     int        // whose signatures are to be verified
	fee   uint64     // the highest of them
}

// place is a nonce of an account.
type place struct {
	from  chain.Address
	nonce uint64
}

// allSlots are maps to be used again.
var allSlots = sync.Pool{New: func() any { return map[place]slot{} }}

// perSlot is how many of one call may have their signatures verified for one nonce of an account, whatever they pay: a
// forged one must not keep the true one out, and thousands of forged ones must not cost thousands of verifications.
const perSlot = 2

// thin refuses those of one call that come after perSlot others with their sender and nonce, unless they pay enough to
// replace all of them.
func thin(results []Result) {
	if len(results) <= perSlot {
		return
	}
	slots := allSlots.Get().(map[place]slot)
	defer func() { clear(slots); allSlots.Put(slots) }()
	for i := range results {
		if results[i].Err != nil {
			continue
		}
		tx := results[i].Tx
		at := place{tx.Body.From, tx.Body.Nonce}
		s, there := slots[at]
		switch {
		case !there:
			s.first = tx.ID
		case s.n < perSlot || tx.Body.Fee >= replacementFee(s.fee):
		case tx.ID == s.first:
			results[i].refuse(chain.Refuse(chain.RefusedDuplicate, "transaction %s comes several times in one batch: no need to send it again", tx.ID))
			continue
		default:
			results[i].refuse(chain.Refuse(chain.RefusedFee, "%d others before it in the batch have the same sender and nonce %d: to replace them pay a fee of at least %s POS",
				s.n, tx.Body.Nonce, chain.FormatPOS(replacementFee(s.fee))))
			continue
		}
		s.n++
		s.fee = max(s.fee, tx.Body.Fee)
		slots[at] = s
	}
}
