package signer_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/wal/crashfs"
)

// witness is the rest of the network: it remembers every signature that was ever released and cries out when two of them
// contradict each other.
type witness struct {
	seen    map[signer.Slot]released
	highest signer.Slot
}

type released struct {
	message string
	sig     [64]byte
}

func newWitness() *witness { return &witness{seen: map[signer.Slot]released{}} }

// sees takes a released signature.
func (w *witness) sees(r signer.Request, sig [64]byte) error {
	slot := signer.Slot{Height: r.Height, Round: r.Round, Kind: r.Kind}
	if before, ok := w.seen[slot]; ok && (before.message != string(r.Message) || before.sig != sig) {
		return fmt.Errorf("%v was signed for %q and for %q", slot, before.message, r.Message)
	}
	if !keys.Verify(consensus.Public(), r.Message, sig) {
		return fmt.Errorf("%v: released a signature that does not verify", slot)
	}
	w.seen[slot] = released{string(r.Message), sig}
	if slot.Compare(w.highest) > 0 {
		w.highest = slot
	}
	return nil
}

// interrogate tries to make a signer contradict what was released: for every slot it asks for another message, and for
// the same one again.
func (w *witness) interrogate(s *signer.Signer) error {
	if s.State().Compare(w.highest) < 0 {
		return fmt.Errorf("it knows of %v only, %v was released", s.State(), w.highest)
	}
	for slot, before := range w.seen {
		r := signer.Request{Kind: slot.Kind, Height: slot.Height, Round: slot.Round, Message: []byte("a lie")}
		if _, err := s.Sign(r); !errors.Is(err, signer.ErrDoubleSign) && !errors.Is(err, signer.ErrRegression) {
			return fmt.Errorf("%v: another message: %v, want a refusal", slot, err)
		}
		r.Message = []byte(before.message)
		sig, err := s.Sign(r)
		if err != nil && !errors.Is(err, signer.ErrRegression) {
			return fmt.Errorf("%v: the same message: %w", slot, err)
		}
		if err == nil && sig != before.sig {
			return fmt.Errorf("%v: the same message has another signature", slot)
		}
	}
	return nil
}

// afterCrash opens a disk a crash left, interrogates, signs on, and crashes again.
func (w *witness) afterCrash(mem *vfs.MemFS) error {
	s, err := signer.OpenTiny(mem, dir)
	if err != nil {
		return err
	}
	if err := w.interrogate(s); err != nil {
		return err
	}
	next := signer.Request{Kind: signer.Prevote, Height: s.State().Height + 1, Message: []byte("after the crash")}
	sig, err := s.Sign(next)
	if err != nil {
		return fmt.Errorf("cannot go on: %w", err)
	}
	s, err = signer.OpenTiny(mem.CrashClone(vfs.CrashCloneCfg{}), dir)
	if err != nil {
		return fmt.Errorf("after a second crash: %w", err)
	}
	if again, err := s.Sign(next); err != nil || again != sig {
		return fmt.Errorf("after a second crash: %w, want the stored signature", err)
	}
	return nil
}

// life is enough of a validator's to rotate its file several times.
func life() []signer.Request {
	var all []signer.Request
	for h := uint64(1); h <= 4; h++ {
		for r := range h % 3 {
			all = append(all,
				req(signer.Proposal, h, r, fmt.Sprint("header ", h, r)),
				req(signer.Prevote, h, r, fmt.Sprint("block ", h)),
				req(signer.Prevote, h, r, fmt.Sprint("block ", h)), // asked again
				req(signer.Precommit, h, r, "nil"))
		}
	}
	return all
}

func TestNoCrashMakesAValidatorContradictItself(t *testing.T) {
	t.Parallel()
	mem, w := vfs.NewCrashableMem(), newWitness()
	must(t, signer.CreateTiny(mem, dir, consensus, vrf))
	crashes := 0
	fsys := crashfs.Watch(mem, func(n int, op errorfs.Op) error {
		for _, image := range crashfs.Images(mem, uint64(n), 6) {
			if err := w.afterCrash(image.FS); err != nil {
				t.Errorf("crash before operation %d (%v on %s), %s: %v", n, op.Kind, op.Path, image.Name, err)
			}
			crashes++
		}
		return nil
	})
	s, err := signer.OpenTiny(fsys, dir)
	must(t, err)
	for _, r := range life() {
		sig, err := s.Sign(r)
		must(t, err)
		must(t, w.sees(r, sig))
	}
	for _, image := range crashfs.Images(mem, 1, 6) {
		must(t, w.afterCrash(image.FS))
	}
	if crashes < 200 {
		t.Errorf("only %d crashes were tried", crashes)
	}
}

