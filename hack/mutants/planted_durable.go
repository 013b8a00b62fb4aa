package main

var signing = []Mutant{
	{
		ID:   "signature-leaves-before-the-sync",
		Bug:  "A signature is given before its record is on the disk: after a power cut the validator signs something else.",
		File: "node/signer/signer.go",
		Old:  `return s.log.Sync()`,
		New:  `return nil`,
	}, {
		ID:   "round-not-compared",
		Bug:  "The sign-state does not compare rounds: votes of later rounds of a height are refused.",
		File: "node/signer/slot.go",
		Old:  `cmp.Compare(s.Height, t.Height), cmp.Compare(s.Round, t.Round), cmp.Compare(s.Kind, t.Kind)`,
		New:  `cmp.Compare(s.Height, t.Height), cmp.Compare(s.Kind, t.Kind)`,
	}, {
		ID:   "kind-not-compared",
		Bug:  "The sign-state does not compare kinds of message: a precommit is refused once the prevote is signed.",
		File: "node/signer/slot.go",
		Old:  `cmp.Compare(s.Height, t.Height), cmp.Compare(s.Round, t.Round), cmp.Compare(s.Kind, t.Kind)`,
		New:  `cmp.Compare(s.Height, t.Height), cmp.Compare(s.Round, t.Round)`,
	}, {
		ID:   "kind-before-round",
		Bug:  "Kinds weigh more than rounds: a prevote of an earlier round is refused, one of a later round may contradict.",
		File: "node/signer/slot.go",
		Old:  `cmp.Compare(s.Round, t.Round), cmp.Compare(s.Kind, t.Kind)`,
		New:  `cmp.Compare(s.Kind, t.Kind), cmp.Compare(s.Round, t.Round)`,
	}, {
		ID:   "slot-signed-twice",
		Bug:  "Asked for another message in a slot, the signer signs it too: the validator is slashed.",
		File: "node/signer/signer.go",
		Old:  "return sig, &DoubleSignError{Slot: slot, Signed: before.digest, Asked: digest}",
		New:  "return s.consensus.Sign(req.Message), nil",
	}, {
		ID:   "earlier-round-signed",
		Bug:  "A slot below the highest of its height is signed: a validator votes where it must have forgotten why it did not.",
		File: "node/signer/signer.go",
		Old:  `if slot.Compare(s.state.highest) <= 0 {`,
		New:  `if slot.Height < s.state.highest.Height {`,
	}, {
		ID:   "earlier-height-signed",
		Bug:  "A slot of an earlier height is signed: a node that was set back votes again in decided heights.",
		File: "node/signer/signer.go",
		Old:  `if slot.Compare(s.state.highest) <= 0 {`,
		New:  `if slot.Height == s.state.highest.Height && slot.Compare(s.state.highest) <= 0 {`,
	}, {
		ID:   "rotation-forgets",
		Bug:  "A new sign-state file begins without the signatures of this height: a restart after it signs them again.",
		File: "node/signer/signer.go",
		Old:  `s.log.Rotate(s.state.records(s.identity)...)`,
		New:  `s.log.Rotate(s.state.records(s.identity)[:1]...)`,
	}, {
		ID:   "missing-sign-state-made-anew",
		Bug:  "A key without its sign-state starts with an empty one: a lost file is answered with a second vote.",
		File: "node/signer/open.go",
		Old:  "if errors.Is(stateErr, fs.ErrNotExist) {\n\t\treturn nil, fmt.Errorf(",
		New: "if errors.Is(stateErr, fs.ErrNotExist) {\n\t\tst := state{limit: l.limit}\n\t\tvrf, _ := readKey(fsys, fsys.PathJoin(dir, vrfFile))\n" +
			"\t\tstateErr = wal.Create(fsys, statePath, l.options(), st.records(identity(consensus, vrf))...)\n\t}\n" +
			"\tif stateErr != nil {\n\t\treturn nil, fmt.Errorf(",
	}, {
		ID:   "sign-state-of-other-keys",
		Bug:  "A sign-state that belongs to other keys is accepted: what this key has signed is not in it.",
		File: "node/signer/state.go",
		Old:  `if string(recs[0].Data) != string(identity) {`,
		New:  `if len(recs[0].Data) != len(identity) {`,
	}, {
		ID:   "two-processes-one-key",
		Bug:  "The validator directory is not locked: two processes sign with one key.",
		File: "node/signer/open.go",
		Old:  `lock, err := fsys.Lock(path)`,
		New:  `lock, err := fsys.Create(path, vfs.WriteCategoryUnspecified)`,
	}, {
		ID:   "possession-signs-anything",
		Bug:  "The proof of possession signs any message: votes go around the sign-state.",
		File: "node/signer/prove.go",
		Old:  `if bytes.HasPrefix(message, domain) {`,
		New:  `if bytes.HasPrefix(message, domain[:len("posnet/")]) {`,
	}, {
		ID:   "stopped-signer-signs",
		Bug:  "A signer that was stopped, because somebody else signs with its key, goes on signing.",
		File: "node/signer/signer.go",
		Old:  `if s.state.stop != nil {`,
		New:  `if s.state.stop != nil && s.unsaved {`,
	}, {
		ID:   "stop-not-recorded",
		Bug:  "A stop is only in memory: after a restart the validator signs beside its double again.",
		File: "node/signer/stop.go",
		Old:  `if err := s.write(stopRecord(s.state.stop)); err != nil {`,
		New:  `if err := s.log.Sync(); err != nil {`,
	}, {
		ID:   "new-directory-not-synced",
		Bug:  "A new validator directory is not made durable: keys that are in the genesis are gone after a power cut.",
		File: "node/signer/create.go",
		Old:  "if err := syncDir(fsys, fsys.PathDir(dir)); err != nil {\n\t\treturn fmt.Errorf(\"create validator",
		New:  "if err := error(nil); err != nil {\n\t\treturn fmt.Errorf(\"create validator",
	}, {
		ID:   "key-file-not-synced",
		Bug:  "A new key file is not made durable: after a power cut it is there and empty.",
		File: "node/signer/create.go",
		Old:  "err = f.Sync()\n",
		New:  "_, err = f.Stat()\n",
	},
}

