package main

var quorum = []Mutant{
	{
		ID:   "two-thirds-are-enough",
		Bug:  "A quorum of exactly two thirds is accepted: two quorums may share nobody but the faulty third, and two blocks become final.",
		File: "node/stake/quorum.go",
		Old:  `return 3*stake > 2*total }`,
		New:  `return 3*stake >= 2*total }`,
	}, {
		ID:   "half-is-enough",
		Bug:  "A simple majority is a quorum: either half of a network that is cut in two goes on alone.",
		File: "node/stake/quorum.go",
		Old:  `return 3*stake > 2*total }`,
		New:  `return 2*stake > total }`,
	}, {
		ID:   "a-third-blocks",
		Bug:  "A third exactly counts as more than a third: the faulty third alone drags everybody into other rounds.",
		File: "node/stake/quorum.go",
		Old:  `return 3*stake > total }`,
		New:  `return 3*stake >= total }`,
	}, {
		ID:   "heads-count",
		Bug:  "Each validator's vote weighs the same, whatever its stake: many poor validators outvote the stake.",
		File: "node/consensus/tally.go",
		Old:  `w := t.set.At(v.index).Stake`,
		New:  `w := t.set.Total() / uint64(t.set.Len())`,
	}, {
		ID:   "a-vote-counts-each-time-it-comes",
		Bug:  "The same vote is counted again when it comes again: one peer that repeats itself makes a quorum.",
		File: "node/consensus/tally.go",
		Old:  "if held[i].signed.Vote == v.signed.Vote {\n\t\t\treturn nil",
		New:  "if held[i].signed.Vote == v.signed.Vote {\n\t\t\tt.stakes[v.signed.Vote.BlockHash] += t.set.At(v.index).Stake\n\t\t\treturn nil",
	}, {
		ID:   "an-equivocator-counts-twice",
		Bug:  "Who votes for two blocks counts twice towards having voted at all: steps end before two thirds have spoken.",
		File: "node/consensus/tally.go",
		Old:  "if len(held) == 0 {\n\t\tt.any += w\n\t} else {",
		New:  "t.any += w\n\tif len(held) > 0 {",
	}, {
		ID:   "prevotes-count-as-precommits",
		Bug:  "Prevotes go to the count of precommits as well: a block is final before anybody is locked on it.",
		File: "node/consensus/core.go",
		Old:  "if k == chain.Prevote {\n\t\treturn r.prevotes",
		New:  "if k == chain.Prevote && r.prevotes.any == 0 {\n\t\treturn r.prevotes",
	},
}

