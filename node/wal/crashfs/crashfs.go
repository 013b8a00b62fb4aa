// Package crashfs is for tests of durable things: it stops the world before every change a program makes to its disk and
// shows what a crash at that instant could leave there.
//
// [Watch] and [Images] join the two halves pebble's vfs has for this: errorfs, which sees every operation, and the crash
// clones of MemFS, which know what was synced. They do for the tests of one file. [Disk] is for runs of a whole node with
// many crashes in a row.
package crashfs

import (
	"fmt"
	"math/rand/v2"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// Image is a disk as a crash may leave it.
type Image struct {
	FS   *vfs.MemFS
	Name string // what became of the data that was not synced
}

// Images returns disks a crash at this instant may leave: with all unsynced data lost, with none lost (the process died
// but not the machine), and mixtures of some directories and 4 KiB blocks lost, drawn from seed.
func Images(mem *vfs.MemFS, seed uint64, mixtures int) []Image {
	images := []Image{
		{mem.CrashClone(vfs.CrashCloneCfg{}), "all unsynced data lost"},
		{mem.CrashClone(keep(100, seed)), "no data lost"},
	}
	for i := range mixtures {
		s := seed + uint64(i)<<32
		images = append(images, Image{mem.CrashClone(keep(50, s)), fmt.Sprintf("half of the unsynced data lost, seed %d", s)})
	}
	return images
}

func keep(percent int, seed uint64) vfs.CrashCloneCfg {
	return vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(seed, 1))}
}

// Watch returns mem with before called ahead of every operation that changes it, numbered from 0. An error before returns
// is the operation's result instead. Before may take Images of mem.
func Watch(mem *vfs.MemFS, before func(n int, op errorfs.Op) error) vfs.FS {
	n := 0
	return errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
			return nil
		}
		n++
		return before(n-1, op)
	}))
}