var order = []Mutant{
	{
		ID:   "precommit-before-its-lock",
		Bug:  "A precommit leaves before the lock is durable: after a crash the validator votes against what it helped to decide.",
		File: "node/consensus/rules.go",
		Old:  "if c.Voting() {\n\t\t\tc.persistBlock(hash)",
		New:  "c.vote(chain.Precommit, hash)\n\t\tif c.Voting() {\n\t\t\tc.persistBlock(hash)",
	}, {
		ID:   "lock-not-logged",
		Bug:  "The lock is never written down: after a restart the validator votes against what it helped to decide.",
		File: "node/consensus/rules.go",
		Old:  "c.emit(Persist{Record{Height: c.rules.Height, Lock: &LockRecord{",
		New:  "_ = (Persist{Record{Height: c.rules.Height, Lock: &LockRecord{",
	}, {
		ID:   "lock-without-its-proof",
		Bug:  "The prevotes that prove a lock are not written down: after a restart nobody can be shown why to accept its block.",
		File: "node/consensus/rules.go",
		Old:  `BlockHash: hash, Prevotes: r.prevotes.of(hash),`,
		New:  `BlockHash: hash,`,
	}, {
		ID:   "prevote-before-its-block",
		Bug:  "A prevote leaves before its block is durable: two thirds may be locked on a block that nobody has any more.",
		File: "node/consensus/rules.go",
		Old:  "if kind == chain.Prevote && !hash.IsZero() {\n\t\tc.persistBlock(hash)\n\t}\n",
		New:  "",
	}, {
		ID:   "proposal-before-its-block",
		Bug:  "A proposal is signed before its block is durable: after a crash the forger signs another one.",
		File: "node/consensus/receive.go",
		Old:  "c.emit(Persist{Record{Height: e.Height, Proposal: &chain.SignedProposal{",
		New:  "c.emit(SignProposal{Round: e.Round, ValidRound: -1, Block: e.Block})\n\tc.emit(Persist{Record{Height: e.Height, Proposal: &chain.SignedProposal{",
	}, {
		ID:   "vote-not-logged",
		Bug:  "An own vote is not written down before it is signed: after a restart the node does not know where it stood.",
		File: "node/consensus/rules.go",
		Old:  "c.emit(Persist{Record{Height: v.Height, Vote: &v}})\n",
		New:  "",
	}, {
		ID:   "records-after-effects",
		Bug:  "Votes and proposals leave before the records they depend on are durable.",
		File: "node/replica/perform.go",
		Old:  `if r.flush(); r.err != nil || r.full {`,
		New:  `if r.err != nil || r.full {`,
	}, {
		ID:   "records-not-synced",
		Bug:  "The consensus log is written and not synced: a power cut takes the lock away.",
		File: "node/replica/perform.go",
		Old:  "if err := r.wal.Sync(); err != nil {\n\t\tr.fail(fmt.Errorf(\"sync the consensus log",
		New:  "if err := error(nil); err != nil {\n\t\tr.fail(fmt.Errorf(\"sync the consensus log",
	}, {
		ID:   "log-cleared-before-the-commit",
		Bug:  "The consensus log is cleared before the block is in the store: a crash between the two forgets lock and votes of an undecided height.",
		File: "node/replica/commit.go",
		Old:  "raw := chain.Encode(b)\n\terr := r.write(",
		New:  "raw := chain.Encode(b)\n\t_ = r.wal.Truncate()\n\t_ = r.wal.Sync()\n\terr := r.write(",
	}, {
		ID:   "records-of-a-stalled-write-lost",
		Bug:  "Records that found no room are given up: when there is room again votes leave without them.",
		File: "node/replica/perform.go",
		Old:  "r.stall(\"write the consensus log\", err)\n\t\treturn",
		New:  "r.unsaved = nil\n\t\tr.stall(\"write the consensus log\", err)\n\t\treturn",
	},
}

