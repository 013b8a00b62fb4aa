package main

var certificates = []Mutant{
	{
		ID:   "certificate-of-another-height",
		Bug:  "A certificate of another height is accepted: an old one proves a new block final.",
		File: "node/stake/quorum.go",
		Old:  `if c.Height != height || c.BlockHash != block`,
		New:  `if c.BlockHash != block`,
	}, {
		ID:   "certificate-of-another-block",
		Bug:  "A certificate of another block is accepted: one certificate proves every block of its height final.",
		File: "node/stake/quorum.go",
		Old:  `if c.Height != height || c.BlockHash != block || block.IsZero()`,
		New:  `if c.Height != height || block.IsZero()`,
	}, {
		ID:   "certificate-of-nothing",
		Bug:  "Two thirds of nil precommits are a certificate: of a round that decided nothing.",
		File: "node/stake/quorum.go",
		Old:  `|| block.IsZero() ||`,
		New:  `||`,
	}, {
		ID:   "certificate-signatures-unchecked",
		Bug:  "The signatures of a certificate are not checked: anybody proves anything final.",
		File: "node/stake/quorum.go",
		Old:  `if ok, each := batch.Verify(); !ok {`,
		New:  `if ok, each := batch.Verify(); !ok && len(each) != len(idx) {`,
	}, {
		ID:   "certificate-of-a-third",
		Bug:  "More than a third of the stake makes a certificate: faulty validators alone prove a block final.",
		File: "node/stake/quorum.go",
		Old:  `if !s.Quorum(sum) {`,
		New:  `if !s.Blocking(sum) {`,
	}, {
		ID:   "certificate-with-a-long-bitmap",
		Bug:  "A bitmap longer than the set is accepted: one certificate has many encodings, and block hashes differ.",
		File: "node/chain/vote.go",
		Old:  `if len(c.Signers) != (n+7)/8 {`,
		New:  `if len(c.Signers) < (n+7)/8 {`,
	}, {
		ID:   "certificate-with-a-signer-too-many",
		Bug:  "A signer beyond the set is passed over: one certificate has many encodings, and block hashes differ.",
		File: "node/chain/vote.go",
		Old:  "if i >= n {\n\t\t\treturn nil, fmt.Errorf(\"certificate of height %d: signer %d of only %d validators\", c.Height, i, n)\n\t\t}",
		New:  "if i >= n {\n\t\t\tcontinue\n\t\t}",
	}, {
		ID:   "certificate-with-surplus-signatures",
		Bug:  "A certificate may carry signatures of nobody: anybody makes it larger, and its hash another.",
		File: "node/chain/vote.go",
		Old:  `if len(idx) != len(c.Signatures) {`,
		New:  `if len(idx) > len(c.Signatures) {`,
	}, {
		ID:   "parent-certificate-unverified",
		Bug:  "A block need not prove its parent final: a forger builds on what was never decided.",
		File: "node/replica/build.go",
		Old:  "if h.Height > 1 {\n\t\tif err := r.prevSet.Verify",
		New:  "if h.Height > 1<<40 {\n\t\tif err := r.prevSet.Verify",
	}, {
		ID:   "parent-certificate-under-the-wrong-set",
		Bug:  "The parent's certificate is checked under the set of its child: at a set change honest blocks are refused.",
		File: "node/replica/build.go",
		Old:  `r.prevSet.VerifyCertificate(`,
		New:  `r.tip.set.VerifyCertificate(`,
	}, {
		ID:   "certificate-not-the-named-one",
		Bug:  "A block may carry another certificate than its header names: one block hash has many bodies.",
		File: "node/chain/block.go",
		Old:  `case cert != h.Certificate:`,
		New:  `case cert.IsZero() != h.Certificate.IsZero():`,
	}, {
		ID:   "certificate-not-of-the-parent",
		Bug:  "A block may carry a certificate of another block than its parent, as long as its header names it.",
		File: "node/chain/block.go",
		Old:  `case b.Certificate != nil && (b.Certificate.Height != h.Height-1 || b.Certificate.BlockHash != h.Parent):`,
		New:  `case b.Certificate != nil && b.Certificate.Height != h.Height-1:`,
	},
}

