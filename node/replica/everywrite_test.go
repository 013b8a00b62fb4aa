package replica_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/ledger/tree"
	"github.com/posnet/posnet/node/wal/crashfs"
)

// TestACrashAtEveryWrite plays the stories on a disk and, at every operation
// that changes it, tries every crash: before it, in the middle of it, after it,
// with all of what was not synced lost, with some, with nothing (the process
// dies alone). Each leaves a disk on which the validator starts again and hears
// from the others; see survives.
//
// The crashes are tried where they happen, inside of the operation, so every
// one of the run is met, whichever of Pebble's goroutines makes it and whenever:
// nothing has to be numbered the same in two runs. A disk that is the same to
// the last byte as one that was tried in the same state of the world is counted
// and not tried again. With -short a sample is tried, drawn with a seed that is
// printed; POSNET_CRASH_SEED replays it.
func TestACrashAtEveryWrite(t *testing.T) {
	t.Parallel()
	four, err := amongFour()
	must(t, err)
	for _, s := range []story{alone(), four} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			(&trial{t: t, story: s, seed: crashSeed(t), done: map[string]bool{}, table: tally{}}).run()
		})
	}
}

// crashSeed draws what a sample is drawn with.
func crashSeed(t *testing.T) uint64 {
	seed := rand.Uint64N(1 << 32)
	if s := os.Getenv("POSNET_CRASH_SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		must(t, err)
	}
	return seed
}

// bulk is how many transfers are in a block of a story: enough for the database
// to write tables.
const bulk = 16

// sample is how few of the crashes are tried with -short: one in this many.
const sample = 60

type trial struct {
	t     *testing.T
	story story
	seed  uint64
	w     *witness
	disk  *crashfs.Disk

	done  map[string]bool // disks tried in their state of the world
	table tally
	n     uint64 // crashes so far
}

func (x *trial) run() {
	x.disk, x.w = crashfs.NewDisk(), x.story.witness()
	must(x.t, prepare(x.disk))
	x.disk.Watch(func(at crashfs.Moment, op crashfs.Op) error {
		x.crash(at, op)
		return nil
	})
	m, err := bootInto(x.story.genesis, x.disk, x.w, true)
	must(x.t, err)
	m.bulk = bulk
	must(x.t, x.story.play(m))
	must(x.t, m.close())
	x.disk.Watch(nil)
	must(x.t, x.story.check(m))
	if len(x.w.lies) > 0 {
		x.t.Error(x.w.lies)
	}
	x.t.Logf("seed %d\n%s", x.seed, x.table)
	for kind, c := range x.table {
		if c.tried == 0 {
			x.t.Errorf("no crash was tried at a %s", kind)
		}
	}
	x.mustHave("sign-state: rename", "consensus log: rename", "database log: sync", "tables: write", "manifest: write", "names: dir sync")
}

// mustHave fails unless the story had operations of these kinds.
func (x *trial) mustHave(kinds ...string) {
	for _, k := range kinds {
		if x.table[k] == nil {
			x.t.Errorf("the story has no operation %q", k)
		}
	}
}

// crash tries the crashes at one moment of an operation. Only one goroutine is
// here at a time: the disk sees to that.
func (x *trial) crash(at crashfs.Moment, op crashfs.Op) {
	kind := class(op.Path) + ": " + op.Kind
	row := x.table[kind]
	if row == nil {
		row = &count{}
		x.table[kind] = row
	}
	if at == crashfs.Before {
		row.operations++
	}
	for _, loss := range []crashfs.Loss{crashfs.All, crashfs.Some, crashfs.None} {
		x.n++
		row.crashes++
		if testing.Short() && row.tried > 0 && rand.New(rand.NewPCG(x.seed, x.n)).IntN(sample) != 0 {
			continue
		}
		disk, w := x.disk.Crash(loss, x.seed+x.n), x.w.fork()
		key := fmt.Sprint(disk.Fingerprint(), w.progress())
		if x.done[key] {
			row.same++
			row.tried++
			continue
		}
		x.done[key] = true
		row.tried++
		again := 0 // crashes that follow in the lives after this one
		if x.n%5 == 0 {
			again = 2
		}
		if err := x.survives(disk, w, again, x.n); err != nil {
			x.t.Errorf("seed %d, crash %d, %s %s of %s, %s: %v", x.seed, x.n, at, op.Kind, op.Path, loss, err)
		}
	}
}

// progress tells states of one story apart.
func (w *witness) progress() string {
	frames, height := 0, uint64(0)
	if w.court != nil {
		frames, height = len(w.court.frames), w.court.height
	}
	return fmt.Sprint(len(w.slots), w.decided, len(w.blocks), frames, height)
}

