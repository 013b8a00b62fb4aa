package tree

import "math/bits"

// part is a position between a node's children and the node itself: a subtree
// in one of the three forms, its hash, and the slot of the leaf when it is one.
type part struct {
	hash Hash
	kind kind
	slot uint8
}

// join applies the root rule to two neighbouring positions, writing into out
// (which may be l or r).
func join(l, r, out *part) {
	switch {
	case l.kind == empty && r.kind != inner:
		*out = *r
	case r.kind == empty && l.kind != inner:
		*out = *l
	default:
		out.hash = hashInner(&l.hash, &r.hash)
		out.kind = inner
	}
}

// slot gives child i as a part, hashing a leaf at most once.
func (n *node) slot(i int, out *part) {
	c := &n.children[i]
	out.kind, out.slot = n.kind(i), uint8(i)
	switch {
	case out.kind == empty:
		out.hash = Empty
		return
	case out.kind == leaf && n.hashed>>i&1 == 0:
		c.hash = hashLeaf(&c.key, &c.value)
		n.hashed |= 1 << i
	}
	out.hash = c.hash
}

// reduceQuarter gives children 4q..4q+3 as one part, from the stored hash when
// it is up to date.
func (n *node) reduceQuarter(q int, out *part) {
	if n.known>>q&1 == 1 {
		out.kind, out.hash = inner, n.quarter[q]
		return
	}
	switch quarterKind(n.used, n.leaves, q) {
	case empty:
		out.kind, out.hash = empty, Empty
	case leaf:
		n.slot(4*q+bits.TrailingZeros16(n.used>>(4*q)), out)
	case inner:
		var p [4]part
		for i := range p {
			n.slot(4*q+i, &p[i])
		}
		join(&p[0], &p[1], &p[0])
		join(&p[2], &p[3], &p[2])
		join(&p[0], &p[2], out)
		n.quarter[q], n.known = out.hash, n.known|1<<q
	}
}

// reduce gives the whole node as one part. Afterwards every quarter that is an
// inner subtree is known, as encode needs it.
func (n *node) reduce() part {
	var p [4]part
	for q := range p {
		n.reduceQuarter(q, &p[q])
	}
	join(&p[0], &p[1], &p[0])
	join(&p[2], &p[3], &p[2])
	join(&p[0], &p[2], &p[0])
	return p[0]
}
