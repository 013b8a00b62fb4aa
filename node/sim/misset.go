package sim

// Misset puts a node's clock off by more than the chain bears, or right again
// with 0. It reports false, and does nothing, if a third of the stake had then
// such a clock: with two thirds, the chain's own time would be wrong for good.
func (n *Node) Misset(by int64) bool {
	wrong := n.Weight()
	for _, o := range n.nodes {
		if o != n && o.misled() {
			wrong += o.Weight()
		}
	}
	if by != 0 && 3*wrong >= n.leastStake() {
		return false
	}
	n.Skew = by
	return true
}

// misled reports whether a node's clock is off by more than the chain bears.
func (n *Node) misled() bool { return max(n.Skew, -n.Skew) > int64(n.genesis.Params.ClockDrift) }
