package store

import (
	"sync"

	"github.com/posnet/posnet/node/ledger/tree"
)

// nodeCache holds recently made and read nodes of the state tree. A node never
// changes, so an entry is never wrong.
//
// It has two generations. Entries are put in, and on use moved to, the young
// one; when that is full it becomes the old one, and what was in the old one is
// dropped. That keeps what is used, in constant time and without an order list.
type nodeCache struct {
	mu    sync.Mutex
	half  int64 // bytes in one generation
	size  int64 // bytes in young
	young map[tree.NodeKey][]byte
	old   map[tree.NodeKey][]byte
}

// nodeOverhead is the bytes of an entry beside the node: key, slice, map slot.
const nodeOverhead = 112

func newNodeCache(bytes int64) *nodeCache {
	return &nodeCache{half: bytes / 2, young: map[tree.NodeKey][]byte{}}
}

func (c *nodeCache) get(key tree.NodeKey) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b, ok := c.young[key]; ok {
		return b, true
	}
	b, ok := c.old[key]
	if ok {
		delete(c.old, key)
		c.put(key, b)
	}
	return b, ok
}

// add takes in a node that was read.
func (c *nodeCache) add(key tree.NodeKey, b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.young[key]; !ok {
		delete(c.old, key)
		c.put(key, b)
	}
}

// apply takes in a committed change. Nodes above the version that is written were never here.
func (c *nodeCache) apply(change tree.Change, written tree.Version) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range change.Stale {
		if k.Version > written {
			continue
		}
		if b, ok := c.young[k]; ok {
			delete(c.young, k)
			c.size -= int64(len(b)) + nodeOverhead
		}
		delete(c.old, k)
	}
	for _, n := range change.New {
		c.put(n.Key, n.Bytes)
	}
}

// put adds an entry that is in neither generation.
func (c *nodeCache) put(key tree.NodeKey, b []byte) {
	cost := int64(len(b)) + nodeOverhead
	if c.size+cost > c.half {
		c.young, c.old, c.size = map[tree.NodeKey][]byte{}, c.young, 0
	}
	c.young[key] = b
	c.size += cost
}
