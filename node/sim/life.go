package sim

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/posnet/posnet/node/sim/disk"
)

// Crash ends a process at once: between two events, or at an operation of its
// disk within one. The rest of the event then happens to nobody: what it sends
// is not sent, what it writes is not written. The disk loses what l says, and
// the node starts again after some milliseconds.
func (n *Node) Crash(l disk.Loss, down uint64) {
	if n.dead != nil || !n.up && !n.inEvent() {
		return
	}
	n.note('c', n.Index)
	n.say("%s crashes at height %d", n.Name, n.durable)
	n.result.Crashes++
	n.dead, n.down = n.disk.Crash(n.certain(l)), down
	if !n.inEvent() {
		n.fall()
	}
}

// certain has a crash take all or nothing of what the database has not synced. Which goroutine of the database has written
// what at this instant is not for a seed to say; what it recovers, after all or nothing is lost, is.
func (n *Node) certain(l disk.Loss) disk.Loss {
	if l.Process {
		return l
	}
	keep := l.Data != nil && n.random.IntN(2) == 0
	database := func(p string) bool { return p == "db" || strings.HasPrefix(p, "db/") }
	return disk.Loss{
		Data: func(p string, size int) disk.Fate {
			if database(p) {
				return disk.Fate{Kept: keep}
			}
			if l.Data == nil {
				return disk.Fate{}
			}
			return l.Data(p, size)
		},
		Name: func(dir string) bool {
			if database(dir) {
				return keep
			}
			return l.Name != nil && l.Name(dir)
		},
		Sector: l.Sector,
	}
}

// inEvent reports whether the replica is at work right now.
func (n *Node) inEvent() bool { return n.working > 0 }

// fall ends what crashed, and plans its return.
func (n *Node) fall() {
	n.disk.Watch(nil)
	n.shut()
	n.disk, n.dead = n.dead, nil
	n.claims = map[string]uint64{}
	n.After(n.down, n.restart)
}

// shut frees what the dead process had. It writes to a disk nobody reads again.
func (n *Node) shut() {
	n.up = false
	n.life++
	_ = n.replica.Close()
	_ = n.signer.Close()
	_ = n.store.Close()
}

func (n *Node) close() {
	if n.up {
		n.shut()
	}
}

// Stop ends a process as SIGTERM does; it starts again after some milliseconds.
func (n *Node) Stop(down uint64) {
	if !n.Up() {
		return
	}
	n.note('s', n.Index)
	n.say("%s is stopped at height %d", n.Name, n.durable)
	n.shut()
	n.claims = map[string]uint64{}
	n.After(down, n.restart)
}

func (n *Node) restart() {
	if n.up {
		return
	}
	n.say("%s starts", n.Name)
	if n.onStart != nil {
		n.onStart()
	}
	err := n.guardedOpen()
	switch {
	case err == nil:
	case n.mayNotOpen(err):
		n.say("%s cannot start: %v", n.Name, err)
		if n.dead == nil {
			n.dead = n.disk.Crash(disk.None()) // the process ends, whatever it has not closed
		}
		n.disk.Watch(nil)
		n.disk, n.dead = n.dead, nil
		n.After(1000, n.restart)
	default:
		n.Violate("%s does not start: %v", n.Name, err)
	}
}

// guardedOpen opens the node as an event of it.
func (n *Node) guardedOpen() error {
	n.working++
	n.opening = true
	err := n.open()
	n.opening = false
	n.working--
	if err == nil {
		n.settle()
	}
	return err
}

// OnStart has fn called before every start of the process: to watch its disk.
func (n *Node) OnStart(fn func()) {
	before := n.onStart
	n.onStart = func() {
		if before != nil {
			before()
		}
		fn()
	}
	fn()
}

// Freeze stops a process for a while without its knowing: a paused machine.
func (n *Node) Freeze(ms uint64) { n.frozen = max(n.frozen, n.now+ms) }

// Lag makes the event under way take some milliseconds longer: a slow disk.
func (n *Node) Lag(ms uint64) { n.lag += ms }