func TestACrashWhileAValidatorIsMadeLeavesNoneOrAWholeOne(t *testing.T) {
	t.Parallel()
	mem := vfs.NewCrashableMem()
	whole, none := 0, 0
	check := func(where string, seed uint64) {
		for _, image := range crashfs.Images(mem, seed, 6) {
			there, err := signer.Exists(image.FS, dir)
			must(t, err)
			if !there {
				none++
				must(t, signer.CreateTiny(image.FS, dir, consensus, vrf)) // what is left of the first attempt is in nobody's way
			} else {
				whole++
			}
			s, err := signer.OpenTiny(image.FS, dir)
			if err != nil {
				t.Errorf("crash %s, %s: %v", where, image.Name, err)
				continue
			}
			must(t, s.Close())
		}
	}
	fsys := crashfs.Watch(mem, func(n int, op errorfs.Op) error {
		check(fmt.Sprintf("before operation %d (%v on %s)", n, op.Kind, op.Path), uint64(n))
		return nil
	})
	must(t, signer.CreateTiny(fsys, dir, consensus, vrf))
	check("after it was made", 1)
	if none < 20 || whole < 8 {
		t.Errorf("%d images without and %d with a validator; want some of both", none, whole)
	}
	if there, _ := signer.Exists(mem.CrashClone(vfs.CrashCloneCfg{}), dir); !there {
		t.Error("the directory is not durable after Create returned")
	}
}

// TestAKillFollowedByAPowerLossForgetsNothing has two ends: first the process dies and the machine does not, so that the
// next process sees names and data that were never synced; then the machine dies.
func TestAKillFollowedByAPowerLossForgetsNothing(t *testing.T) {
	t.Parallel()
	killed := errors.New("killed")
	for killAt, ran := 0, true; ran; killAt++ {
		mem, w := vfs.NewCrashableMem(), newWitness()
		ran = false
		fsys := crashfs.Watch(mem, func(n int, op errorfs.Op) error {
			if n >= killAt {
				ran = true
				return killed
			}
			return nil
		})
		err := signer.CreateTiny(fsys, dir, consensus, vrf)
		if s, openErr := signer.OpenTiny(fsys, dir); err == nil && openErr == nil {
			for _, r := range life() {
				sig, err := s.Sign(r)
				if err != nil {
					break
				}
				must(t, w.sees(r, sig))
			}
			_ = s.Close() // lets go of the lock, as the kernel does
		}
		if there, err := signer.Exists(mem, dir); err != nil || !there {
			continue
		}
		s, err := signer.OpenTiny(mem, dir)
		if err != nil {
			t.Fatalf("killed at operation %d: %v", killAt, err)
		}
		next := signer.Request{Kind: signer.Prevote, Height: s.State().Height + 1, Message: []byte("signed by the second process")}
		sig, err := s.Sign(next)
		must(t, err)
		must(t, w.sees(next, sig))
		if err := w.afterCrash(mem.CrashClone(vfs.CrashCloneCfg{})); err != nil {
			t.Errorf("killed at operation %d, signed on, power lost: %v", killAt, err)
		}
	}
}

func TestNoFailingOperationMakesAValidatorContradictItself(t *testing.T) {
	t.Parallel()
	for _, fault := range []error{syscall.EIO, syscall.ENOSPC} {
		for failAt, ran := 0, true; ran; failAt++ {
			mem, w := vfs.NewCrashableMem(), newWitness()
			must(t, signer.CreateTiny(mem, dir, consensus, vrf))
			ran = false
			fsys := crashfs.Watch(mem, func(n int, op errorfs.Op) error {
				if n != failAt {
					return nil
				}
				ran = true
				return fault
			})
			name := func() string { return fmt.Sprintf("%v at operation %d", fault, failAt) }
			s, err := signer.OpenTiny(fsys, dir)
			for _, r := range life() {
				if err != nil {
					break // refused to start
				}
				sig, err := s.Sign(r)
				if errors.Is(err, signer.ErrNoSpace) {
					if sig, err = s.Sign(r); err != nil { // there is room again
						t.Errorf("%s: does not go on when there is room: %v", name(), err)
					}
				}
				if errors.Is(err, signer.ErrFailed) {
					// For good: not even the next slot, whatever the disk says now.
					r.Height += 100
					if _, again := s.Sign(r); !errors.Is(again, signer.ErrFailed) || !errors.Is(again, fault) {
						t.Errorf("%s: afterwards %v, want ErrFailed for the same reason", name(), again)
					}
					break
				}
				if err != nil {
					t.Errorf("%s: %v, want ErrNoSpace or ErrFailed", name(), err)
					break
				}
				if err := w.sees(r, sig); err != nil {
					t.Errorf("%s: %v", name(), err)
				}
			}
			for _, image := range crashfs.Images(mem, uint64(failAt), 3) {
				if err := w.afterCrash(image.FS); err != nil {
					t.Errorf("%s, then a crash, %s: %v", name(), image.Name, err)
				}
			}
		}
	}
}