// survives starts the validator on what a crash left. It must not contradict
// anything that it ever released nor vote against what it is locked on, be at a height that was acknowledged or was
// under way, have every final block and a state whose root is the block's,
// decide two more heights, and vote in them. With again > 0 another crash is
// taken somewhere in that life, and survived as well.
func (x *trial) survives(disk *crashfs.Disk, w *witness, again int, seed uint64) error {
	var next *crashfs.Disk
	var then *witness
	if again > 0 {
		rng := rand.New(rand.NewPCG(x.seed, seed))
		left := rng.IntN(60)
		loss := []crashfs.Loss{crashfs.All, crashfs.Some, crashfs.None}[rng.IntN(3)]
		disk.Watch(func(crashfs.Moment, crashfs.Op) error {
			if left--; left == 0 {
				next, then = disk.Crash(loss, seed), w.fork()
			}
			return nil
		})
	}
	if err := x.goesOn(disk, w); err != nil {
		return err
	}
	disk.Watch(nil) // and waits until nobody is in it
	if next == nil {
		return nil
	}
	if err := x.survives(next, then, again-1, seed*7+1); err != nil {
		return fmt.Errorf("after another crash: %w", err)
	}
	return nil
}

func (x *trial) goesOn(disk *crashfs.Disk, w *witness) (err error) {
	acked := w.decided
	m, err := bootInto(x.story.genesis, disk, w, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	at := m.height()
	if at < acked || at > acked+1 {
		return fmt.Errorf("it is at height %d, block %d was acknowledged", at, acked)
	}
	w.found(at)
	if err := rooted(m); err != nil {
		return err
	}
	target := acked + 2
	if w.court != nil {
		w.court.trap = true
		target = max(target, w.court.height+1)
		err = w.court.finish(m, target)
	} else {
		err = m.reach(target)
	}
	if err != nil {
		return fmt.Errorf("it does not go on: %w", err)
	}
	if m.halted != "" {
		return fmt.Errorf("it stopped voting: %s", m.halted)
	}
	for h, hash := range w.blocks {
		if there, err := m.store.HeightOf(hash); h <= m.height() && (err != nil || there != h) {
			return fmt.Errorf("block %s was made final at height %d: the store has it at %d (%w)", hash.Short(), h, there, err)
		}
	}
	if len(w.lies) > 0 {
		return errors.New(strings.Join(w.lies, "; "))
	}
	return errors.Join(rooted(m), w.votedLast(m.height()))
}

// rooted checks that what a store has as the state after its tip is what the
// block at the tip says, value by value for those that every block changes.
func rooted(m *machine) error {
	at := m.height()
	root, err := tree.Root(m.store.TreeReader(), at)
	if err != nil {
		return fmt.Errorf("the state root of height %d: %w", at, err)
	}
	if at > 0 {
		raw, err := m.store.Block(at)
		if err != nil {
			return err
		}
		block, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
		if err != nil {
			return err
		}
		if block.Header.State != chain.Hash(root) {
			return fmt.Errorf("the state root of height %d is %s, its block says %s", at, chain.Hash(root).Short(), block.Header.State.Short())
		}
	}
	for _, key := range [][]byte{ledger.SystemKey(), ledger.SetsKey(), ledger.AccountKey(faucet.Public()), ledger.ValidatorKey(account.Public())} {
		value, err := m.store.State(key)
		if err != nil {
			return fmt.Errorf("read %q of height %d: %w", key, at, err)
		}
		proof, err := tree.Prove(m.store.TreeReader(), at, ledger.TreeKey(key))
		if err != nil {
			return err
		}
		if err := tree.VerifyInclusion(root, ledger.TreeKey(key), sha256.Sum256(value), proof); err != nil {
			return fmt.Errorf("%q of height %d is not what the state root covers: %w", key, at, err)
		}
	}
	return nil
}

// class is what a file is for.
func class(name string) string {
	base := path.Base(name)
	switch {
	case strings.HasPrefix(base, "sign-state"):
		return "sign-state"
	case strings.HasPrefix(base, "consensus.wal"):
		return "consensus log"
	case strings.HasPrefix(base, "MANIFEST"):
		return "manifest"
	case strings.HasSuffix(base, ".log"):
		return "database log"
	case strings.HasSuffix(base, ".sst"), strings.HasSuffix(base, ".blob"):
		return "tables"
	case strings.HasPrefix(base, "OPTIONS"), strings.HasPrefix(base, "temporary"):
		return "options"
	case strings.HasPrefix(base, "marker."):
		return "marker"
	}
	return "names"
}

// tally counts by kind of file and operation.
type tally map[string]*count

type count struct{ operations, crashes, tried, same int }

func (y tally) String() string {
	var b strings.Builder
	format := "%-26s %10s %10s %10s %10s\n"
	fmt.Fprintf(&b, format, "file: operation", "operations", "crashes", "tried", "same disk")
	sum := count{}
	line := func(name string, r *count) {
		fmt.Fprintf(&b, format, name, strconv.Itoa(r.operations), strconv.Itoa(r.crashes), strconv.Itoa(r.tried), strconv.Itoa(r.same))
	}
	for _, name := range slices.Sorted(maps.Keys(y)) {
		r := y[name]
		line(name, r)
		sum.operations, sum.crashes, sum.tried, sum.same = sum.operations+r.operations, sum.crashes+r.crashes, sum.tried+r.tried, sum.same+r.same
	}
	line("all", &sum)
	return b.String()
}
