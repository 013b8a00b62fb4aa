package main

var pool = []Mutant{
	{
		ID:   "waiting-costs-ignored",
		Bug:  "Each transaction is held against the whole balance: the pool takes more than an account can pay, and spam is free.",
		File: "node/mempool/rules.go",
		Old:  "waiting := a.cost\n",
		New:  "waiting := min(a.cost, 0)\n",
	}, {
		ID:   "replaced-for-nothing",
		Bug:  "A waiting transaction is replaced without a higher fee: one account floods the network with replacements.",
		File: "node/mempool/rules.go",
		Old:  `return old + max(1, (old+9)/10) }`,
		New:  `return old + min(0, (old+9)/10) }`,
	}, {
		ID:   "pool-without-bound",
		Bug:  "The pool takes any number of bytes: memory runs out.",
		File: "node/mempool/room.go",
		Old:  `p.bytes+len(tx.Raw) <= p.cfg.MaxBytes`,
		New:  `p.bytes <= p.cfg.MaxBytes<<20`,
	}, {
		ID:   "expired-waits-on",
		Bug:  "A transaction stays in the pool after its last height: forgers put it into blocks that nobody accepts.",
		File: "node/mempool/commit.go",
		Old:  `p.expiring.first().Body.ValidUntil <= p.height {`,
		New:  `p.expiring.first().Body.ValidUntil < p.height {`,
	}, {
		ID:   "nobody-asks-back",
		Bug:  "A node does not ask a peer that has more transactions waiting: what only one node has waits for the next idle block.",
		File: "node/gossip/pools.go",
		Old:  `if has <= len(n.cfg.Pending(true)) {`,
		New:  `if has <= len(n.cfg.Pending(true))+1<<30 {`,
	}, {
		ID:   "pool-signature-unchecked",
		Bug:  "The pool takes transactions that are not signed by their sender, and vouches for them to the ledger.",
		File: "node/mempool/signatures.go",
		Old:  "case ok:\n",
		New:  "case ok || len(valid) == 1:\n",
	}, {
		ID:   "good-in-good-company",
		Bug:  "Signatures that are verified together are all taken for good: a forged one hides among those of others.",
		File: "node/keys/together.go",
		Old:  `if v.all(some, each) {`,
		New:  `if v.all(some, each) || len(some) > 2 {`,
	}, {
		ID:   "company-of-a-forger",
		Bug:  "Callers share batches right after a wrong signature: a forger makes everybody's transactions be verified twice, again and again.",
		File: "node/keys/together.go",
		Old:  `v.apart = apartAfter`,
		New:  `v.apart = 0`,
	}, {
		ID:   "block-overfilled",
		Bug:  "A forger picks more bytes than a block holds: nobody accepts its blocks.",
		File: "node/mempool/select.go",
		Old:  `if size := len(tx.Raw) + blockOverhead; size <= maxBytes {`,
		New:  `if size := len(tx.Raw); size <= maxBytes {`,
	}, {
		ID:   "bytes-known-for-ever",
		Bug:  "The pool vouches for transactions that it has dropped, and keeps them in memory for ever.",
		File: "node/mempool/account.go",
		Old:  "\tdelete(p.byID, tx.ID)\n",
		New:  "",
	}, {
		ID:   "forged-ones-verified-all",
		Bug:  "Every transaction of a batch has its signature verified: ten thousand forged ones of one nonce cost nothing to send.",
		File: "node/mempool/thin.go",
		Old:  `case s.n < perSlot || `,
		New:  `case s.n < perSlot<<20 || `,
	}, {
		ID:   "state-asked-last",
		Bug:  "What the state has against a transaction is asked only after its signatures were verified: that costs nothing to send.",
		File: "node/mempool/rules.go",
		Old:  "\treturn p.ask(tx)\n",
		New:  "\treturn nil\n",
	},
}

