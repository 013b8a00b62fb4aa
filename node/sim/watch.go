package sim

import (
	"strings"

	"github.com/posnet/posnet/node/sim/disk"
)

// watch is one who looks at what a process does with its disk. Each function may be nil.
type watch struct {
	before func(disk.Op) error
	after  func(disk.Op)
	damage func(disk.Op, []byte) int
}

// WatchDisk has before and after see the operations of a node's disk, now and after every restart, until the faults end.
// They see what happens in an order that the seed fixes: every operation of the sign-state and of the consensus log, and
// each sync of the database's log, which is a commit. The rest of the database works on goroutines of its own. Either
// function may be nil, may crash the node, and may make it late with [Node.Lag]. Of several who fail an operation the
// first has its way.
func (n *Node) WatchDisk(before func(disk.Op) error, after func(disk.Op)) {
	n.watch(watch{before: before, after: after})
}

// WatchReads has damage see what a process reads of its sign-state and its consensus log, as [disk.Watcher].Damage does.
func (n *Node) WatchReads(damage func(op disk.Op, data []byte) int) { n.watch(watch{damage: damage}) }

func (n *Node) watch(w watch) {
	n.watches = append(n.watches, w)
	if len(n.watches) > 1 {
		return // the disk is watched for all
	}
	n.OnStart(func() {
		if n.faulty {
			n.disk.Watch(&disk.Watcher{Before: n.before, After: n.after, Damage: n.damage})
		}
	})
}

func (n *Node) before(op disk.Op) error {
	if !n.watched(op) {
		return nil
	}
	for _, w := range n.watches {
		if w.before == nil {
			continue
		}
		if err := w.before(op); err != nil {
			return err
		}
		if n.dead != nil {
			return nil // what the others do would come too late
		}
	}
	return nil
}

func (n *Node) after(op disk.Op) {
	if !n.watched(op) {
		return
	}
	for _, w := range n.watches {
		if w.after != nil && n.dead == nil {
			w.after(op)
		}
	}
}

func (n *Node) damage(op disk.Op, data []byte) int {
	if !n.watched(op) {
		return len(data)
	}
	for _, w := range n.watches {
		if w.damage != nil {
			data = data[:min(len(data), w.damage(op, data))]
		}
	}
	return len(data)
}

// watched reports whether an operation has its place in a run, and is one of a process that lives.
func (n *Node) watched(op disk.Op) bool { return ordered(op) && n.inEvent() && n.dead == nil }

func ordered(op disk.Op) bool {
	if strings.HasPrefix(op.Path, "db/") {
		return op.Kind == disk.Sync && strings.HasSuffix(op.Path, ".log")
	}
	return strings.HasPrefix(op.Path, "wal") || strings.HasPrefix(op.Path, "validator")
}