var durability = []Mutant{
	{
		ID:   "sync-of-the-log-does-nothing",
		Bug:  "The log reports records as durable that are not.",
		File: "node/wal/log.go",
		Old:  "if err := l.file.SyncData(); err != nil {\n\t\treturn l.fail(\"sync\", err)\n\t}\n",
		New:  "",
	}, {
		ID:   "failed-sync-tried-again",
		Bug:  "After a failed fsync the log tries again and trusts the second answer: the kernel has dropped the pages.",
		File: "node/wal/log.go",
		Old:  `return l.fail("sync", err)`,
		New:  `return err`,
	}, {
		ID:   "torn-tail-stays",
		Bug:  "A torn tail is left in the log: an old record comes back to life behind a shorter new one.",
		File: "node/wal/open.go",
		Old:  `if found.TornBytes > 0 {`,
		New:  `if found.TornBytes > 1<<40 {`,
	}, {
		ID:   "recovered-not-synced",
		Bug:  "What was recovered is acted on before it is durable: a second crash takes it away.",
		File: "node/wal/open.go",
		Old:  "if err := l.file.Sync(); err != nil {\n\t\treturn nil, fmt.Errorf(\"sync what was recovered",
		New:  "if err := error(nil); err != nil {\n\t\treturn nil, fmt.Errorf(\"sync what was recovered",
	}, {
		ID:   "rotation-not-synced",
		Bug:  "A new log file takes the old one's place before its contents are durable: a crash leaves an empty log.",
		File: "node/wal/rotate.go",
		Old:  "if err := f.Sync(); err != nil {\n\t\treturn w, l.fail(\"sync the successor of",
		New:  "if err := error(nil); err != nil {\n\t\treturn w, l.fail(\"sync the successor of",
	}, {
		ID:   "rotation-name-not-synced",
		Bug:  "The new name of a log file is not made durable: a crash brings the old file back without what followed.",
		File: "node/wal/rotate.go",
		Old:  "if err := syncDir(l.fs, l.fs.PathDir(l.path)); err != nil {",
		New:  "if err := error(nil); err != nil {",
	}, {
		ID:   "record-checksum-unchecked",
		Bug:  "The checksum of a record is not checked: half a record is read as a whole one.",
		File: "node/wal/frame.go",
		Old:  `if crc32.Checksum(data, castagnoli) == binary.BigEndian.Uint32(rest[4:]) && isZero(`,
		New:  `if isZero(`,
	}, {
		ID:   "damage-taken-for-a-torn-tail",
		Bug:  "A damaged record that was durable is dropped as if a crash had torn it: the validator forgets what it signed.",
		File: "node/wal/scan.go",
		Old:  `if ok && frame.durable > end {`,
		New:  `if ok && frame.durable > end+1<<40 {`,
	}, {
		ID:   "commit-not-synced",
		Bug:  "A block is acknowledged as final before it is durable: after a power cut this node never heard of it.",
		File: "node/store/commit.go",
		Old:  `return b.Commit(pebble.Sync)`,
		New:  `return b.Commit(pebble.NoSync)`,
	}, {
		ID:   "any-height-commits",
		Bug:  "A block is committed on any tip: the chain has holes.",
		File: "node/store/commit.go",
		Old:  `if c.Height != tip.Height+1 {`,
		New:  `if c.Height <= tip.Height {`,
	}, {
		ID:   "full-disk-goes-on",
		Bug:  "A nearly full disk is written to the last byte: the database cannot be opened any more.",
		File: "node/store/commit.go",
		Old:  `if err == nil && usage.AvailBytes < need {`,
		New:  `if err == nil && usage.AvailBytes < need>>40 {`,
	}, {
		ID:   "pruned-too-much",
		Bug:  "Pruning deletes nodes that a version to be kept needs: proofs at recent heights fail.",
		File: "node/store/prune.go",
		Old:  `upTo := tip.Height - keep`,
		New:  `upTo := tip.Height - keep + 1`,
	}, {
		ID:   "lost-manifest-name",
		Bug:  "The name of a new manifest is not made durable: after a crash the database cannot be opened.",
		File: "node/store/open.go",
		Old:  `err = errors.Join(dir.Sync(), dir.Close())`,
		New:  `err = dir.Close()`,
	},
}

