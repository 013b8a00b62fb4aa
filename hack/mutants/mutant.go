package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Mutant is a planted bug.
type Mutant struct {
	// ID names it, in kebab case; unique.
	ID string
	// Area is the rule it breaks; set for all of a table by [in].
	Area string
	// Bug says in a sentence what is wrong, and what that could do to a user.
	Bug string
	// File is where it is planted, from the root of the module.
	File string
	// Old is in File exactly once, and New takes its place.
	Old, New string
	// Judges are the packages whose tests must notice, in this order; nil: those of judges.
	Judges []string
	// Hang says that a test which does not end in time counts as having noticed.
	Hang bool
}

// table is everything planted, area by area.
var table = slices.Concat(
	in("quorum", quorum), in("locks", locks), in("valid value", validValue), in("round skip", roundSkip),
	in("decision", decision), in("proposals and votes", messages), in("lottery", lottery), in("seed", seed),
	in("validator-set timing", setTiming), in("certificate check", certificates), in("block validity", validity),
	in("nonce", nonces), in("supply", supply), in("evidence", evidence), in("state root", roots),
	in("signer", signing), in("WAL order", order), in("durability", durability), in("restart", restart),
	in("catch-up verification", catchUp), in("mempool", pool), in("keys", keyRules), in("encoding", encoding),
)

func in(area string, ms []Mutant) []Mutant {
	for i := range ms {
		ms[i].Area = area
	}
	return ms
}

// judges says whose tests ought to notice a bug in a package: its own, then those built on it, the slowest last.
var judges = map[string][]string{
	"node/chain":       {"node/chain", "node/stake", "node/ledger", "node/consensus", "node/mempool", "node/replica", "node/sim"},
	"node/keys":        {"node/keys", "node/stake", "node/ledger", "node/consensus", "node/replica"},
	"node/stake":       {"node/stake", "node/consensus", "node/ledger", "node/replica", "node/sim"},
	"node/consensus":   {"node/consensus", "node/replica", "node/sim"},
	"node/ledger":      {"node/ledger", "node/replica", "node/sim"},
	"node/ledger/tree": {"node/ledger/tree", "node/ledger", "node/store"},
	"node/signer":      {"node/signer", "node/replica", "node/sim"},
	"node/wal":         {"node/wal", "node/signer", "node/replica", "node/sim"},
	"node/store":       {"node/store", "node/replica", "node/sim"},
	"node/gossip":      {"node/gossip"},
	"node/mempool":     {"node/mempool", "node/replica", "node/sim"},
	"node/replica":     {"node/replica", "node/sim"},
	"node/catchup":     {"node/catchup", "node/sim"},
}

func (m *Mutant) judges() []string {
	if m.Judges != nil {
		return m.Judges
	}
	return judges[path.Dir(m.File)]
}

// mutated is the text of the file with the bug in it.
func (m *Mutant) mutated(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.File)))
	if err != nil {
		return nil, fmt.Errorf("mutant %s: %w", m.ID, err)
	}
	switch n := strings.Count(string(text), m.Old); {
	case m.Old == "" || m.Old == m.New:
		return nil, fmt.Errorf("mutant %s: it changes nothing", m.ID)
	case n != 1:
		return nil, fmt.Errorf("mutant %s: its old text is in %s %d times, not once: bring the table in line with the code", m.ID, m.File, n)
	}
	return []byte(strings.Replace(string(text), m.Old, m.New, 1)), nil
}
