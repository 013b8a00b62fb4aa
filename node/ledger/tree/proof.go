package tree

import "fmt"

// Leaf is one pair of the set.
type Leaf struct {
	Key       Hash
	ValueHash Hash
}

// Proof shows where the way from the root along the bits of a key ends: at the
// key's own leaf (it is in the set), at the leaf of another key, or at nothing
// (it is not). The compact rule makes these the only ends there are.
type Proof struct {
	// Siblings are the hashes beside the way, the one below the root first;
	// Empty where there is nothing.
	Siblings []Hash
	// End is the leaf where the way ends, or nil where it ends at nothing.
	End *Leaf
}

// Prove makes the proof that key is, or is not, in the stored version. It fails
// with [ErrMissing] when the version was never stored or has been pruned.
func Prove(r Reader, version Version, key Hash) (Proof, error) {
	var p Proof
	n, below := new(node), (*Node)(nil)
	for depth := 0; depth <= maxDepth; depth++ {
		if below == nil {
			var err error
			if below, err = load(r, keyAt(version, depth, &key)); err != nil {
				return Proof{}, fmt.Errorf("prove %x at version %d: %w", key, version, err)
			}
		}
		n.open(below)
		end, done := n.descend(nibble(&key, depth), depth == 0, &p)
		if done {
			if end.kind == leaf {
				c := &n.children[end.slot]
				p.End = &Leaf{Key: c.key, ValueHash: c.value}
			}
			return p, nil
		}
		version, below = n.children[end.slot].version, n.children[end.slot].node
	}
	return Proof{}, fmt.Errorf("prove %x: subtree below depth %d: %w", key, maxDepth, ErrCorrupt)
}

// descend follows the four bits of slot through the node, adding siblings to p,
// until the way ends (done) or reaches a child that is a node of its own. Only
// the top node may itself be a leaf or nothing.
func (n *node) descend(slot int, top bool, p *Proof) (end part, done bool) {
	// parts is the node as a binary heap: 1 the node, 2 and 3 its halves, ...,
	// 16 to 31 its children.
	var parts [32]part
	for i := range 16 {
		n.slot(i, &parts[16+i])
	}
	for i := 15; i > 0; i-- {
		join(&parts[2*i], &parts[2*i+1], &parts[i])
	}
	if top && parts[1].kind != inner {
		return parts[1], true
	}
	for shift := 3; shift >= 0; shift-- {
		at := (16 + slot) >> shift
		p.Siblings = append(p.Siblings, parts[at^1].hash)
		if parts[at].kind != inner {
			return parts[at], true
		}
	}
	return parts[16+slot], false
}

// VerifyInclusion checks that p shows the pair (key, valueHash) in the set whose
// root is given. It fails with [ErrProof] otherwise.
func VerifyInclusion(root, key, valueHash Hash, p Proof) error {
	if p.End == nil || p.End.Key != key || p.End.ValueHash != valueHash {
		return fmt.Errorf("the proof ends at another leaf or at none: %w", ErrProof)
	}
	return p.check(&root, &key)
}

// VerifyAbsence checks that p shows that no pair of the set whose root is given
// has this key. It fails with [ErrProof] otherwise.
func VerifyAbsence(root, key Hash, p Proof) error {
	if p.End != nil && p.End.Key == key {
		return fmt.Errorf("the proof shows the key present: %w", ErrProof)
	}
	return p.check(&root, &key)
}

// check hashes the way up from the end and compares what comes out to root.
func (p *Proof) check(root, key *Hash) error {
	if err := p.shape(); err != nil {
		return err
	}
	hash := Empty
	if p.End != nil {
		for i := range p.Siblings {
			if bit(&p.End.Key, i) != bit(key, i) {
				return fmt.Errorf("the leaf at the end does not lie on the key's way: %w", ErrProof)
			}
		}
		hash = hashLeaf(&p.End.Key, &p.End.ValueHash)
	}
	for i := len(p.Siblings) - 1; i >= 0; i-- {
		if bit(key, i) == 0 {
			hash = hashInner(&hash, &p.Siblings[i])
		} else {
			hash = hashInner(&p.Siblings[i], &hash)
		}
	}
	if hash != *root {
		return fmt.Errorf("the way leads to root %x, not %x: %w", hash, *root, ErrProof)
	}
	return nil
}

// shape refuses proofs that Prove never makes, so that one fact has one proof.
func (p *Proof) shape() error {
	n := len(p.Siblings)
	if n > MaxSiblings {
		return fmt.Errorf("%d siblings, at most %d: %w", n, MaxSiblings, ErrProof)
	}
	if n > 0 && p.Siblings[n-1] == Empty {
		return fmt.Errorf("nothing beside the end, which would have moved up: %w", ErrProof)
	}
	return nil
}
