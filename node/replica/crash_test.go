package replica_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/posnet/posnet/node/wal/crashfs"
)

// afterCrash lives on with the disk a crash left: it must stand at the last
// acknowledged block or at the one that was under way, hold the blocks the
// world knows, finalise more, and never contradict what left it before.
func afterCrash(mem *vfs.MemFS, w *witness) error {
	acked := w.decided
	m, err := boot(mem, w, true)
	if err != nil {
		return err
	}
	at, err := m.store.Tip()
	if err != nil {
		return err
	}
	if at.Height < acked || at.Height > acked+1 {
		return fmt.Errorf("it is at height %d, block %d was acknowledged", at.Height, acked)
	}
	if err := m.reach(acked + 2); err != nil {
		return fmt.Errorf("it does not go on: %w", err)
	}
	if m.halted != "" {
		return fmt.Errorf("it stopped voting: %s", m.halted)
	}
	for h := uint64(1); h <= acked+2; h++ {
		if there, err := m.store.HeightOf(w.blocks[h]); err != nil || there != h {
			return fmt.Errorf("block %s was made final at height %d: the store has it at %d (%w)", w.blocks[h].Short(), h, there, err)
		}
	}
	if len(w.lies) > 0 {
		return errors.New(strings.Join(w.lies, "; "))
	}
	return m.close()
}

func TestNoCrashMakesAReplicaForgetOrContradictItself(t *testing.T) {
	t.Parallel()
	height, mixtures := uint64(3), 1
	if testing.Short() {
		height, mixtures = 2, 0
	}
	mem, w := newDisk(t), newWitness()
	var mu sync.Mutex // the store has goroutines
	n, crashes := 0, map[string]int{}
	fsys := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		images := crashfs.Images(mem, uint64(n), mixtures)
		if testing.Short() { // one of them, by turns
			images = images[n%len(images):][:1]
		}
		for _, image := range images {
			if err := afterCrash(image.FS, w.fork()); err != nil {
				t.Errorf("crash before operation %d (%v on %s), %s: %v", n, op.Kind, op.Path, image.Name, err)
			}
		}
		n++
		crashes[strings.SplitN(op.Path, "/", 2)[0]]++
		return nil
	}))
	m, err := boot(fsys, w, true)
	must(t, err)
	must(t, m.reach(height))
	must(t, m.close())
	t.Logf("crashes by place: %v", crashes)
	for _, place := range []string{"db", "wal", keep} {
		if crashes[place] < 2*int(height) {
			t.Errorf("only %d crashes before an operation in %s", crashes[place], place)
		}
	}
}
