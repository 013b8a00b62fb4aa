package node

import (
	"math"
	"sync"
	"time"

	"github.com/posnet/posnet/node/gossip"
)

// pending lists what waits in the pool: all, or what has waited for some seconds.
func (m *member) pending(all bool) []gossip.Pending {
	pool := m.loop.replica.Pool()
	until := m.settled.before(pool.Arrived())
	if all {
		until = math.MaxUint64
	}
	txs := pool.Waiting(until)
	out := make([]gossip.Pending, len(txs))
	for i, tx := range txs {
		out[i] = gossip.Pending{ID: tx.ID, Raw: tx.Raw}
	}
	return out
}

// settled knows, without a clock in the pool, which transactions came some seconds ago.
type settled struct {
	mu         sync.Mutex
	at         time.Time
	newer, old uint64 // what had arrived at the last mark, and at the one before
}

// settledAfter is the least time between two marks.
const settledAfter = time.Second

// before gives the number of the last transaction that has waited for settledAfter at least, if arrived is that of the
// last of all.
func (s *settled) before(arrived uint64) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.at) >= settledAfter {
		s.at, s.old, s.newer = now, s.newer, arrived
	}
	return s.old
}
