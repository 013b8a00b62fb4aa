package mempool

import "container/heap"

// order is a priority queue whose items know their position, so that any of them can be moved or taken out.
type order[T any] struct {
	items  []T
	before func(a, b T) bool
	place  func(item T, i int) // called with -1 when the item has left
}

func (o *order[T]) push(item T)  { heap.Push((*heapOf[T])(o), item) }
func (o *order[T]) fix(i int)    { heap.Fix((*heapOf[T])(o), i) }
func (o *order[T]) take(i int)   { heap.Remove((*heapOf[T])(o), i) }
func (o *order[T]) len() int     { return len(o.items) }
func (o *order[T]) first() (f T) { return o.items[0] }

// heapOf gives order the methods container/heap wants, out of sight.
type heapOf[T any] order[T]

func (h *heapOf[T]) Len() int           { return len(h.items) }
func (h *heapOf[T]) Less(i, j int) bool { return h.before(h.items[i], h.items[j]) }

func (h *heapOf[T]) Swap(i, j int) {
	h.items[i], h.items[j] = h.items[j], h.items[i]
	h.place(h.items[i], i)
	h.place(h.items[j], j)
}

func (h *heapOf[T]) Push(x any) {
	item := x.(T)
	h.items = append(h.items, item)
	h.place(item, len(h.items)-1)
}

func (h *heapOf[T]) Pop() any {
	last := len(h.items) - 1
	item := h.items[last]
	var none T
	h.items[last] = none // let it be collected
	h.items = h.items[:last]
	h.place(item, -1)
	return item
}
