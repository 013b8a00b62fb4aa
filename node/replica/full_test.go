package replica_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/store"
)

// filling is a disk that has no room for one file while full is set. (A file
// system that copies on write needs room even to overwrite.)
func filling(mem *vfs.MemFS, file string, full *atomic.Bool) vfs.FS {
	return errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && op.Kind == errorfs.OpFileWriteAt && strings.HasSuffix(op.Path, file) {
			return syscall.ENOSPC
		}
		return nil
	}))
}

func TestOnAFullDiskAReplicaWaitsAndThenGoesOn(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"sign-state", "consensus.wal", "the database"} {
		for _, crash := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, crash %v", file, crash), func(t *testing.T) {
				t.Parallel()
				mem, w := newDisk(t), newWitness()
				var full atomic.Bool
				fill := func(yes bool) {
					if full.Store(yes); file == "the database" {
						free := uint64(1 << 30)
						if yes {
							free = 1 << 20
						}
						mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: free, TotalBytes: 1 << 30})
					}
				}
				fill(false)
				m, err := boot(filling(mem, file, &full), w, true)
				must(t, err)
				must(t, m.reach(2))
				fill(true)
				must(t, m.pay())
				m.pass(20_000) // many times every timeout of consensus
				if v := m.replica.View(); m.replica.Err() != nil || !v.DiskFull || v.Height != 2 {
					t.Fatalf("height %d, disk full %v, error %v; want it to wait at height 2", v.Height, v.DiskFull, m.replica.Err())
				}
				if crash {
					lost := mem.CrashClone(vfs.CrashCloneCfg{})
					must(t, m.close())
					m, err = boot(lost, w, true)
					must(t, err)
					must(t, m.pay())
				}
				fill(false)
				m.pass(2000) // the round that waited has run out of time: it takes another
				if v := m.replica.View(); v.DiskFull || v.Height < 3 {
					t.Errorf("with room again: height %d, disk full %v; want block 3 soon", v.Height, v.DiskFull)
				}
				must(t, m.reach(5))
				if len(w.lies) > 0 {
					t.Error(w.lies)
				}
				must(t, m.close())
			})
		}
	}
}

func TestOnAFullDiskAFollowerBlamesNobody(t *testing.T) {
	t.Parallel()
	blocks := history(t, 1)
	mem := vfs.NewMem()
	mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 30, TotalBytes: 1 << 30})
	m, err := boot(mem, newWitness(), false)
	must(t, err)
	mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 20, TotalBytes: 1 << 30})
	for range 3 {
		err := m.replica.Certified(blocks[0].raw(), blocks[0].rawCert())
		if !errors.Is(err, store.ErrNoSpace) || errors.Is(err, replica.ErrHostile) {
			t.Fatalf("a block on a full disk: %v, want %v", err, store.ErrNoSpace)
		}
		m.pass(50)
	}
	mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 30, TotalBytes: 1 << 30})
	must(t, m.replica.Certified(blocks[0].raw(), blocks[0].rawCert()))
	if got := m.height(); got != 1 {
		t.Errorf("height %d after the block was taken, want 1", got)
	}
	must(t, m.close())
}