var validity = []Mutant{
	{
		ID:   "time-may-stand-still",
		Bug:  "A block may have its parent's time: what a contract reads as time no longer grows.",
		File: "node/ledger/validity.go",
		Old:  `if h.Time <= parentTime {`,
		New:  `if h.Time < parentTime {`,
	}, {
		ID:   "clock-drift-unchecked",
		Bug:  "A voter accepts a block of any later time: one forger moves the chain's time years ahead, and no block can follow.",
		File: "node/consensus/rules.go",
		Old:  `return t > c.parentTime && t <= now+window && now <= t+window`,
		New:  `return t > c.parentTime && now <= t+window`,
	}, {
		ID:   "old-blocks-are-timely",
		Bug:  "A voter accepts a fresh block of any earlier time: a forger chooses the time of its block.",
		File: "node/consensus/rules.go",
		Old:  `return t > c.parentTime && t <= now+window && now <= t+window`,
		New:  `return t > c.parentTime && t <= now+window`,
	}, {
		ID:   "drift-never-widens",
		Bug:  "The window for a block's time is the same in every round: nodes whose clocks differ by more never agree.",
		File: "node/consensus/rules.go",
		Old:  `window := c.rules.Params.ClockDrift * (1 + p.signed.Round)`,
		New:  `window := c.rules.Params.ClockDrift`,
	}, {
		ID:   "drift-of-a-reproposal",
		Bug:  "A block that two thirds prevoted is refused once it is old: nobody can finish a height that takes long.",
		File: "node/consensus/rules.go",
		Old:  "if vr < 0 {\n\t\taccept = accept && c.timely(p)\n\t}",
		New:  "accept = accept && c.timely(p)",
	}, {
		ID:   "too-many-transactions",
		Bug:  "A block may hold more transactions than the parameters allow: slow nodes fall behind for good.",
		File: "node/ledger/validity.go",
		Old:  `if uint64(txs) > p.MaxTxs {`,
		New:  `if uint64(txs) > p.MaxTxs+1 {`,
	}, {
		ID:   "empty-blocks-at-any-time",
		Bug:  "An empty block is valid at any time: a forger fills the disks of all with nothing.",
		File: "node/ledger/validity.go",
		Old:  `h.Time >= parentTime+p.MaxIdle ||`,
		New:  `h.Time+p.MaxIdle >= parentTime ||`,
	}, {
		ID:   "idle-blocks-where-there-are-none",
		Bug:  "With idling turned off empty blocks are valid all the same: the demo network does not wait for its two transactions.",
		File: "node/ledger/validity.go",
		Old:  `if p.MaxIdle > 0 && (`,
		New:  `if p.MaxIdle < 1<<40 && (`,
	}, {
		ID:   "transactions-not-the-named-ones",
		Bug:  "A block's transactions need not be those its header commits to: two nodes execute two bodies of one block.",
		File: "node/chain/block.go",
		Old:  `case MerkleRoot(b.Txs) != h.TxRoot:`,
		New:  `case len(b.Txs) > 0 && h.TxRoot.IsZero():`,
	}, {
		ID:   "evidence-not-the-named-one",
		Bug:  "A block's evidence need not be what its header commits to: two nodes punish different validators in one block.",
		File: "node/chain/block.go",
		Old:  `case MerkleRoot(b.Evidence) != h.Evidence:`,
		New:  `case len(b.Evidence) > 0 && h.Evidence.IsZero():`,
	}, {
		ID:   "proof-missing-in-round-zero",
		Bug:  "A block of round 0 may come without a VRF proof: its forger keeps the seed from moving.",
		File: "node/chain/block.go",
		Old:  `case (h.Round == 0) != (len(h.VRFProof) == VRFProofBytes):`,
		New:  `case h.Round != 0 && len(h.VRFProof) == VRFProofBytes:`,
		// The core refuses it too; that is a second line, and this one protects every other reader of blocks.
		Judges: []string{"node/chain"},
	}, {
		ID:   "parent-unchecked",
		Bug:  "A block need not name the decided block as its parent: history has more than one reading.",
		File: "node/replica/build.go",
		Old:  `if h.Parent != r.tip.hash {`,
		New:  `if h.Height != r.tip.height+1 {`,
	}, {
		ID:   "transaction-signatures-unchecked",
		Bug:  "The signatures of a block's transactions are not checked: a forger spends everybody's money.",
		File: "node/ledger/tx.go",
		Old:  `if ok, each := batch.Verify(); !ok {`,
		New:  `if ok, each := batch.Verify(); !ok && len(each) != len(checked) {`,
	}, {
		ID:   "signature-known-by-id",
		Bug:  "A transaction counts as verified when the pool knows its id, whatever signature it bears: nodes disagree whether a block is valid.",
		File: "node/mempool/select.go",
		Old:  `bytes.Equal(tx.Raw, raw) {`,
		New:  `bytes.Equal(chain.BodyOf(tx.Raw), chain.BodyOf(raw)) {`,
	},
}