var locks = []Mutant{
	{
		ID:   "lock-ignored",
		Bug:  "A validator that is locked on a block prevotes another: two blocks become final at one height.",
		File: "node/consensus/rules.go",
		Old:  `accept := valid && (c.lockedRound <= vr || c.lockedHash == hash)`,
		New:  `accept := valid`,
	}, {
		ID:   "any-polka-unlocks",
		Bug:  "A polka older than the lock lets a validator vote against its lock: two blocks become final at one height.",
		File: "node/consensus/rules.go",
		Old:  `(c.lockedRound <= vr || c.lockedHash == hash)`,
		New:  `(vr >= 0 || c.lockedRound < 0 || c.lockedHash == hash)`,
	}, {
		ID:   "lock-holds-against-a-newer-polka",
		Bug:  "A lock is never given up, whatever two thirds prevoted later: validators locked on different blocks wait for each other for ever.",
		File: "node/consensus/rules.go",
		Old:  `(c.lockedRound <= vr || c.lockedHash == hash)`,
		New:  `(c.lockedRound < 0 || c.lockedHash == hash)`,
	}, {
		ID:   "lock-not-taken",
		Bug:  "A precommit leaves no lock behind: in the next round the validator votes for another block, though the first may be final.",
		File: "node/consensus/rules.go",
		Old:  "c.lockedRound, c.lockedHash = int64(c.round), hash\n",
		New:  "_ = c.lockedHash\n",
	}, {
		ID:   "lock-keeps-its-first-round",
		Bug:  "Precommitting the same block again does not renew the lock's round: a polka from between unlocks it.",
		File: "node/consensus/rules.go",
		Old:  "c.lockedRound, c.lockedHash = int64(c.round), hash\n",
		New:  "if c.lockedHash != hash {\n\t\t\tc.lockedRound, c.lockedHash = int64(c.round), hash\n\t\t}\n",
	}, {
		ID:   "new-round-unlocks",
		Bug:  "Entering a round forgets the lock: the classic amnesia, two blocks become final at one height.",
		File: "node/consensus/rules.go",
		Old:  `c.round, c.step, c.building = round, StepPropose, false`,
		New:  `c.round, c.step, c.building, c.lockedRound, c.lockedHash = round, StepPropose, false, -1, chain.Hash{}`,
	}, {
		ID:   "nil-polka-unlocks",
		Bug:  "Two thirds of nil prevotes give up a lock, as in the first Tendermint: others may have seen it made final.",
		File: "node/consensus/rules.go",
		Old:  "c.vote(chain.Precommit, chain.Hash{})\n\tc.step = StepPrecommit\n\treturn true",
		New:  "c.vote(chain.Precommit, chain.Hash{})\n\tc.lockedRound, c.lockedHash = -1, chain.Hash{}\n\tc.step = StepPrecommit\n\treturn true",
	}, {
		ID:   "precommit-on-a-third",
		Bug:  "More than a third of prevotes lock and precommit a block: two locks on two blocks in one round.",
		File: "node/consensus/rules.go",
		Old:  "if !r.prevotes.quorum(hash) {\n\t\treturn false\n\t}\n\tif valid, known",
		New:  "if !c.rules.Set.Blocking(r.prevotes.stakes[hash]) {\n\t\treturn false\n\t}\n\tif valid, known",
	}, {
		ID:   "precommit-unexecuted",
		Bug:  "A block that was not executed here is precommitted because others prevoted it: an invalid block becomes final.",
		File: "node/consensus/rules.go",
		Old:  "if valid, known := c.valid(hash); !known || !valid {\n\t\treturn false\n\t}\n\tr.polkaSeen = true",
		New:  "r.polkaSeen = true",
	}, {
		ID:   "reproposal-needs-no-polka",
		Bug:  "A block is prevoted on the word of the proposer that two thirds prevoted it before: a liar breaks every lock.",
		File: "node/consensus/rules.go",
		Old:  `if vr >= 0 && !c.at(uint64(vr)).prevotes.quorum(hash) {`,
		New:  `if vr >= int64(c.round) {`,
	},
}

var validValue = []Mutant{
	{
		ID:   "late-polka-is-no-valid-value",
		Bug:  "A polka that comes after the precommit does not set the valid value: a locked validator waits for a proposal that nobody makes.",
		File: "node/consensus/rules.go",
		Old:  "c.step = StepPrecommit\n\t}\n\tc.validRound, c.validHash = int64(c.round), hash",
		New:  "c.step = StepPrecommit\n\t\tc.validRound, c.validHash = int64(c.round), hash\n\t}",
	}, {
		ID:   "valid-value-not-proposed",
		Bug:  "A proposer with a valid value makes a new block, which everybody who is locked refuses: the height does not end.",
		File: "node/consensus/rules.go",
		Old:  "if c.validRound < 0 {\n\t\tc.building = true",
		New:  "if c.validRound < int64(round) {\n\t\tc.building = true",
	}, {
		ID:   "valid-value-of-the-round-before",
		Bug:  "A re-proposal claims the round before it as valid round, where there was no polka: nobody may accept it.",
		File: "node/consensus/rules.go",
		Old:  `Round: round, ValidRound: c.validRound, Block`,
		New:  `Round: round, ValidRound: int64(round) - 1, Block`,
	}, {
		ID:   "reproposal-without-proof",
		Bug:  "A re-proposal is sent without the prevotes that prove it: who missed them refuses it, and the round is lost.",
		File: "node/consensus/rules.go",
		Old:  `Proof: c.at(uint64(c.validRound)).prevotes.of(c.validHash),`,
		New:  `Proof: nil,`,
	}, {
		ID:   "valid-value-of-the-lock-forgotten",
		Bug:  "After a restart a locked validator proposes a new block in its turn, which contradicts its own lock.",
		File: "node/consensus/recover.go",
		Old:  `c.validRound, c.validHash = c.lockedRound, c.lockedHash`,
		New:  `c.validHash = c.lockedHash`,
	}, {
		ID:   "valid-round-not-told",
		Bug:  "The vote state leaves out the round of the valid value once there are newer ones: who lacks its prevotes never gets them.",
		File: "node/consensus/exchange.go",
		Old:  `if drop <= 0 || r == c.round || int64(r) == c.validRound {`,
		New:  `if drop <= 0 || r == c.round {`,
	},
}

