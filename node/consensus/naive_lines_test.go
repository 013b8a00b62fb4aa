package consensus

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// wantLines are the lines of Algorithm 1, each with the cases that matter, and
// the rules that the protocol adds. Random traces must reach all of them.
var wantLines = []string{
	"11 start a round", "11 start a round above 3",
	"16 propose the valid value again", "18 get a new value", "19 propose a new value", "21 propose timer",
	"24 prevote a fresh block", "24 prevote a fresh block that it is locked on",
	"26 prevote nil on a fresh block: invalid", "26 prevote nil on a fresh block: locked on another", "26 prevote nil on a fresh block: untimely",
	"28 wait for the prevotes of a re-proposal",
	"30 prevote a re-proposal without a lock", "30 prevote again what it is locked on",
	"30 prevote another block than it is locked on: unlocked by later prevotes",
	"32 prevote nil on a re-proposal: invalid", "32 prevote nil on a re-proposal: locked later on another",
	"35 prevote timer",
	"38 lock", "38 lock the same in a later round", "38 lock another block in a later round",
	"42 a valid value without a lock", "45 precommit nil", "48 precommit timer",
	"51 decide in the current round", "51 decide in an earlier round", "51 decide in a later round",
	"54 next height", "56 skip to a higher round",
	"59 prevote nil on the propose timeout", "63 precommit nil on the prevote timeout", "67 next round on the precommit timeout",

	"wake for own work", "wake for a proposal", "wake for the votes of a third",
	"a follower decides",
	"a validator contradicts itself", "another proposal of one round", "another proposal that two thirds voted for",
	"two thirds precommit what does not execute here",
	"recovery", "recovery with a lock", "a peer shows an unknown own vote",
	"resume after an own precommit", "resume after an own prevote", "resume at the start of a round",
}

// lines counts how often each was reached.
type lines struct{ count map[string]int }

func newLines() *lines { return &lines{count: map[string]int{}} }

func (l *lines) hit(line string) { l.count[line]++ }

// check prints the coverage, and fails if a line was never reached.
func (l *lines) check(t *testing.T) {
	t.Helper()
	var b strings.Builder
	for _, line := range slices.Sorted(maps.Keys(l.count)) {
		fmt.Fprintf(&b, "\n%8d  %s", l.count[line], line)
		if !slices.Contains(wantLines, line) {
			t.Errorf("the model reports a line that is not in the list: %q", line)
		}
	}
	t.Logf("lines of Algorithm 1 and of the protocol that the traces reached:%s", &b)
	for _, line := range wantLines {
		if l.count[line] == 0 {
			t.Errorf("no trace reached: %s", line)
		}
	}
}