var nonces = []Mutant{
	{
		ID:   "nonce-gap",
		Bug:  "A transaction may leave out nonces: those between are lost, and the one that was meant to come first never applies.",
		File: "node/ledger/tx.go",
		Old: "case t.Nonce > from.Nonce+1:\n\t\treturn chain.Refuse(chain.RefusedNonceGap, \"nonce %d is ahead: the next of %s is %d\", t.Nonce, t.From, from.Nonce+1)\n" +
			"\tcase t.Nonce != from.Nonce+1:",
		New: "case t.Nonce < from.Nonce+1:",
	}, {
		ID:   "nonce-of-the-last",
		Bug:  "The last transaction of an account may be applied again: whoever was paid is paid twice.",
		File: "node/ledger/tx.go",
		Old:  `case t.Nonce != from.Nonce+1:`,
		New:  `case t.Nonce < from.Nonce:`,
	}, {
		ID:   "nonce-not-stored",
		Bug:  "Applying a transaction leaves the nonce as it was: it may be replayed until the account is empty.",
		File: "node/ledger/tx.go",
		Old:  "from.Nonce = t.Nonce\n",
		New:  "_ = t.Nonce\n",
	}, {
		ID:   "nonce-zero",
		Bug:  "Nonce 0 is read as a transaction: an account's first has two numbers.",
		File: "node/chain/tx.go",
		Old:  "case t.Nonce == 0:\n",
		New:  "case t.Nonce == 1<<63:\n",
	}, {
		ID:   "used-nonce-in-the-pool",
		Bug:  "The pool takes a transaction whose nonce is used: the sender is told it waits, and it never comes.",
		File: "node/mempool/rules.go",
		Old:  `case n < next:`,
		New:  `case n+1 < next:`,
	}, {
		ID:   "gap-counts-as-executable",
		Bug:  "What waits behind a missing nonce counts as executable: forgers make blocks that no one accepts, again and again.",
		File: "node/mempool/account.go",
		Old:  `a.txs[a.ready].Body.Nonce == a.nonce+1+uint64(a.ready) {`,
		New:  `a.txs[a.ready].Body.Nonce >= a.nonce+1+uint64(a.ready) {`,
	},
}