var roundSkip = []Mutant{
	{
		ID:   "any-message-skips",
		Bug:  "One vote of a later round takes a node there: a single faulty validator leads all through rounds that never decide.",
		File: "node/consensus/rules.go",
		Old:  `if r > c.round && c.rules.Set.Blocking(c.stakeIn(r)) {`,
		New:  `if r > c.round && c.stakeIn(r) > 0 {`,
	}, {
		ID:   "skip-waits-for-two-thirds",
		Bug:  "A node follows to a later round only when two thirds are there: after a partition the halves wait for each other's timeouts.",
		File: "node/consensus/rules.go",
		Old:  `if r > c.round && c.rules.Set.Blocking(c.stakeIn(r)) {`,
		New:  `if r > c.round && c.rules.Set.Quorum(c.stakeIn(r)) {`,
	}, {
		ID:   "timer-of-an-earlier-round",
		Bug:  "A timer of a round that is over ends a step of this one: nodes vote nil on good blocks.",
		File: "node/consensus/rules.go",
		Old:  `if t.Height != c.rules.Height || t.Round != c.round {`,
		New:  `if t.Height != c.rules.Height || t.Round > c.round {`,
	}, {
		ID:   "timer-of-an-earlier-height",
		Bug:  "A timer of a height that is decided ends a step of this one: nodes vote nil on good blocks.",
		File: "node/consensus/rules.go",
		Old:  `if t.Height != c.rules.Height || t.Round != c.round {`,
		New:  `if t.Round != c.round {`,
	}, {
		ID:   "precommit-timeout-stays",
		Bug:  "The end of the precommit step opens the same round again: its forger is asked for a second block.",
		File: "node/consensus/rules.go",
		Old:  `c.startRound(c.round + 1)`,
		New:  `c.startRound(c.round)`,
	}, {
		ID:   "timeouts-never-grow",
		Bug:  "Timeouts are the same in every round: on a network slower than that no height ever ends.",
		File: "node/consensus/rules.go",
		Old:  `after := p.ProposeTimeout + r*p.ProposeTimeoutStep`,
		New:  `after := p.ProposeTimeout + min(r, 1)*p.ProposeTimeoutStep`,
	}, {
		ID:   "idle-node-counts-a-voter-once-a-round",
		Bug:  "A validator that votes in several rounds weighs more: one of them wakes an idle network for nothing.",
		File: "node/consensus/rules.go",
		Old:  "sum += c.rules.Set.At(i).Stake\n\t\t\t\tbreak",
		New:  "sum += c.rules.Set.At(i).Stake",
	}, {
		ID:   "future-rounds-without-bound",
		Bug:  "One validator can have a node keep votes of any number of later rounds: memory runs out.",
		File: "node/consensus/receive.go",
		Old:  `if len(f) <= futureRounds {`,
		New:  `if len(f) <= futureRounds<<20 {`,
	}, {
		ID:   "past-rounds-are-kept",
		Bug:  "Rounds that are long over are kept: a height that does not end fills the memory.",
		File: "node/consensus/rules.go",
		Old:  `if r+keptRounds < c.round && int64(r) != c.lockedRound && int64(r) != c.validRound {`,
		New:  `if r+keptRounds<<20 < c.round && int64(r) != c.lockedRound && int64(r) != c.validRound {`,
	}, {
		ID:   "round-of-the-lock-is-dropped",
		Bug:  "The prevotes that prove a lock are dropped when it is old: nobody can be shown why to accept its block.",
		File: "node/consensus/rules.go",
		Old:  `if r+keptRounds < c.round && int64(r) != c.lockedRound && int64(r) != c.validRound {`,
		New:  `if r+keptRounds < c.round {`,
	},
}

