package store

import "sync"

// stateCache holds state values at the tip that were lately written or read: an account is looked at when its transaction
// comes, when it is executed and when the pool is cleared, and a read of the database costs more than its signature.
//
// Values as small as an account's lie in the map itself, beside their keys. With 100,000 accounts each is far from the last one
// in memory, and to follow a pointer to the key and one to the value takes twice as long.
type stateCache struct {
	mu     sync.Mutex
	height uint64 // of the tip whose values these are
	small  *generations[smallKey, smallValue]
	large  *generations[string, []byte] // nil values: nothing is there
}

// smallKey is a key of smallKeySize bytes, which those of accounts have.
type smallKey [smallKeySize]byte

// smallValue is a value of at most smallValueSize bytes.
type smallValue struct {
	size  uint8 // nothing: nothing is there
	bytes [smallValueSize]byte
}

const (
	smallKeySize   = 1 + 32
	smallValueSize = 22
	nothing        = 255

	// smallCost is the bytes of a small entry: a map is seven eighths full at most, and half as full at times.
	smallCost = 80
	// largeOverhead is the bytes of a large one beside key and value: their headers, and the map's room.
	largeOverhead = 80
)

func newStateCache(bytes int64) *stateCache {
	return &stateCache{
		// Accounts are nearly all of a state, and of what is asked for.
		small: newGenerations(bytes*7/8/2, func(smallKey, smallValue) int64 { return smallCost }),
		large: newGenerations(bytes/8/2, func(k string, v []byte) int64 { return int64(len(k)+len(v)) + largeOverhead }),
	}
}

func fits(value []byte) bool { return len(value) <= smallValueSize }

func pack(value []byte) (v smallValue) {
	v.size = nothing
	if value != nil {
		v.size = uint8(copy(v.bytes[:], value)) // fits was asked
	}
	return v
}

// get gives the value of a key at the tip, nil if nothing is there, if the cache knows it. Change nothing in it.
func (c *stateCache) get(key []byte) (value []byte, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.find(key)
}

func (c *stateCache) find(key []byte) (value []byte, known bool) {
	if len(key) == smallKeySize {
		v, ok := c.small.get(smallKey(key))
		switch {
		case ok && v.size == nothing:
			return nil, true
		case ok:
			return append(make([]byte, 0, smallValueSize), v.bytes[:v.size]...), true
		}
	}
	return c.large.get(string(key))
}

// at is get if the tip is that of a height; the cache may be ahead of a reader.
func (c *stateCache) at(key []byte, height uint64) (value []byte, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.height != height {
		return nil, false
	}
	return c.find(key)
}

// add takes in a value that was read at the tip of a height, if that is still the tip.
func (c *stateCache) add(key, value []byte, height uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.height != height {
		return
	}
	if len(key) == smallKeySize && fits(value) {
		c.small.add(smallKey(key), pack(value))
	} else {
		c.large.add(string(key), value)
	}
}

// apply makes the changes of a commit, which makes height the tip's.
func (c *stateCache) apply(changes []KV, height uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.height = height
	for i := range changes {
		key, value := changes[i].Key, changes[i].Value
		switch {
		case len(key) != smallKeySize:
			c.large.set(string(key), value)
		case fits(value):
			c.small.set(smallKey(key), pack(value))
			c.large.remove(string(key))
		default:
			c.large.set(string(key), value)
			c.small.remove(smallKey(key))
		}
	}
}
