package node

import (
	"sync"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// recentBlocks is how many blocks a node remembers the times of.
const recentBlocks = 4096

// recent remembers when the latest blocks were seen and final here. It is lost
// at a restart, and says nothing of blocks that were fetched.
type recent struct {
	mu    sync.Mutex
	times map[chain.Hash]blockTimes
	order []chain.Hash
}

type blockTimes struct{ seen, final time.Time }

func newRecent() *recent { return &recent{times: map[chain.Hash]blockTimes{}} }

func (r *recent) put(h chain.Hash, t blockTimes) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.order) == recentBlocks {
		delete(r.times, r.order[0])
		r.order = r.order[1:]
	}
	r.order = append(r.order, h)
	r.times[h] = t
}

func (r *recent) get(h chain.Hash) blockTimes {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.times[h]
}