var decision = []Mutant{
	{
		ID:   "lone-validator-never-returns",
		Bug:  "A validator that is alone decides height after height in one call as long as there is work: its process counts as hanging.",
		File: "node/replica/replica.go",
		Old:  `if heights++; heights < heightsOfTurn {`,
		New:  `if heights++; heights < heightsOfTurn<<40 {`,
	}, {
		ID:   "forger-rests-without-end",
		Bug:  "The forger of a busy chain waits for company and nothing wakes it: when the last transactions have come the chain stands.",
		File: "node/replica/build.go",
		Old:  `r.cfg.Ports.SetTimer(consensus.Timer{Height: b.Height, Step: consensus.StepIdle}, wait)`,
		New:  `_ = consensus.Timer{Height: b.Height, Step: consensus.StepIdle}`,
	}, {
		ID:   "failed-rounds-keep-the-size",
		Bug:  "Blocks of later rounds are as large as the one that came too late: an overloaded network stands, round after round.",
		File: "node/replica/build.go",
		Old:  `r.choose(r.pace.mostIn(b.Round, p))`,
		New:  `r.choose(r.pace.mostIn(0, p))`,
	}, {
		ID:   "repeats-go-unnoticed",
		Bug:  "A node does not see that most comes to it twice: on slow links each sends everything to everybody again.",
		File: "node/replica/receive.go",
		Old:  `r.patience.heard(key, known, `,
		New:  `r.patience.heard(key, false, `,
	}, {
		ID:   "patience-without-bound",
		Bug:  "Peers that repeat themselves have a node give nobody what it lacks, for as long as they like.",
		File: "node/replica/patience.go",
		Old:  `return max(base/2, (base+min(round, mostRounds)*step)/8)`,
		New:  `return 1 << 40`,
	}, {
		ID:   "one-peer-decides-patience",
		Bug:  "One validator that repeats itself, or sends what nobody keeps, decides how long a node is patient.",
		File: "node/replica/patience.go",
		Old:  `if p.by[from] == sampleShare {`,
		New:  `if false {`,
	}, {
		ID:   "any-failed-round-shrinks-blocks",
		Bug:  "A forger that was away, or proposed an empty block, has all make smaller blocks, as if it had been too large.",
		File: "node/replica/commit.go",
		Old:  `if s.round < decided && s.txs > txs {`,
		New:  `if s.round < decided {`,
	}, {
		ID:   "prevotes-decide",
		Bug:  "Two thirds of prevotes make a block final: others may precommit nothing, and decide another one later.",
		File: "node/consensus/rules.go",
		Old:  `hash, ok := c.rounds[r].precommits.chosen()`,
		New:  `hash, ok := c.rounds[r].prevotes.chosen()`,
	}, {
		ID:   "only-the-current-round-decides",
		Bug:  "Precommits of an earlier round that come late decide nothing: a node that went on waits for catch-up.",
		File: "node/consensus/rules.go",
		Old:  "if !ok {\n\t\t\tcontinue\n\t\t}\n\t\tb := c.blocks[hash]",
		New:  "if !ok || r != c.round {\n\t\t\tcontinue\n\t\t}\n\t\tb := c.blocks[hash]",
	}, {
		ID:   "decided-unexecuted",
		Bug:  "A block is decided before it is executed here: the node acknowledges what it may find invalid.",
		File: "node/consensus/rules.go",
		Old:  "if !known {\n\t\t\tcontinue\n\t\t}\n\t\tif !valid {",
		New:  "if known && !valid {",
	}, {
		ID:   "certificate-names-the-current-round",
		Bug:  "The certificate names the round this node is in, not that of the precommits: nobody else can verify it.",
		File: "node/consensus/rules.go",
		Old:  `precommits.certificate(c.rules.Height, r, hash)`,
		New:  `precommits.certificate(c.rules.Height, c.round, hash)`,
	}, {
		ID:   "certificate-holds-other-votes",
		Bug:  "The certificate holds precommits for other blocks too: nobody else can verify it.",
		File: "node/consensus/tally.go",
		Old:  "if v.signed.Vote.BlockHash == h {\n\t\t\t\tc.Signers",
		New:  "if v.signed.Vote.BlockHash == h || len(held) == 1 {\n\t\t\t\tc.Signers",
	},
}