var supply = []Mutant{
	{
		ID:   "fee-is-minted",
		Bug:  "The forger gets a fee that the sender does not pay: every transaction makes money.",
		File: "node/ledger/tx.go",
		Old:  "from.Balance -= cost\n",
		New:  "from.Balance -= t.Amount\n",
	}, {
		ID:   "balance-without-the-fee",
		Bug:  "The balance is checked without the fee: an account goes below zero, which is more than there is in the world.",
		File: "node/ledger/tx.go",
		Old:  `case from.Balance < cost:`,
		New:  `case from.Balance < t.Amount:`,
	}, {
		ID:   "self-transfer-burns",
		Bug:  "Who sends to itself loses the amount: the receiver's balance is overwritten by the sender's.",
		File: "node/ledger/tx.go",
		Old:  "x.ids = append(x.ids, o.id)\n",
		New:  "x.state.putAccount(t.From, from)\n\tx.ids = append(x.ids, o.id)\n",
	}, {
		ID:   "sum-wraps",
		Bug:  "A sum beyond 64 bits wraps around: the rich become poor.",
		File: "node/chain/amount.go",
		Old:  "if carry != 0 {",
		New:  "if carry > 1 {",
	}, {
		ID:   "difference-wraps",
		Bug:  "A difference below zero wraps around: the poor become rich.",
		File: "node/chain/amount.go",
		Old:  "if b > a {",
		New:  "if b > a && a > 1<<63 {",
	}, {
		ID:   "minted-past-the-largest-supply",
		Bug:  "Rewards go on beyond the largest supply: three times the stake no longer fits 64 bits, and quorums are wrong.",
		File: "node/ledger/apply.go",
		Old:  `mint := min(x.params.BlockReward, chain.MaxSupply-x.system.Supply)`,
		New:  `mint := x.params.BlockReward`,
	}, {
		ID:   "reward-not-counted",
		Bug:  "The supply does not grow with the reward: the bound on it is never met.",
		File: "node/ledger/apply.go",
		Old:  "x.system.Supply += mint\n",
		New:  "x.system.Supply += mint - mint\n",
	}, {
		ID:   "slash-moves-no-supply",
		Bug:  "Burnt stake stays in the supply: the sum of all accounts is no longer what the state says.",
		File: "node/ledger/sets.go",
		Old:  "x.system.Supply -= burnt\n",
		New:  "",
	}, {
		ID:   "slash-in-percent",
		Bug:  "A slash takes ten times what the parameters say.",
		File: "node/ledger/sets.go",
		Old:  `burnt, _ := bits.Div64(hi, lo, 1000)`,
		New:  `burnt, _ := bits.Div64(hi, lo, 100)`,
	}, {
		ID:   "genesis-above-the-largest-supply",
		Bug:  "A genesis may hold more than the largest supply: sums of stake overflow from the first block.",
		File: "node/chain/genesis.go",
		Old:  `if err != nil || s > MaxSupply {`,
		New:  `if err != nil {`,
	}, {
		ID:   "genesis-bonds-not-counted",
		Bug:  "Stake of the genesis is no part of the supply: the first slash takes the supply below what there is.",
		File: "node/ledger/genesis.go",
		Old:  "sys.Supply += b.Amount\n",
		New:  "",
	}, {
		ID:   "shares-ignore-a-slash",
		Bug:  "Stake bonded after a slash gets as many shares as if there had been none: new stakers pay for the old.",
		File: "node/ledger/tx.go",
		Old:  `shares, _ = bits.Div64(hi, lo, v.Bonded)`,
		New:  `_, lo = bits.Div64(hi, lo, v.Bonded)`,
	}, {
		ID:   "fee-below-the-least",
		Bug:  "A fee below the least is accepted in a block: spam costs nothing.",
		File: "node/ledger/tx.go",
		Old:  `case t.Fee < x.params.MinFee:`,
		New:  `case t.Fee+1 < x.params.MinFee:`,
	}, {
		ID:   "expired-is-applied",
		Bug:  "A transaction applies one height after its last: a trader's order is filled when it was not wanted any more.",
		File: "node/ledger/tx.go",
		Old:  `t.ValidUntil < x.in.Height:`,
		New:  `t.ValidUntil+1 < x.in.Height:`,
	}, {
		ID:   "fees-of-the-refused-stay",
		Bug:  "A forger is paid the fees of transactions that it left out: money from nowhere.",
		File: "node/ledger/apply.go",
		Old:  "x.fees = fees\n",
		New:  "x.fees += fees - fees\n",
	}, {
		ID:   "refused-leaves-its-traces",
		Bug:  "A transaction that is left out of a block has already taken the sender's money.",
		File: "node/ledger/apply.go",
		Old:  "if err == nil {\n\t\tblock.take(x.state)\n\t} else {\n\t\tx.fees = fees\n\t}",
		New:  "block.take(x.state)\n\tif err != nil {\n\t\tx.fees = fees\n\t}",
	},
}

