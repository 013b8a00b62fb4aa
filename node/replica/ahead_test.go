package replica_test

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// TestAForgerGoesOnFromAParentThatIsAheadOfItsClock decides a block and sets the clock back: to the others, its time is
// that of a forger who went ahead on purpose.
func TestAForgerGoesOnFromAParentThatIsAheadOfItsClock(t *testing.T) {
	t.Parallel()
	m, err := boot(newDisk(t), newWitness(), true)
	must(t, err)
	must(t, m.reach(1))
	parent := m.replica.View().Time
	m.w.now = parent - genesis.Params.ClockDrift + 1
	must(t, m.pay())
	if m.height() != 2 {
		t.Fatalf("it is at height %d: it waits, and whoever goes ahead on purpose wins the rounds until its clock is there", m.height())
	}
	b, err := chain.DecodeBlock(m.proposedBlock(), chain.MaxBlockBytes)
	must(t, err)
	if b.Header.Time != parent+1 {
		t.Errorf("block 2 is of %d, its parent of %d: want the next instant, which voters bear longest", b.Header.Time, parent)
	}
	must(t, m.close())
}

// TestAForgerWaitsWhileNobodyWouldBearTheTimeOfItsBlock sets the clock back by more than voters bear.
func TestAForgerWaitsWhileNobodyWouldBearTheTimeOfItsBlock(t *testing.T) {
	t.Parallel()
	m, err := boot(newDisk(t), newWitness(), true)
	must(t, err)
	must(t, m.reach(1))
	const early = 100
	m.w.now = m.replica.View().Time + 1 - genesis.Params.ClockDrift - early
	must(t, m.pay())
	m.pass(early - 50)
	if m.height() != 1 {
		t.Fatal("it proposed a block whose time its own clock refuses")
	}
	m.pass(100)
	if m.height() != 2 {
		t.Errorf("it is at height %d, though voters with its clock would bear the next block", m.height())
	}
	must(t, m.close())
}

func (m *machine) proposedBlock() []byte { return m.w.proposed.Block }
