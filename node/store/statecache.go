package store

import "sync"

// stateCache holds state values at the tip that were lately written or read: an account is looked at when its transaction
// comes, when it is executed and when the pool is cleared, and a read of the database costs more than its signature.
//
// Its two generations are those of [nodeCache].
type stateCache struct {
	mu     sync.Mutex
	half   int64  // bytes in one generation
	size   int64  // bytes in young
	height uint64 // of the tip whose values these are
	young  map[string][]byte
	old    map[string][]byte // nil values: nothing is there
}

// stateOverhead is the bytes of an entry beside key and value: their headers, and the map's room.
const stateOverhead = 80

func newStateCache(bytes int64) *stateCache {
	return &stateCache{half: bytes / 2, young: map[string][]byte{}}
}

// get gives the value of a key at the tip, nil if nothing is there, if the cache knows it. Change nothing in it.
func (c *stateCache) get(key []byte) (value []byte, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.young[string(key)]; ok {
		return v, true
	}
	v, ok := c.old[string(key)]
	if ok {
		delete(c.old, string(key))
		c.put(string(key), v)
	}
	return v, ok
}

// add takes in a value that was read at the tip of a height, if that is still the tip.
func (c *stateCache) add(key, value []byte, height uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.height != height {
		return
	}
	if _, ok := c.young[string(key)]; !ok {
		delete(c.old, string(key))
		c.put(string(key), value)
	}
}

// apply makes the changes of a commit, which makes height the tip's.
func (c *stateCache) apply(changes []KV, height uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.height = height
	for i := range changes {
		key := string(changes[i].Key)
		if v, ok := c.young[key]; ok {
			c.size += int64(len(changes[i].Value) - len(v))
			c.young[key] = changes[i].Value
			continue
		}
		delete(c.old, key)
		c.put(key, changes[i].Value)
	}
}

// put adds an entry that is in neither generation.
func (c *stateCache) put(key string, value []byte) {
	cost := int64(len(key)+len(value)) + stateOverhead
	if c.size+cost > c.half {
		c.young, c.old, c.size = map[string][]byte{}, c.young, 0
	}
	c.young[key] = value
	c.size += cost
}