var evidence = []Mutant{
	{
		ID:   "the-same-word-twice",
		Bug:  "One message with two signatures is evidence: an honest validator is slashed for having signed twice what it said once.",
		File: "node/chain/evidence.go",
		Old:  `case string(a.Message) == string(b.Message):`,
		New:  `case string(a.Message) == "":`,
	}, {
		ID:   "prevote-against-precommit",
		Bug:  "A prevote and a precommit for different blocks are evidence: honest validators are slashed in every second round.",
		File: "node/chain/evidence.go",
		Old:  `v.Vote.Round*4 + uint64(v.Vote.Kind)`,
		New:  `v.Vote.Round`,
	}, {
		ID:   "votes-of-different-rounds",
		Bug:  "Votes of different rounds are evidence: whoever changes its mind as the rules allow is slashed.",
		File: "node/chain/evidence.go",
		Old:  `case a.Height != b.Height || a.Round != b.Round:`,
		New:  `case a.Height != b.Height:`,
	}, {
		ID:   "vote-of-somebody-else",
		Bug:  "Evidence against one validator may hold a vote that names another.",
		File: "node/chain/evidence.go",
		Old:  `if v.Validator != e.Validator {`,
		New:  `if v.Validator.IsZero() {`,
	}, {
		ID:   "punished-twice",
		Bug:  "A jailed validator is slashed again for the same: the evidence empties its stakers' bonds.",
		File: "node/ledger/sets.go",
		Old:  `case v.JailedAt != 0:`,
		New:  `case v.JailedAt > height:`,
	}, {
		ID:   "half-proven",
		Bug:  "Only one signature of the two is checked: anybody makes up the other and has an honest validator slashed.",
		File: "node/ledger/sets.go",
		Old:  `case !keys.Verify(v.Keys.Consensus, a.Message, a.Signature) || !keys.Verify(v.Keys.Consensus, b.Message, b.Signature):`,
		New:  `case !keys.Verify(v.Keys.Consensus, a.Message, a.Signature) || len(b.Message) == 0:`,
	}, {
		ID:   "evidence-never-too-old",
		Bug:  "Evidence of any age is taken: keys that were given up years ago slash who bought the stake.",
		File: "node/ledger/sets.go",
		Old:  `height-a.Height > p.EvidenceMaxAge {`,
		New:  `height-a.Height > p.EvidenceMaxAge+1 {`,
	}, {
		ID:   "evidence-of-the-future",
		Bug:  "Evidence of a height to come is taken: replicas at different heights disagree.",
		File: "node/ledger/sets.go",
		Old:  `if a.Height > height || height-a.Height > p.EvidenceMaxAge {`,
		New:  `if a.Height <= height && height-a.Height > p.EvidenceMaxAge {`,
	}, {
		ID:   "contradiction-not-reported",
		Bug:  "Two votes of one validator for one slot go unnoticed: nobody is ever punished.",
		File: "node/consensus/receive.go",
		Old:  `if conflict == nil {`,
		New:  `if conflict == nil || known {`,
	}, {
		ID:   "two-blocks-of-one-forger-unnoticed",
		Bug:  "A forger that makes two blocks for one round goes unnoticed.",
		File: "node/consensus/receive.go",
		Old:  `case fresh(a) && fresh(b) && a.signed.BlockHash != b.signed.BlockHash:`,
		New:  `case fresh(a) && fresh(b) && a.signed.Round != b.signed.Round:`,
	}, {
		ID:   "evidence-not-passed-on",
		Bug:  "A node keeps the evidence it found to itself: until it forges, nobody is punished.",
		File: "node/replica/evidence.go",
		Old:  "r.cfg.Ports.Broadcast(FrameEvidence, chain.Encode(e))",
		New:  "_ = chain.Encode(e)",
	}, {
		ID:   "evidence-unchecked-when-it-comes",
		Bug:  "Evidence of a peer is kept unchecked: one piece of nonsense a validator keeps the true ones out.",
		File: "node/replica/evidence.go",
		Old:  `r.evidence.len() >= maxEvidence || r.checkEvidence(e) != nil {`,
		New:  `r.evidence.len() >= maxEvidence {`,
	},
}