// Excuse says why a node may contradict itself or stop voting: its operator did
// what must not be done. Its stake counts as faulty.
func (n *Node) Excuse(why string) bool {
	if n.excused == "" && !n.byzantine && !n.handicapped && !n.spend() {
		return false
	}
	n.excused = why
	return true
}

// MayFail says why a node may stop with an error, as a failing disk makes it.
func (n *Node) MayFail(why string) { n.failing = why }

// MayNotOpen says which errors may keep a node from starting, while one that runs must not stop.
func (n *Node) MayNotOpen(errs ...error) { n.closed = append(n.closed, errs...) }

// mayNotOpen reports whether an error at the start has a cause.
func (n *Node) mayNotOpen(err error) bool {
	return n.failing != "" || n.dead != nil || slices.ContainsFunc(n.closed, func(cause error) bool { return errors.Is(err, cause) })
}

// Handicap counts a node's stake as faulty: for a while it may be as good as down. Every promise is made about it as
// before. It reports false, and counts nothing, if a third of the stake would then be faulty.
func (n *Node) Handicap() bool {
	if !n.handicapped && !n.byzantine && n.excused == "" && !n.spend() {
		return false
	}
	n.handicapped = true
	return true
}

// Corrupt makes a node Byzantine. It reports false, and does nothing, if a
// third of the stake would then be faulty.
func (n *Node) Corrupt() bool {
	if n.byzantine {
		return true
	}
	if n.excused == "" && !n.handicapped && !n.spend() {
		return false
	}
	n.say("%s is Byzantine from the beginning", n.Name)
	n.byzantine = true
	return true
}

// spend counts a node's stake as faulty.
func (n *Node) spend() bool {
	if 3*(n.World.fault+n.Weight()) >= n.leastStake() && !n.cfg.OutOfBounds {
		return false
	}
	n.World.fault += n.Weight()
	return true
}

// CorruptSome makes random validators Byzantine, at least one if the stakes
// allow it, and says which.
func (w *World) CorruptSome(r *rand.Rand) (out []*Node) {
	all := w.Validators()
	most := 1 + r.IntN(max(1, len(all)/3))
	for _, i := range r.Perm(len(all)) {
		if len(out) < most && all[i].Corrupt() {
			out = append(out, all[i])
		}
	}
	return out
}

// heal makes a node work as if nothing had been.
func (n *Node) heal() {
	n.Skew, n.Stands, n.frozen = 0, 0, min(n.frozen, n.now)
	n.disk.Watch(nil)
	n.onStart = nil
	n.failing, n.closed, n.watches = "", nil, nil
	n.disk.SetFree(disk.Size)
	if n.dead != nil {
		n.dead.Watch(nil)
		n.dead.SetFree(disk.Size)
	}
}

// Twin starts a second process with the same keys, on a copy of the disk: what
// a volume restored beside its original, or a pod that was given up too early,
// comes to.
func (n *Node) Twin() (*Node, error) {
	t := &Node{
		World: n.World, Index: len(n.nodes), Name: n.Name + strings.Repeat("'", 1+len(n.twins)), disk: n.disk.Copy(), claims: map[string]uint64{},
		Account: n.Account, Consensus: n.Consensus, VRF: n.VRF, Peer: n.Peer, public: n.public, twinOf: n,
		excused: n.excused, byzantine: n.byzantine, durable: n.durable, failing: n.failing,
	}
	n.add(t)
	n.twins = append(n.twins, t)
	n.say("%s starts beside %s", t.Name, n.Name)
	return t, t.guardedOpen()
}

// Image is a copy of the disk, as a snapshot of the volume.
func (n *Node) Image() *disk.Disk { return n.disk.Crash(disk.None()) }

// Restore puts an image in the place of the disk and starts the node on it.
func (n *Node) Restore(image *disk.Disk, down uint64) {
	if n.Up() {
		n.shut()
	}
	n.say("%s gets an old volume", n.Name)
	n.disk, n.durable = image.Copy(), 0
	n.claims = map[string]uint64{}
	n.After(down, n.restart)
}
