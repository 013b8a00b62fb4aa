package consensus

import (
	"fmt"

	"github.com/posnet/posnet/node/chain"
)

// Held is what a core keeps of its height, counted.
type Held struct {
	Validators int // of the height
	Rounds     int // rounds with a state
	Blocks     int // proposed blocks
	Votes      int
}

// Holds reports whether a block is among the proposed ones that are kept.
func (c *Core) Holds(hash chain.Hash) bool { return c.blocks[hash] != nil }

// Held counts what is kept now.
func (c *Core) Held() Held {
	h := Held{Validators: c.rules.Set.Len(), Rounds: len(c.rounds), Blocks: len(c.blocks)}
	//arch:orderless a sum
	for _, r := range c.rounds {
		for _, t := range []*tally{r.prevotes, r.precommits} {
			for _, votes := range t.votes {
				h.Votes += len(votes)
			}
		}
	}
	return h
}

// Check names the bound that is broken, if one is. A round is kept while it is
// one of the last, the lock's, the valid value's, or among the two highest that
// a validator has spoken in.
func (h Held) Check() error {
	rounds := keptRounds + 3 + futureRounds*h.Validators
	for _, b := range []struct {
		what        string
		held, bound int
	}{
		{"rounds", h.Rounds, rounds},
		{"blocks", h.Blocks, maxBlocks},
		{"votes", h.Votes, 2 * rounds * h.Validators * maxVotes},
	} {
		if b.held > b.bound {
			return fmt.Errorf("%d %s of the height are held, above the bound of %d", b.held, b.what, b.bound)
		}
	}
	return nil
}