var messages = []Mutant{
	{
		ID:   "vote-signature-unchecked",
		Bug:  "The signature of a vote is not checked: anybody votes in anybody's name.",
		File: "node/consensus/verify.go",
		Old:  `if !r.Known.Verify(r.Set.At(i).Keys.Consensus, chain.VoteMessage(r.Genesis, &v.Vote), v.Signature) {`,
		New:  `if keys.CheckPublicKey(r.Set.At(i).Keys.Consensus) != nil {`,
	}, {
		ID:   "vote-of-another-height",
		Bug:  "A vote of another height is counted in this one: old precommits decide new blocks.",
		File: "node/consensus/verify.go",
		Old:  `if v.Vote.Height != r.Height {`,
		New:  `if v.Vote.Height > r.Height {`,
	}, {
		ID:   "vote-without-the-network",
		Bug:  "Signed votes do not name the network: those of a test network count on the main one.",
		File: "node/chain/vote.go",
		Old:  `message("posnet/vote/v1", genesis)`,
		New:  `message("posnet/vote/v1", Hash{})`,
	}, {
		ID:   "header-signature-unchecked",
		Bug:  "The forger's signature on a header is not checked: anybody forges in the winner's name.",
		File: "node/consensus/verify.go",
		Old:  `if !r.Known.Verify(r.Set.At(i).Keys.Consensus, chain.HeaderMessage(r.Genesis, h.Hash()), b.Signature) {`,
		New:  `if keys.CheckPublicKey(r.Set.At(i).Keys.Consensus) != nil {`,
	}, {
		ID:   "forger-need-not-win",
		Bug:  "Any validator may forge any block: the lottery decides nothing.",
		File: "node/consensus/verify.go",
		Old:  `if w := r.Set.Winner(r.Seed, r.Height, h.Round); w != i {`,
		New:  `if w := r.Set.Winner(r.Seed, r.Height, h.Round); w < 0 {`,
	}, {
		ID:   "another-set-in-the-header",
		Bug:  "A header may name a validator set that is not that of its height: light clients trust the wrong validators.",
		File: "node/consensus/verify.go",
		Old:  `if h.Set != r.Set.Hash() {`,
		New:  `if h.Set.IsZero() {`,
	}, {
		ID:   "block-of-another-network",
		Bug:  "A header may name another genesis: blocks of a test network are accepted on the main one.",
		File: "node/consensus/verify.go",
		Old:  `if h.Genesis != r.Genesis || h.Height != r.Height {`,
		New:  `if h.Height != r.Height {`,
	}, {
		ID:   "reproposal-signature-unchecked",
		Bug:  "Anybody may propose an earlier block again: what the winner proposes no longer counts.",
		File: "node/consensus/verify.go",
		Old:  `if !r.Known.Verify(w.Keys.Consensus, chain.ProposalMessage(r.Genesis, p), p.Signature) {`,
		New:  `if keys.CheckPublicKey(w.Keys.Consensus) != nil {`,
	}, {
		ID:   "fresh-block-of-another-round",
		Bug:  "A block forged in one round is a fresh proposal of another: a forger keeps its block back until it suits.",
		File: "node/consensus/verify.go",
		Old:  `case p.ValidRound < 0 && h.Round != p.Round:`,
		New:  `case p.ValidRound < 0 && h.Round > p.Round:`,
	}, {
		ID:   "reproposal-of-a-later-block",
		Bug:  "A block may claim a polka in a round before the one it was forged in: a contradiction that no honest node can resolve.",
		File: "node/consensus/verify.go",
		Old:  `case p.ValidRound >= 0 && int64(h.Round) > p.ValidRound:`,
		New:  `case p.ValidRound >= 0 && h.Round > p.Round:`,
	}, {
		ID:   "proposal-brings-another-block",
		Bug:  "A proposal may bring another block than it names: votes for one block execute another.",
		File: "node/consensus/verify.go",
		Old:  `case h.Hash() != p.BlockHash:`,
		New:  `case p.BlockHash.IsZero():`,
	}, {
		ID:   "valid-round-not-earlier",
		Bug:  "A re-proposal may name its own round as the one of its polka: its prevotes prove themselves.",
		File: "node/chain/proposal.go",
		Old:  `p.ValidRound >= int64(p.Round):`,
		New:  `p.ValidRound > int64(p.Round):`,
	},
}
