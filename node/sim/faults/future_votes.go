package faults

import (
	"math"
	"math/rand/v2"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
)

var futureVotes = define("future-votes", Byzantine, "a validator votes in rounds and heights far ahead, up to the last there are",
	func(f *Fault, w *sim.World, r *rand.Rand) {
		attackers(f, w, r, func(a *attacker) {
			a.sometimes(50, func(v replica.View) {
				h := v.Height + 1
				rounds := []uint64{v.Round, v.Round + 1, v.Round + 2, v.Round + 100, 1 << 31, chain.MaxRound - 1, chain.MaxRound, chain.MaxRound + 1}
				heights := []uint64{h, h, h, h, h + 1, h + 2, h + 1000, 1 << 62, math.MaxUint64}
				for range 8 {
					height, round := heights[a.r.IntN(len(heights))], rounds[a.r.IntN(len(rounds))]
					if height == h && round == v.Round {
						continue // the node itself votes there, and two votes are another fault
					}
					a.tell(a.others(), replica.FrameVote, a.vote(chain.VoteKind(1+a.r.IntN(2)), height, round, chain.Hash{}))
					a.struck()
				}
			})
		})
	})