var restart = []Mutant{
	{
		ID:   "lock-of-round-zero-forgotten",
		Bug:  "After a restart a lock of round 0 is not taken up: the validator votes against what it helped to decide.",
		File: "node/consensus/recover.go",
		Old:  `if r.LockedRound >= 0 {`,
		New:  `if r.LockedRound > 0 {`,
	}, {
		ID:   "older-lock-recovered",
		Bug:  "Of several locks in the log the first is taken up: a newer polka no longer counts.",
		File: "node/replica/recover.go",
		Old:  `if int64(l.Round) < rec.LockedRound {`,
		New:  `if rec.LockedRound >= 0 {`,
	}, {
		ID:   "own-votes-not-taken-up",
		Bug:  "After a restart a node does not know its own votes: it votes again in a round it has voted in, and is refused or slashed.",
		File: "node/consensus/recover.go",
		Old:  "for _, v := range r.OwnVotes {\n\t\tc.onVote(v)\n\t}",
		New:  "",
	}, {
		ID:   "round-not-taken-up",
		Bug:  "After a restart a node begins with round 0 again: it waits through every round it has been in.",
		File: "node/consensus/recover.go",
		Old:  `c.round = r.Round`,
		New:  `c.round = min(r.Round, 0)`,
	}, {
		ID:   "silence-ends-early",
		Bug:  "After a start a third of the stake ends the silence: a validator speaks before it can have heard of its own votes.",
		File: "node/consensus/exchange.go",
		Old:  "if c.rules.Set.Quorum(sum) {\n\t\tc.mayVote = true",
		New:  "if c.rules.Set.Blocking(sum) {\n\t\tc.mayVote = true",
	}, {
		ID:   "claimed-votes-ignored",
		Bug:  "A peer that shows a vote of ours that we do not know ends the silence: a copy of the volume votes a second time.",
		File: "node/consensus/exchange.go",
		Old:  `if e.State.Height == c.rules.Height && c.claimsUnknownOwn(&e.State) {`,
		New:  `if e.State.Height > c.rules.Height && c.claimsUnknownOwn(&e.State) {`,
	}, {
		ID:   "stranger-ends-the-silence",
		Bug:  "Any peer's vote state counts as that of the first validator: strangers end the silence after a start.",
		File: "node/replica/receive.go",
		Old:  "if !ok {\n\t\ti = -1\n\t}",
		New:  "if !ok {\n\t\ti = 0\n\t}",
	}, {
		ID:   "foreign-vote-of-own-key",
		Bug:  "A vote of our key that our sign-state does not know is counted: two nodes with one key go on until they are slashed.",
		File: "node/replica/receive.go",
		Old:  `if v.Validator == r.cfg.Self && !r.remembers(&v.Vote) {`,
		New:  `if v.Validator.IsZero() && !r.remembers(&v.Vote) {`,
	}, {
		ID:   "foreign-proposal-of-own-key",
		Bug:  "A block of our key that our sign-state does not know is accepted: two nodes with one key go on until they are slashed.",
		File: "node/replica/receive.go",
		Old:  `if r.foreign(&verified) {`,
		New:  `if r.foreign(&verified) && r.cfg.Self.IsZero() {`,
	}, {
		ID:   "foreign-vote-of-an-earlier-round",
		Bug:  "A vote of our key in an earlier round of the height is taken for our own: a double is noticed only where we are.",
		File: "node/replica/receive.go",
		Old:  `s.Round > round && s.Round-round > signedRounds/4 {`,
		New:  `s.Round > round {`,
	}, {
		ID:   "foreign-reproposal-of-own-key",
		Bug:  "A re-proposal of our key that our sign-state does not know is accepted: a double proposes beside us.",
		File: "node/replica/receive.go",
		Old:  `return !r.knows(signer.Proposal, s.Height, s.Round, chain.ProposalMessage(r.genesis, s))`,
		New:  `return false`,
	}, {
		ID:   "outcome-of-a-held-block-forgotten",
		Bug:  "After sixteen blocks in a height what came of all is forgotten: the node dies when one of them is decided.",
		File: "node/replica/held.go",
		Old:  `return !r.core.Holds(h)`,
		New:  `return true`,
	}, {
		ID:   "proof-of-an-old-lock-dropped",
		Bug:  "The round of the lock is not admitted when it is long ago: after a restart the lock has no proof, and the height may never end.",
		File: "node/consensus/receive.go",
		Old:  ` || int64(round) == c.lockedRound || int64(round) == c.validRound`,
		New:  ``,
	}, {
		ID:   "compaction-loses-own-votes",
		Bug:  "A full consensus log is compacted without the own votes: after a restart the validator does not know what it signed.",
		File: "node/replica/compact.go",
		Old:  `needed := c.Vote != nil || i == lock`,
		New:  `needed := i == lock`,
	}, {
		ID:   "lost-log-votes-on",
		Bug:  "A validator whose consensus log is lost votes on in that height: it has forgotten its lock, and may help to fork the chain.",
		File: "node/replica/commit.go",
		Old:  `if r.mute = r.forgot(height, rec); r.mute {`,
		New:  `if r.mute = r.forgot(height, rec) && height == 0; r.mute {`,
	}, {
		ID:   "halted-votes-on",
		Bug:  "A node that found its double goes on voting.",
		File: "node/consensus/core.go",
		Old:  `func (c *Core) Voting() bool { return c.me >= 0 && c.mayVote && !c.halted }`,
		New:  `func (c *Core) Voting() bool { return c.me >= 0 && c.mayVote }`,
	}, {
		ID:   "recovery-signs-anew",
		Bug:  "While it reads its log a node signs what it had not signed: a vote leaves that was given up.",
		File: "node/replica/recover.go",
		Old:  `if digest, ok := r.cfg.Signer.Signed(kind, height, round); !ok || digest != sha256.Sum256(msg) {`,
		New:  `if digest, ok := r.cfg.Signer.Signed(kind, height, round); ok && digest != sha256.Sum256(msg) {`,
	}, {
		ID:   "strangers-fill-the-early-frames",
		Bug:  "Frames of strangers for the next height are kept: they leave no room for those of validators.",
		File: "node/replica/receive.go",
		Old:  `if _, validator := r.core.Rules().Set.ByPeer(f.key); !validator {`,
		New:  `if _, validator := r.core.Rules().Set.ByPeer(f.key); !validator && f.kind == 0 {`,
	}, {
		ID:   "early-frames-lost",
		Bug:  "What came for the next height is dropped when it opens: each height waits for the exchange of vote states.",
		File: "node/replica/receive.go",
		Old:  "early := r.early\n\tr.early = nil",
		New:  "early := r.early[:0]\n\tr.early = nil",
	},
}

