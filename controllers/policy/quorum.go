package policy

import (
	"slices"
)

// Quorum reports whether part is more than two thirds of total.
func Quorum(part, total uint64) bool { return 3*part > 2*total }

// MaxUnavailable is how many validator pods may be evicted at once: the largest k whose heaviest k leave a quorum of total,
// all stake of the chain, so that it does not matter which k go. When not even one may go, k is 1 all the same and
// tolerant is false: a budget of 0 would block every drain of a machine, for ever.
func MaxUnavailable(stakes []uint64, total uint64) (k int32, tolerant bool) {
	heaviestFirst := slices.Clone(stakes)
	slices.SortFunc(heaviestFirst, func(a, b uint64) int {
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		default:
			return 0
		}
	})
	left := total
	for _, s := range heaviestFirst {
		if left -= min(s, left); !Quorum(left, total) {
			break
		}
		k++
	}
	if k == 0 {
		return 1, false
	}
	return k, true
}

// SurvivesHeaviest reports whether the validators online would keep a quorum if the heaviest of them went.
func SurvivesHeaviest(online []uint64, total uint64) bool {
	if len(online) == 0 {
		return false
	}
	return Quorum(sum(online)-slices.Max(online), total)
}

func sum(stakes []uint64) uint64 {
	var total uint64
	for _, s := range stakes {
		total += s
	}
	return total
}
