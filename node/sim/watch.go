package sim

import (
	"strings"

	"github.com/posnet/posnet/node/sim/disk"
)

// WatchDisk has before and after see the operations of a node's disk, now and after every restart, until the faults end.
// They see what happens in an order that the seed fixes: every operation of the sign-state and of the consensus log, and
// each sync of the database's log, which is a commit. The rest of the database works on goroutines of its own. Either
// function may be nil, may crash the node, and may make it late with [Node.Lag].
func (n *Node) WatchDisk(before func(disk.Op) error, after func(disk.Op)) {
	n.OnStart(func() {
		if !n.faulty {
			return
		}
		n.disk.Watch(&disk.Watcher{
			Before: func(op disk.Op) error {
				if before == nil || !ordered(op) {
					return nil
				}
				return before(op)
			},
			After: func(op disk.Op) {
				if after != nil && ordered(op) {
					after(op)
				}
			},
		})
	})
}

// ordered reports whether an operation has its place in a run.
func ordered(op disk.Op) bool {
	if strings.HasPrefix(op.Path, "db/") {
		return op.Kind == disk.Sync && strings.HasSuffix(op.Path, ".log")
	}
	return strings.HasPrefix(op.Path, "wal") || strings.HasPrefix(op.Path, "validator")
}
