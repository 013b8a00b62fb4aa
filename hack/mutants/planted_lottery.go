package main

var lottery = []Mutant{
	{
		ID:   "reference-by-modulo",
		Bug:  "The reference is a remainder, not a product: low lots win more often, and implementations disagree.",
		File: "node/stake/lottery.go",
		Old:  "if lo >= threshold {\n\t\t\treturn hi, ctr + 1",
		New:  "if lo >= threshold {\n\t\t\treturn binary.BigEndian.Uint64(h[:8]) % total, ctr + 1 + hi - hi",
	}, {
		ID:   "biased-tail-kept",
		Bug:  "Values of the biased tail are not drawn again: with much stake some lots win more often than others.",
		File: "node/stake/lottery.go",
		Old:  `threshold := -total % total // (2^64 - total) mod total`,
		New:  `threshold := -total % total / total`,
	}, {
		ID:   "reference-in-floating-point",
		Bug:  "The reference is computed with floating point: with much stake whole lots never win, and platforms may differ.",
		File: "node/stake/lottery.go",
		Old:  "if lo >= threshold {\n\t\t\treturn hi, ctr + 1",
		New:  "if lo >= threshold {\n\t\t\thi = uint64(float64(binary.BigEndian.Uint64(h[:8])) / (1 << 64) * float64(total))\n\t\t\treturn hi, ctr + 1",
	}, {
		ID:   "round-not-drawn",
		Bug:  "Every round draws the same reference: an absent winner's neighbour always follows it.",
		File: "node/stake/lottery.go",
		Old:  `chain.Uint64(height), chain.Uint64(round), chain.Uint64(ctr))`,
		New:  `chain.Uint64(height), chain.Uint64(ctr))`,
	}, {
		ID:   "height-not-drawn",
		Bug:  "The height does not enter the draw: after a round without a proof of the seed the outcome repeats.",
		File: "node/stake/lottery.go",
		Old:  `chain.Uint64(height), chain.Uint64(round), chain.Uint64(ctr))`,
		New:  `chain.Uint64(round), chain.Uint64(ctr))`,
	}, {
		ID:   "redraw-draws-the-same",
		Bug:  "A value of the biased tail is drawn again with the same counter: with much stake the lottery never ends, and the chain halts.",
		File: "node/stake/lottery.go",
		Old:  `chain.Uint64(round), chain.Uint64(ctr))`,
		New:  `chain.Uint64(round), chain.Uint64(ctr*0))`,
		Hang: true,
	}, {
		ID:   "winner-draws-again",
		Bug:  "The winner of an earlier round stays in the draw: a heavy validator that is down is drawn round after round.",
		File: "node/stake/lottery.go",
		Old:  "for i := range n {\n\t\tx, _ := Reference",
		New:  "for i := range min(n, 0) {\n\t\tx, _ := Reference",
	}, {
		ID:   "arc-ends-one-late",
		Bug:  "The first lot of an arc belongs to the validator before it: one lot too many for one, one too few for the other.",
		File: "node/stake/lottery.go",
		Old:  `return s.ends[i] > x })`,
		New:  `return s.ends[i] >= x })`,
	}, {
		ID:   "cycle-never-restarts",
		Bug:  "After as many rounds as there are validators nobody is left to draw: the node stops in a long height.",
		File: "node/stake/lottery.go",
		Old:  "func (s *Set) Winner(seed chain.Hash, height, round uint64) int {\n\tcycle := round % uint64(len(s.validators))",
		New:  "func (s *Set) Winner(seed chain.Hash, height, round uint64) int {\n\tcycle := round",
	}, {
		ID:   "offset-counts-backwards",
		Bug:  "The draw shows counter-clockwise offsets: what people check by hand does not match the rule.",
		File: "node/stake/lottery.go",
		Old:  `a.Offset = ring.total - d.Reference + a.Start`,
		New:  `a.Offset = d.Reference - a.End + 1`,
	},
}

