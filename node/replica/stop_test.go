package replica_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/signer"
)

// foreignVote is a precommit of the validator's key that another process made.
func foreignVote(round uint64) []byte {
	v := chain.Vote{Kind: chain.Precommit, Height: 1, Round: round, BlockHash: chain.Sum([]byte("a block of the other process"))}
	return chain.Encode(&chain.SignedVote{Vote: v, Validator: account.Public(), Signature: consensusKey.Sign(chain.VoteMessage(genesis.Hash(), &v))})
}

// dumb fails unless a machine that has just started is stopped for the reason
// given, and stays so while it has work.
func dumb(t *testing.T, m *machine, w *witness, message string) {
	t.Helper()
	v := m.replica.View()
	if m.halted != "DoubleIdentity" || !v.Halted || v.Voting || v.Reason != "DoubleIdentity" || v.Message != message {
		t.Fatalf("after a start: told of %q, view halted %v voting %v for %q: %q; want DoubleIdentity: %q",
			m.halted, v.Halted, v.Voting, v.Reason, v.Message, message)
	}
	if stop, ok := m.signer.Stopped(); !ok || stop.Seen != (signer.Slot{Height: 1, Round: 3, Kind: signer.Precommit}) {
		t.Errorf("the signer is stopped %v by %+v", ok, stop)
	}
	before := len(w.slots)
	must(t, m.pay())
	m.pass(10_000)
	if len(w.slots) != before || m.height() != 0 {
		t.Errorf("it votes: %d messages, height %d", len(w.slots)-before, m.height())
	}
	must(t, m.replica.Err())
}

func TestNoRestartMakesAStoppedValidatorVoteAgainButAHumanDoes(t *testing.T) {
	t.Parallel()
	blocks := history(t, 2)
	mem, w := newDisk(t), newWitness()
	m, err := boot(mem, w, true)
	must(t, err)
	must(t, m.replica.Frame("peer", chain.PublicKey{}, replica.FrameVote, foreignVote(3)))
	message := m.replica.View().Message
	if message == "" {
		t.Fatal("it does not say why it is halted")
	}
	for range 2 {
		mem = mem.CrashClone(vfs.CrashCloneCfg{})
		must(t, m.close())
		m, err = boot(mem, w, true)
		must(t, err)
		dumb(t, m, w, message)
	}
	// It follows the chain all the same, also over its own signatures of the other process.
	must(t, m.replica.Certified(blocks[0].raw(), blocks[0].rawCert()))
	must(t, m.close())

	s, err := signer.Open(mem, keep)
	must(t, err)
	must(t, s.Resume())
	must(t, s.Close())
	m, err = boot(mem, w, true)
	must(t, err)
	if v := m.replica.View(); m.halted != "" || v.Halted || v.Reason != "" || v.Height != 1 {
		t.Fatalf("after resuming: halted %q, %v for %q, height %d; want it to run at height 1", m.halted, v.Halted, v.Reason, v.Height)
	}
	must(t, m.reach(3))
	if len(w.lies) > 0 {
		t.Error(w.lies)
	}
	must(t, m.close())
}

func TestOnAFullDiskAStopIsRecordedAsSoonAsThereIsRoom(t *testing.T) {
	t.Parallel()
	mem, w := newDisk(t), newWitness()
	var full atomic.Bool
	m, err := boot(filling(mem, "sign-state", &full), w, true)
	must(t, err)
	full.Store(true)
	if err := m.replica.Frame("peer", chain.PublicKey{}, replica.FrameVote, foreignVote(3)); err != nil {
		t.Fatal(err)
	}
	must(t, m.pay())
	m.pass(5000)
	if _, err := m.signer.Sign(signer.Request{Kind: signer.Prevote, Height: 1, Message: []byte("x")}); !errors.Is(err, signer.ErrStopped) {
		t.Errorf("without room for the record: %v, want %v", err, signer.ErrStopped)
	}
	if v := m.replica.View(); !v.DiskFull || len(w.slots) != 0 || m.replica.Err() != nil {
		t.Fatalf("disk full %v, %d messages, %v; want it to wait in silence", v.DiskFull, len(w.slots), m.replica.Err())
	}
	full.Store(false)
	m.pass(100)
	message := m.replica.View().Message
	lost := mem.CrashClone(vfs.CrashCloneCfg{})
	must(t, m.close())
	m, err = boot(lost, w, true)
	must(t, err)
	dumb(t, m, w, message)
	must(t, m.close())
}

// TestAnOwnVoteOfAHeightThatIsSignedPastIsNoNews has a validator fetch the
// chain again behind its sign-state: the signer keeps the votes of its highest
// height only, so it can say nothing against those below.
func TestAnOwnVoteOfAHeightThatIsSignedPastIsNoNews(t *testing.T) {
	t.Parallel()
	mem, w := newDisk(t), newWitness()
	m, err := boot(mem, w, true)
	must(t, err)
	must(t, m.reach(1))
	must(t, m.pay())
	m.pass(500)
	must(t, m.close())
	v := chain.Vote{Kind: chain.Precommit, Height: 1, BlockHash: w.blocks[1]}
	own := chain.SignedVote{Vote: v, Validator: account.Public(), Signature: consensusKey.Sign(chain.VoteMessage(genesis.Hash(), &v))}
	proposed := w.proposed
	must(t, mem.RemoveAll("db"))
	must(t, mem.RemoveAll("wal"))
	m, err = boot(mem, w, true)
	must(t, err)
	if s := m.signer.State(); s.Height != 2 || proposed.Height != 2 {
		t.Fatalf("signed up to %v, want height 2", s)
	}
	must(t, m.replica.Frame("peer", chain.PublicKey{}, replica.FrameVote, chain.Encode(&own)))
	if m.halted != "" {
		t.Errorf("halted: %s", m.halted)
	}
	must(t, m.close())
}