var keyRules = []Mutant{
	{
		ID:   "small-order-key",
		Bug:  "A public key of small order is accepted: with it one signature is valid for every message.",
		File: "node/keys/public.go",
		Old:  `if point.IsSmallOrder() {`,
		New:  `if point.IsSmallOrder() && !point.IsTorsionFree() {`,
	}, {
		ID:   "key-with-two-encodings",
		Bug:  "A key in an encoding that is not canonical is accepted: one key has two addresses.",
		File: "node/keys/public.go",
		Old:  `if !encoded.IsCanonicalVartime() {`,
		New:  `if !encoded.IsCanonicalVartime() && point.IsSmallOrder() {`,
	}, {
		ID:   "batch-of-another-rule",
		Bug:  "Batches verify under another rule than single signatures: a block that some nodes accept others refuse.",
		File: "node/keys/sum.go",
		Old:  `k.valid = err == nil`,
		New:  `k.valid = err == nil && !k.point.IsSmallOrder()`,
	}, {
		ID:   "batch-without-cofactor",
		Bug:  "The sum of a batch leaves out the cofactor: one odd signature, which is valid, makes every batch be verified again one by one.",
		File: "node/keys/sum.go",
		Old:  `return total.MultiscalarMulVartime(s.scalars, s.operands).IsSmallOrder()`,
		New:  `return total.MultiscalarMulVartime(s.scalars, s.operands).IsIdentity()`,
	}, {
		ID:   "batch-of-second-signatures",
		Bug:  "A batch takes s plus the group order for s: what is signed once has two signatures, and single checks refuse one.",
		File: "node/keys/sum.go",
		Old:  `if !key.valid || !scalar.ScMinimalVartime(sig.Value[32:]) {`,
		New:  `if !key.valid {`,
	}, {
		ID:   "batch-without-chance",
		Bug:  "The coefficients of a batch are all one: two wrong signatures that make up for each other pass.",
		File: "node/keys/sum.go",
		Old:  `if copy(wide[:], random); wide == [scalar.ScalarSize]byte{} {`,
		New:  `if wide == [scalar.ScalarSize]byte{} {`,
	}, {
		ID:   "single-of-another-rule",
		Bug:  "Single signatures verify under another rule than batches: a block that some nodes accept others refuse.",
		File: "node/keys/verify.go",
		Old:  `return ed25519.VerifyWithOptions(pub[:], msg, sig[:], zip215)`,
		New:  `return ed25519.Verify(pub[:], msg, sig[:])`,
	}, {
		ID:   "vrf-key-unchecked",
		Bug:  "A VRF key of small order is accepted: its output is the same for every input.",
		File: "node/keys/vrf.go",
		Old:  "if err := CheckPublicKey(pub); err != nil {",
		New:  "if err := CheckPublicKey(pub); err != nil && proof == [ProofSize]byte{} {",
	}, {
		ID:   "key-without-possession",
		Bug:  "A registration need not prove that it holds its keys: anybody registers another's key, and is in its way.",
		File: "node/ledger/tx.go",
		Old:  `if !keys.Verify(k.key, msg, k.proof) {`,
		New:  `if !keys.Verify(k.key, msg, k.proof) && k.proof == (chain.Signature{}) {`,
	}, {
		ID:   "key-registered-twice",
		Bug:  "Two validators register the same key: evidence against one is evidence against the other.",
		File: "node/ledger/tx.go",
		Old:  "} else if b != nil {\n\t\t\treturn chain.Refuse(chain.RefusedKeyInUse",
		New:  "} else if b != nil && key == k.Peer {\n\t\t\treturn chain.Refuse(chain.RefusedKeyInUse",
	}, {
		ID:   "known-whatever-it-signs",
		Bug:  "A signature that was found good once passes for every message: a vote for one block is a vote for any.",
		File: "node/keys/known.go",
		Old:  "\th.Write(msg)\n",
		New:  "",
	}, {
		ID:   "known-of-any-key",
		Bug:  "A signature that was found good once passes for every key: one validator votes in everybody's name.",
		File: "node/keys/known.go",
		Old:  "\th.Write(pub) // of fixed length, as sig is for each kind\n",
		New:  "",
	}, {
		ID:   "wrong-one-remembered",
		Bug:  "A signature that was found wrong in a batch is remembered as good: when it comes again it passes.",
		File: "node/keys/known.go",
		Old:  `if some[i] && b.known != nil {`,
		New:  `if b.known != nil {`,
	}, {
		ID:   "wrong-one-remembered-alone",
		Bug:  "A signature is remembered before it is checked: when it comes again it passes.",
		File: "node/keys/known.go",
		Old:  "if !Verify(pub, msg, sig) {\n\t\treturn false\n\t}\n\tk.learn(d)",
		New:  "k.learn(d)\n\tif !Verify(pub, msg, sig) {\n\t\treturn false\n\t}",
	}, {
		ID:   "known-without-bound",
		Bug:  "Signatures are remembered for ever: memory runs out.",
		File: "node/keys/known.go",
		Old:  `if len(k.new) >= k.size {`,
		New:  `if len(k.new) >= k.size<<20 {`,
	}, {
		ID:   "bad-key-remembered",
		Bug:  "A key that was refused is remembered as good: when it comes again it passes.",
		File: "node/keys/known.go",
		Old:  "if err := checkKey(&pub, &point); err != nil {\n\t\treturn err\n\t}",
		New:  "if err := checkKey(&pub, &point); err != nil {\n\t\tif known != nil {\n\t\t\tknown.put(&pub, &point)\n\t\t}\n\t\treturn err\n\t}",
	}, {
		ID:   "bad-key-remembered-by-a-batch",
		Bug:  "A key of small order that verified in a batch is remembered as good: it may enter the chain.",
		File: "node/keys/points.go",
		Old:  `k.learn = k.valid && !k.known && usable((*curve.CompressedEdwardsY)(&k.pub), &k.point) == nil`,
		New:  `k.learn = k.valid && !k.known`,
	}, {
		ID:   "keys-without-bound",
		Bug:  "Public keys are remembered for ever: memory runs out.",
		File: "node/keys/points.go",
		Old:  `if p.n < p.room {`,
		New:  `if p.n < p.room<<20 {`,
	}, {
		ID:   "keys-in-use-forgotten",
		Bug:  "Any key makes room for a new one, in use or not: strangers make others' signatures cost a square root each.",
		File: "node/keys/points.go",
		Old:  "*word &^= bit\n",
		New:  "delete(p.at, p.hash(&p.slot(i).key))\n\t\treturn i\n",
	}, {
		ID:   "key-in-two-roles",
		Bug:  "One key may be a validator's consensus key and its account: a vote may be read as something else.",
		File: "node/chain/registration.go",
		Old:  `all := []PublicKey{k.Consensus, k.VRF, k.Peer, PublicKey(account)}`,
		New:  `all := []PublicKey{k.Consensus, k.VRF, k.Peer, {account[0]}}`,
	},
}