var catchUp = []Mutant{
	{
		ID:   "certificate-of-a-fetched-block-unverified",
		Bug:  "A fetched block is applied without its certificate: one lying peer writes a node's history.",
		File: "node/replica/commit.go",
		Old:  `if err := r.tip.set.VerifyCertificate(r.genesis, b.Header.Height, hash, &cert, r.cfg.Known); err != nil {`,
		New:  `if err := r.tip.set.VerifyCertificate(r.genesis, b.Header.Height, hash, &cert, r.cfg.Known); err != nil && rawCert == nil {`,
	}, {
		ID:   "header-of-a-fetched-block-unverified",
		Bug:  "A fetched block's forger, lottery and VRF proof are not verified.",
		File: "node/replica/commit.go",
		Old:  `if err := r.core.Rules().VerifyHeader(b); err != nil {`,
		New:  `if err := r.core.Rules().VerifyHeader(b); err != nil && rawCert == nil {`,
	}, {
		ID:   "fetched-block-applied-unexecuted-roots",
		Bug:  "What executing a fetched block gives is not compared with its header: a node goes on with another state than the rest.",
		File: "node/replica/build.go",
		Old:  "if err := ledger.CheckRoots(h, out); err != nil {\n\t\treturn err\n\t}\n",
		New:  "",
	}, {
		ID:   "own-signature-in-a-fetched-block",
		Bug:  "A fetched block that our own key signed and our sign-state does not know is no warning: a restored volume votes a second time.",
		File: "node/replica/commit.go",
		Old:  `if r.checkOwnSignature(&b.Header, &cert); r.err != nil || r.full {`,
		New:  `if r.err != nil || r.full {`,
	}, {
		ID:   "own-precommit-in-a-certificate",
		Bug:  "A certificate with our own precommit that our sign-state does not know is no warning.",
		File: "node/replica/commit.go",
		Old:  `s.Compare(precommit) < 0:`,
		New:  `s.Compare(precommit) < -1:`,
	}, {
		ID:   "more-blocks-than-asked",
		Bug:  "A peer may answer with any number of blocks: memory runs out.",
		File: "node/catchup/answer.go",
		Old:  `if len(blocks) > q.Count {`,
		New:  `if len(blocks) > q.Count<<20 {`,
	}, {
		ID:   "larger-answer-than-the-cap",
		Bug:  "A peer may answer with any number of bytes: memory runs out.",
		File: "node/catchup/answer.go",
		Old:  `size > MaxAnswerBytes {`,
		New:  `size > MaxAnswerBytes<<20 {`,
	}, {
		ID:   "wrong-block-blames-nobody",
		Bug:  "A peer that brings another block than was asked for is not reported: it stays connected and is asked again and again.",
		File: "node/catchup/answer.go",
		Old:  `e.blame(s.by, fmt.Errorf("it brought another block than height %d", s.from))`,
		New:  `s.blocks, s.by = nil, ""`,
	}, {
		ID:   "liar-not-blamed",
		Bug:  "A peer whose block does not verify is not reported: it stays connected.",
		File: "node/catchup/answer.go",
		Old:  "e.ports.Blame(peer, err)\n",
		New:  "",
	}, {
		ID:   "failed-peer-asked-at-once",
		Bug:  "A peer that just failed is asked again at once: one liar keeps a node from ever catching up.",
		File: "node/catchup/book.go",
		Old:  `|| n.until > now || n.busy`,
		New:  `|| n.busy`,
	}, {
		ID:   "liars-other-blocks-used",
		Bug:  "What else a liar brought is looked at all the same: each of its blocks costs a verification.",
		File: "node/catchup/answer.go",
		Old:  `if s.by == peer {`,
		New:  `if s.by == peer && s.used > 0 {`,
	},
}