var roots = []Mutant{
	{
		ID:   "state-root-unchecked",
		Bug:  "A header's state root is not compared with the state: a forger's claim about everybody's balance becomes final.",
		File: "node/ledger/validity.go",
		Old:  `case h.State != o.State:`,
		New:  `case h.State.IsZero():`,
	}, {
		ID:   "results-root-unchecked",
		Bug:  "A header's results root is not compared with the results: proofs of what happened prove nothing.",
		File: "node/ledger/validity.go",
		Old:  `case h.Results != o.Results:`,
		New:  `case h.Results.IsZero():`,
	}, {
		ID:   "next-set-unchecked",
		Bug:  "A header's next set is not compared: one forger hands a light client a set of its own.",
		File: "node/ledger/validity.go",
		Old:  `case h.NextSet != o.Next.Hash():`,
		New:  `case h.NextSet.IsZero():`,
	}, {
		ID:   "leaf-looks-like-inner-node",
		Bug:  "Leaves and inner nodes of the state tree are hashed alike: a proof shows an account that is not there.",
		File: "node/ledger/tree/hash.go",
		Old:  `leafPrefix  = 0x00`,
		New:  `leafPrefix  = 0x01`,
	}, {
		ID:   "workers-keep-stale-nodes",
		Bug:  "What the parts replaced of the tree is not noted as stale: it stays on the disk forever.",
		File: "node/ledger/tree/apply.go",
		Old:  `a.stale = append(a.stale, s.stale...)`,
		New:  `_ = s.stale`,
	}, {
		ID:   "absence-by-any-leaf",
		Bug:  "Any leaf proves the absence of any account: a liar shows an empty balance to whoever is owed.",
		File: "node/ledger/tree/proof.go",
		Old: "for i := range p.Siblings {\n\t\t\tif bit(&p.End.Key, i) != bit(key, i) {\n" +
			"\t\t\t\treturn fmt.Errorf(\"the leaf at the end does not lie on the key's way: %w\", ErrProof)\n\t\t\t}\n\t\t}\n",
		New: "key = &p.End.Key\n",
	}, {
		ID:   "inclusion-of-another-value",
		Bug:  "A proof for one value of an account passes for another.",
		File: "node/ledger/tree/proof.go",
		Old:  `if p.End == nil || p.End.Key != key || p.End.ValueHash != valueHash {`,
		New:  `if p.End == nil || p.End.Key != key {`,
	}, {
		ID:   "lone-leaf-stays-deep",
		Bug:  "When all but one neighbour is deleted the leaf does not move up: the root depends on the way, not on the state.",
		File: "node/ledger/tree/reduce.go",
		Old:  `case l.kind == empty && r.kind != inner:`,
		New:  `case l.kind == empty && r.kind == empty:`,
	}, {
		ID:   "changes-in-map-order",
		Bug:  "State changes are written in the order of a map: nodes that execute the same block store different trees.",
		File: "node/ledger/overlay.go",
		Old:  `for _, k := range slices.Sorted(maps.Keys(o.changed)) {`,
		New:  `for _, k := range slices.Collect(maps.Keys(o.changed)) {`,
	}, {
		ID:   "merkle-leaf-unmarked",
		Bug:  "The leaves of a block's Merkle tree are not marked as such: a proof shows a transaction that is not in the block.",
		File: "node/chain/merkle.go",
		Old:  "return Sum([]byte{0}, items[0])",
		New:  "return Sum([]byte{1}, items[0])",
	}, {
		ID:   "stale-value-cached",
		Bug:  "A value that was read before a commit is cached after it: the next block is executed on a state that is over.",
		File: "node/store/statecache.go",
		Old:  "if c.height != height {\n\t\treturn\n",
		New:  "if c.height > height+1<<40 {\n\t\treturn\n",
	}, {
		ID:   "view-reads-the-cache-of-the-tip",
		Bug:  "A view is given values of a later tip: an answer mixes two blocks.",
		File: "node/store/statecache.go",
		Old:  "\tif c.height != height {\n\t\treturn nil, false\n\t}\n\treturn c.find(key)",
		New:  "\tif c.height < height {\n\t\treturn nil, false\n\t}\n\treturn c.find(key)",
	}, {
		ID:   "old-generation-not-updated",
		Bug:  "A commit does not reach cached values that were not used lately: the next block is executed on a state that is over.",
		File: "node/store/generations.go",
		Old:  "\t\tg.young[key] = v\n\t\treturn\n\t}\n\tdelete(g.old, key)\n\tg.put(key, v)",
		New:  "\t\tg.young[key] = v\n\t\treturn\n\t}\n\tif _, ok := g.old[key]; !ok {\n\t\tg.put(key, v)\n\t}",
	}, {
		ID:   "small-value-of-before-left",
		Bug:  "A value that grows too large for the cache of small ones leaves the old one there: the next block is executed on a state that is over.",
		File: "node/store/statecache.go",
		Old:  "\t\t\tc.small.remove(smallKey(key))\n",
		New:  "",
	}, {
		ID:   "failed-read-cached-as-nothing",
		Bug:  "A read that failed is remembered as if nothing were there: after a fault of the disk an account has no money.",
		File: "node/store/read.go",
		Old:  `if err == nil || errors.Is(err, ErrNotFound) {`,
		New:  `if err == nil || !errors.Is(err, ErrNoGenesis) {`,
	},
}