var encoding = []Mutant{
	{
		ID:   "second-encoding-accepted",
		Bug:  "Bytes that are not the canonical encoding are read: one transaction has many hashes.",
		File: "node/chain/codec.go",
		Old:  `if !bytes.Equal(b, again.Bytes()) {`,
		New:  `if len(b) < again.Len() {`,
	}, {
		ID:   "cap-off-by-one",
		Bug:  "One byte more than the cap is decoded: limits that must agree between nodes do not.",
		File: "node/chain/codec.go",
		Old:  `if len(b) > limit {`,
		New:  `if len(b) > limit+1 {`,
	}, {
		ID:   "array-as-long-as-it-says",
		Bug:  "A few bytes that claim a long array have it allocated: one small message takes all memory.",
		File: "node/chain/form.go",
		Old:  `if n > fewElements && uint64(f.at-start) < (n-fewElements)*elementBytes {`,
		New:  `if n > fewElements<<20 && uint64(f.at-start) < (n-fewElements)*elementBytes {`,
	}, {
		ID:   "short-bytes-filled",
		Bug:  "A hash or key of fewer bytes is filled up: one value has many encodings.",
		File: "node/chain/hash.go",
		Old:  `if len(b) != 2+len(dst) || b[0] != 0x58 || int(b[1]) != len(dst) {`,
		New:  `if len(b) < 2 || len(b) > 2+len(dst) || b[0] != 0x58 {`,
	}, {
		ID:   "memo-too-long",
		Bug:  "A memo may be longer than the cap: nodes of another version refuse the block.",
		File: "node/chain/tx.go",
		Old:  `case len(t.Memo) > MaxMemoBytes:`,
		New:  `case len(t.Memo) > MaxMemoBytes+1:`,
	}, {
		ID:   "block-larger-than-the-parameters",
		Bug:  "A block above the network's own limit is read: one forger sends what others cannot carry.",
		File: "node/chain/block.go",
		Old:  `Decode(b, &blk, min(limit, MaxBlockBytes))`,
		New:  `Decode(b, &blk, max(limit, MaxBlockBytes))`,
	}, {
		ID:   "vote-state-without-end",
		Bug:  "A vote state may speak of any number of rounds: a peer makes a node work for nothing.",
		File: "node/chain/votestate.go",
		Old:  `if len(s.Rounds) > MaxStateRounds || s.Height == 0 {`,
		New:  `if len(s.Rounds) > MaxStateRounds+1 || s.Height == 0 {`,
	}, {
		ID:   "domain-without-the-network",
		Bug:  "Signed transactions do not name the network: those of a test network are replayed on the main one.",
		File: "node/chain/tx.go",
		Old:  `message(txDomain, genesis)`,
		New:  `message(txDomain, Hash{})`,
	},
}
