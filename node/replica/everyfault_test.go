package replica_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/posnet/posnet/node/store"
	"github.com/posnet/posnet/node/wal/crashfs"
)

// fault is an operation that fails: the n-th of its kind, from 0. Pebble works in
// goroutines of its own, so operations are told apart by kind of file: within
// one their order is the same in every run.
type fault struct {
	kind string
	n    int
	err  syscall.Errno
	last int // how many operations of that kind of file fail, from it on
}

func (f fault) String() string { return fmt.Sprintf("%v at %s %d", f.err, f.kind, f.n) }

// TestAFailureAtEveryOperation plays the stories again and again, each time with
// another operation failing. After EIO, which says that the disk is not to be
// trusted, the process must end, or not have needed the operation. ENOSPC must
// not end it where the validator writes what it signs: it waits, and goes on
// when there is room. In any case the next process, on what is on the disk
// then, survives as after a crash: nothing contradicted, nothing final lost.
func TestAFailureAtEveryOperation(t *testing.T) {
	t.Parallel()
	four, err := amongFour()
	must(t, err)
	for _, s := range []story{alone(), four} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			seed := crashSeed(t)
			faults := list(t, s)
			outcomes := map[string]map[string]int{}
			n := 0
			for i, f := range faults {
				if testing.Short() && (seed+uint64(i))%sample != 0 {
					continue
				}
				var how string
				var err error
				if ours(f.kind) {
					how, err = suffer(s, f)
				} else {
					how, err = inChild(t, f)
				}
				if err != nil {
					t.Errorf("%v: %v", f, err)
				}
				name := f.kind + ", " + f.err.Error()
				if outcomes[name] == nil {
					outcomes[name] = map[string]int{}
				}
				outcomes[name][how]++
				n++
			}
			var b strings.Builder
			for _, name := range slices.Sorted(maps.Keys(outcomes)) {
				fmt.Fprintf(&b, "%-55s %v\n", name, outcomes[name])
			}
			t.Logf("seed %d: %d failures of %d\n%s", seed, n, len(faults), b.String())
			if n == 0 {
				t.Error("nothing failed")
			}
		})
	}
}

// ours reports whether a kind of file is written by this project's own code. A
// failure of any other may end the process where it happens: in a goroutine of
// Pebble's, or with a panic that leaves its locks in no state to be recovered
// from. So those are tried in processes of their own. What such a process leaves
// on its disk is what a crash before the operation leaves, and that is tried.
func ours(kind string) bool {
	return class1(kind) == "sign-state" || class1(kind) == "consensus log"
}

// takesRoom are operations that can find the disk full.
func takesRoom(kind string) bool {
	for _, op := range []string{": write", ": create", ": preallocate", ": mkdir"} {
		if strings.HasSuffix(kind, op) {
			return true
		}
	}
	return false
}

// list makes every failure of a story. Those of the database are the same in
// both stories, and in that of a single validator only.
func list(t *testing.T, s story) (faults []fault) {
	t.Helper()
	disk, w := crashfs.NewDisk(), s.witness()
	must(t, prepare(disk))
	counts := map[string]int{}
	disk.Watch(func(at crashfs.Moment, op crashfs.Op) error {
		if at == crashfs.Before {
			counts[class(op.Path)+": "+op.Kind]++
		}
		return nil
	})
	m, err := bootInto(s.genesis, disk, w, true)
	must(t, err)
	m.bulk = bulk
	must(t, s.play(m))
	must(t, m.close())
	disk.Watch(nil) // and waits until nobody is in it
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		if w.court != nil && !ours(kind) {
			continue
		}
		for n := range counts[kind] {
			faults = append(faults, fault{kind, n, syscall.EIO, 1})
			if takesRoom(kind) {
				faults = append(faults, fault{kind, n, syscall.ENOSPC, 3})
			}
		}
	}
	return faults
}

// suffer plays a story with a failure in it, and then starts the next process on
// what is on the disk, after a kill or a power loss by turns. It says how the
// first one fared.
func suffer(s story, f fault) (how string, err error) {
	disk, w := crashfs.NewDisk(), s.witness()
	if err := prepare(disk); err != nil {
		return "", err
	}
	var mu sync.Mutex
	seen, failed := 0, 0
	disk.Watch(func(at crashfs.Moment, op crashfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		kind := class(op.Path) + ": " + op.Kind
		if at != crashfs.Before {
			return nil
		}
		if kind == f.kind {
			seen++
		}
		same := kind == f.kind || failed > 0 && class(op.Path) == class1(f.kind) && takesRoom(kind)
		if seen > f.n && same && failed < f.last {
			failed++
			return f.err
		}
		return nil
	})
	how, err = fare(s, f, disk, w)
	if err != nil {
		return how, err
	}
	if len(w.lies) > 0 {
		return how, errors.New(strings.Join(w.lies, "; "))
	}
	disk.Watch(nil)
	loss := []crashfs.Loss{crashfs.All, crashfs.None, crashfs.Some}[f.n%3]
	x := &trial{story: s}
	if err := x.goesOn(disk.Crash(loss, uint64(f.n)), w.fork()); err != nil {
		return how, fmt.Errorf("%s; the next process, %s: %w", how, loss, err)
	}
	return how, nil
}

func class1(kind string) string { c, _, _ := strings.Cut(kind, ": "); return c }

// fare plays the story as far as it goes.
func fare(s story, f fault, disk *crashfs.Disk, w *witness) (how string, err error) {
	m, err := bootInto(s.genesis, disk, w, true)
	if err != nil {
		return "does not start", nil //nolint:nilerr // which is what may happen
	}
	m.bulk = bulk
	err = s.play(m)
	broken := m.replica.Err()
	closed := m.close()
	waits := f.err == syscall.ENOSPC && ours(f.kind)
	switch {
	case err == nil && (closed == nil || !waits):
		return "goes on", nil
	case waits:
		return "", fmt.Errorf("it does not wait for room: %w", errors.Join(err, closed))
	case broken != nil || errors.Is(err, store.ErrFatal):
		return "ends", nil //nolint:nilerr // which is what may happen
	}
	return "", fmt.Errorf("it neither ends nor goes on: %w", err)
}

// faultChild makes the test binary a process that suffers one failure, by its
// number in the list, and may end of it.
const faultChild = "POSNET_FAULT_CHILD"

func TestMain(m *testing.M) {
	if job := os.Getenv(faultChild); job != "" {
		os.Exit(child(job))
	}
	os.Exit(m.Run())
}

func child(job string) int {
	f := fault{}
	numbers, kind, _ := strings.Cut(job, "|")
	f.kind = kind
	_, err := fmt.Sscanf(numbers, "%d %d %d", &f.n, &f.err, &f.last)
	var how string
	if err == nil {
		how, err = suffer(alone(), f)
	}
	if err != nil {
		fmt.Println("child:", err)
		return 3
	}
	fmt.Println(how)
	return 0
}

// inChild is suffer in a process of its own, which Pebble may end.
func inChild(t *testing.T, f fault) (how string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %d|%s", faultChild, f.n, int(f.err), f.last, f.kind))
	out, err := cmd.CombinedOutput()
	text := string(out)
	switch panicked := err != nil && cmd.ProcessState.ExitCode() == 2; {
	case err == nil:
		return strings.TrimSpace(text), nil
	case panicked && strings.Contains(text, store.ErrFatal.Error()):
		return "ends", nil
	case panicked && strings.Contains(text, "cockroachdb/pebble"):
		return "ends with a panic of Pebble", nil
	}
	return "", fmt.Errorf("%w\n%.2000s", err, text)
}
