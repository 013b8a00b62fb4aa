package replica_test

import (
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
)

// TestRecordsThatFoundNoRoomAreDurableBeforeAnythingLeaves fills the disk when
// the validator is about to log its block. When there is room again, the block
// has to be in the log before the proposal leaves: after a crash the validator
// still has what it asked others to vote for.
func TestRecordsThatFoundNoRoomAreDurableBeforeAnythingLeaves(t *testing.T) {
	t.Parallel()
	g, mem, w := withAnother(t), newDisk(t), newWitness()
	var full atomic.Bool
	m, err := bootInto(g, filling(mem, "consensus.wal", &full), w, true)
	must(t, err)
	hello := chain.Encode(&chain.VoteState{Height: 1})
	must(t, m.replica.Frame("other", seeded(3, 3).Public(), replica.FrameState, hello))
	full.Store(true)
	must(t, m.pay())
	m.pass(100)
	if v := m.replica.View(); !v.DiskFull || len(w.slots) != 0 {
		t.Fatalf("disk full %v, %d messages left; want it to wait with its proposal", v.DiskFull, len(w.slots))
	}
	full.Store(false)
	m.pass(100)
	if w.proposed.Height != 1 {
		t.Fatal("with room again it does not propose")
	}
	lost := mem.CrashClone(vfs.CrashCloneCfg{})
	must(t, m.close())

	m, err = bootInto(g, lost, w, true)
	must(t, err)
	m.pass(1000)
	if s := w.told; len(s.Rounds) == 0 || !s.Rounds[0].Proposal {
		t.Errorf("after a crash it has no block of the proposal that left: it tells of %+v", s)
	}
	must(t, m.close())
}