var seed = []Mutant{
	{
		ID:   "seed-without-vrf",
		Bug:  "The VRF output does not enter the seed: every winner to come is known for ever.",
		File: "node/stake/lottery.go",
		Old:  `return chain.Sum(seed[:], beta)`,
		New:  `return chain.Sum(seed[:], []byte("skip"))`,
	}, {
		ID:   "seed-does-not-chain",
		Bug:  "A seed depends on the last forger alone: it chooses the next winner among the outputs it knows.",
		File: "node/stake/lottery.go",
		Old:  `return chain.Sum(seed[:], beta)`,
		New:  `return chain.Sum(beta)`,
	}, {
		ID:   "skipped-seed-stays",
		Bug:  "A height that was decided in a later round leaves the seed as it was: its draws repeat.",
		File: "node/stake/lottery.go",
		Old:  `return chain.Sum(seed[:], []byte("skip"))`,
		New:  `return seed`,
	}, {
		ID:   "proof-of-another-height",
		Bug:  "The height is not in what a forger proves: a proof of one height serves at another with the same seed.",
		File: "node/stake/lottery.go",
		Old:  `return binary.BigEndian.AppendUint64(b, height)`,
		New:  `return b`,
	}, {
		ID:   "proof-without-the-seed",
		Bug:  "The seed is not in what a forger proves: its output of each height is known to it from the start.",
		File: "node/stake/lottery.go",
		Old:  "b = append(b, seed[:]...)\n",
		New:  "b = append(b, make([]byte, len(seed))...)\n",
	}, {
		ID:   "vrf-unverified",
		Bug:  "The VRF proof is read and not verified: a forger writes any seed it likes, and chooses who wins next.",
		File: "node/consensus/verify.go",
		Old:  `beta, err := r.Known.VRFVerify(r.Set.At(i).Keys.VRF, stake.VRFInput(r.Genesis, r.Seed, r.Height), [chain.VRFProofBytes]byte(h.VRFProof))`,
		New:  `beta, err := keys.VRFHash([chain.VRFProofBytes]byte(h.VRFProof[:len(h.VRFProof)+0*i]))`,
	}, {
		ID:   "vrf-of-another-validator",
		Bug:  "A VRF proof may be by the key of any validator: friends of the forger offer it outputs to choose from.",
		File: "node/consensus/verify.go",
		Old:  "if err != nil {\n\t\treturn nil, fmt.Errorf(\"block %d: the VRF proof is wrong",
		New: "for j := 0; err != nil && j < r.Set.Len(); j++ {\n" +
			"\t\tbeta, err = keys.VRFVerify(r.Set.At(j).Keys.VRF, stake.VRFInput(r.Genesis, r.Seed, r.Height), [chain.VRFProofBytes]byte(h.VRFProof))\n\t}\n" +
			"\tif err != nil {\n\t\treturn nil, fmt.Errorf(\"block %d: the VRF proof is wrong",
	}, {
		ID:   "genesis-seed-of-all-networks",
		Bug:  "Every network starts from the same seed: who wins its first heights is known before it begins.",
		File: "node/stake/lottery.go",
		Old:  `return chain.Sum([]byte("posnet/seed/v1"), genesis[:])`,
		New:  `return chain.Sum([]byte("posnet/seed/v1"))`,
	},
}

var setTiming = []Mutant{
	{
		ID:   "set-acts-a-height-early",
		Bug:  "A change of stake acts one height before its time: nodes that restart in between draw another winner.",
		File: "node/ledger/sets.go",
		Old:  `From: x.in.Height + x.params.SetDelay,`,
		New:  `From: x.in.Height + x.params.SetDelay - 1,`,
	}, {
		ID:   "set-acts-at-once",
		Bug:  "A change of stake acts from the next height: whoever knows the seed moves the arcs under the needle.",
		File: "node/ledger/sets.go",
		Old:  `From: x.in.Height + x.params.SetDelay,`,
		New:  `From: x.in.Height + 1,`,
	}, {
		ID:   "set-picked-a-height-early",
		Bug:  "A scheduled set is picked one height before it acts: its certificate is checked under the wrong set.",
		File: "node/ledger/apply.go",
		Old:  `if sets[i].From <= height {`,
		New:  `if sets[i].From <= height+1 {`,
	}, {
		ID:   "next-set-is-this-one",
		Bug:  "The header commits to the set of its own height as the next: a light client misses every change.",
		File: "node/ledger/apply.go",
		Old:  `next, err := SetAt(x.sets, x.in.Height+1, x.in.Sets)`,
		New:  `next, err := SetAt(x.sets, x.in.Height, x.in.Sets)`,
	}, {
		ID:   "set-dropped-early",
		Bug:  "The set of a height is dropped before the next block brings its certificate: after a restart it cannot be checked.",
		File: "node/ledger/sets.go",
		Old:  `x.sets[1].From <= x.in.Height {`,
		New:  `x.sets[1].From <= x.in.Height+1 {`,
	}, {
		ID:   "jailed-keeps-its-place",
		Bug:  "A validator that contradicted itself keeps its stake in the set: it goes on voting.",
		File: "node/ledger/sets.go",
		Old:  `zero := uint64(0)`,
		New:  `zero := v.Bonded`,
	}, {
		ID:   "stake-frees-the-jailed",
		Bug:  "New stake brings a jailed validator back into the set: a slash costs it one transaction.",
		File: "node/ledger/tx.go",
		Old:  "if v.JailedAt != 0 {\n\t\treturn nil\n\t}",
		New:  "if v.JailedAt > x.in.Height {\n\t\treturn nil\n\t}",
	}, {
		ID:   "pending-change-forgotten",
		Bug:  "A set change that is still to come does not make a block due: on a quiet network new stake never counts.",
		File: "node/ledger/apply.go",
		Old:  `Pending: x.sets[len(x.sets)-1].From > x.in.Height+1,`,
		New:  `Pending: x.sets[len(x.sets)-1].From < x.in.Height+1,`,
	}, {
		ID:   "set-grows-past-its-room",
		Bug:  "A set takes any number of members: their certificate does not fit a block any more, and the chain halts.",
		File: "node/ledger/tx.go",
		Old:  `if x.joining >= setRoom(&x.params)-x.latest.Len() {`,
		New:  `if x.joining > setRoom(&x.params)-x.latest.Len() {`,
	}, {
		ID:   "past-set-not-recorded",
		Bug:  "The set a height was drawn with is not kept when it changes: nobody can check the draw later.",
		File: "node/replica/history.go",
		Old:  `if r.prevSet != nil && r.prevSet.Hash() == r.tip.set.Hash() {`,
		New:  `if r.prevSet != nil {`,
	},
}