func TestOnAFullDiskNothingIsSignedAndNothingIsForgotten(t *testing.T) {
	t.Parallel()
	mem, full := vfs.NewCrashableMem(), false
	must(t, signer.CreateTiny(mem, dir, consensus, vrf))
	fsys := crashfs.Watch(mem, func(_ int, op errorfs.Op) error {
		// What takes new room on a file system that writes in place: new files and growth.
		if full && (op.Kind == errorfs.OpCreate || op.Kind == errorfs.OpFilePreallocate || op.Kind == errorfs.OpFileWrite) {
			return syscall.ENOSPC
		}
		return nil
	})
	s, err := signer.OpenTiny(fsys, dir)
	must(t, err)
	full = true
	height, stopped := uint64(1), false
	for ; height < 20 && !stopped; height++ {
		_, err := s.Sign(req(signer.Prevote, height, 0, "block"))
		stopped = errors.Is(err, signer.ErrNoSpace)
		if err != nil && !stopped {
			t.Fatal(err)
		}
	}
	if height < 6 || !stopped {
		t.Fatalf("stopped %v at height %d; want the preallocated room to be used up first", stopped, height)
	}
	height-- // the one refused
	if got := s.State().Height; got != height-1 {
		t.Errorf("state is at height %d after height %d was refused", got, height)
	}
	full = false
	// Nothing was signed for the refused slot, so another message may have it.
	if _, err := s.Sign(req(signer.Prevote, height, 0, "another block")); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestNoHistoryReleasesTwoMessagesForOneSlot(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		mem, w := vfs.NewCrashableMem(), newWitness()
		var fault error
		countdown := 0
		open := func() *signer.Signer {
			fsys := crashfs.Watch(mem, func(int, errorfs.Op) error {
				if countdown--; countdown == 0 {
					return fault
				}
				return nil
			})
			s, err := signer.OpenTiny(fsys, dir)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if err := signer.CreateTiny(mem, dir, consensus, vrf); err != nil {
			t.Fatal(err)
		}
		s := open()
		sign := func(t *rapid.T) {
			// Mostly near the highest slot, where contradictions are.
			r := req(signer.Kind(rapid.IntRange(1, 3).Draw(t, "kind")),
				uint64(max(1, int(s.State().Height)+rapid.IntRange(-1, 1).Draw(t, "height"))),
				uint64(rapid.IntRange(0, 2).Draw(t, "round")),
				rapid.SampledFrom([]string{"A", "B", "nil"}).Draw(t, "message"))
			sig, err := s.Sign(r)
			if err != nil {
				return
			}
			if err := w.sees(r, sig); err != nil {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"sign":       sign,
			"sign again": sign,
			"sign more":  sign,
			"break": func(t *rapid.T) {
				fault = rapid.SampledFrom([]error{syscall.EIO, syscall.ENOSPC}).Draw(t, "fault")
				countdown = rapid.IntRange(1, 6).Draw(t, "operations until then")
			},
			"crash": func(t *rapid.T) {
				images := crashfs.Images(mem, rapid.Uint64().Draw(t, "seed"), 1)
				mem = images[rapid.IntRange(0, len(images)-1).Draw(t, "image")].FS
				fault, countdown = nil, 0
				s = open()
			},
			"": func(t *rapid.T) {
				if s.State().Compare(w.highest) < 0 {
					t.Fatalf("the signer is at %v, %v was released", s.State(), w.highest)
				}
			},
		})
		fault, countdown = nil, 0
		mem = mem.CrashClone(vfs.CrashCloneCfg{})
		if err := w.interrogate(open()); err != nil {
			t.Fatal(err)
		}
	})
}
