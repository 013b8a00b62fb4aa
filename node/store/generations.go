package store

// generations is a cache of what was lately used, in two generations. Entries are put in, and on use moved to, the young one; when
// that is full it becomes the old one, and what was in the old one is dropped. That keeps what is used, in constant time and
// without an order list.
type generations[K comparable, V any] struct {
	half  int64 // bytes in one generation
	size  int64 // bytes in young
	cost  func(K, V) int64
	young map[K]V
	old   map[K]V
}

func newGenerations[K comparable, V any](half int64, cost func(K, V) int64) *generations[K, V] {
	return &generations[K, V]{half: half, cost: cost, young: map[K]V{}}
}

func (g *generations[K, V]) get(key K) (V, bool) {
	if v, ok := g.young[key]; ok {
		return v, true
	}
	v, ok := g.old[key]
	if ok {
		delete(g.old, key)
		g.put(key, v)
	}
	return v, ok
}

// add puts in an entry if there is none of its key in the young generation.
func (g *generations[K, V]) add(key K, v V) {
	if _, ok := g.young[key]; !ok {
		delete(g.old, key)
		g.put(key, v)
	}
}

// set puts in an entry, in the place of another of its key.
func (g *generations[K, V]) set(key K, v V) {
	if was, ok := g.young[key]; ok {
		g.size += g.cost(key, v) - g.cost(key, was)
		g.young[key] = v
		return
	}
	delete(g.old, key)
	g.put(key, v)
}

// remove takes an entry out.
func (g *generations[K, V]) remove(key K) {
	if was, ok := g.young[key]; ok {
		g.size -= g.cost(key, was)
		delete(g.young, key)
		return
	}
	delete(g.old, key)
}

// put adds an entry that is in neither generation.
func (g *generations[K, V]) put(key K, v V) {
	cost := g.cost(key, v)
	if g.size+cost > g.half {
		g.young, g.old, g.size = map[K]V{}, g.young, 0
	}
	g.young[key] = v
	g.size += cost
}
