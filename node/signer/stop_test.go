package signer_test

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/wal"
	"github.com/posnet/posnet/node/wal/crashfs"
)

const reason = "DoubleIdentity"

var seen = signer.Slot{Height: 7, Round: 2, Kind: signer.Precommit}

// stopped fails unless a signer refuses everything, old and new, and says why.
func stopped(s *signer.Signer) error {
	if stop, ok := s.Stopped(); !ok || stop != (signer.Stop{Reason: reason, Seen: seen}) {
		return fmt.Errorf("stopped %v by %+v, want by %s at %v", ok, stop, reason, seen)
	}
	for _, r := range []signer.Request{
		req(signer.Prevote, 1, 0, "block 1"), // signed before
		req(signer.Prevote, 1000, 0, "a new slot"),
	} {
		_, err := s.Sign(r)
		if why := new(signer.StoppedError); !errors.As(err, &why) || !errors.Is(err, signer.ErrStopped) || why.Seen != seen {
			return fmt.Errorf("%v of height %d: %w, want ErrStopped", r.Kind, r.Height, err)
		}
	}
	return nil
}

func TestAStopHoldsInEveryLaterProcessUntilAHumanResumes(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	s := newSigner(t, fsys)
	first, err := s.Sign(req(signer.Prevote, 1, 0, "block 1"))
	must(t, err)
	must(t, s.Resume()) // what is not stopped needs no resuming
	must(t, s.Stop(reason, seen))
	must(t, s.Stop("AnotherReason", signer.Slot{Height: 9, Kind: signer.Prevote})) // the first stays
	for range 3 {
		must(t, stopped(s))
		must(t, s.Close())
		s, err = signer.OpenTiny(fsys, dir)
		must(t, err)
	}
	_, err = s.Sign(req(signer.Prevote, 2, 0, "block 2"))
	for _, part := range []string{reason, "precommit at height 7 round 2", "posnet keys resume"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("the refusal says %v, which does not mention %q", err, part)
		}
	}
	must(t, s.Resume())
	for range 2 {
		if stop, ok := s.Stopped(); ok {
			t.Errorf("after resuming: stopped by %+v", stop)
		}
		if again, err := s.Sign(req(signer.Prevote, 1, 0, "block 1")); err != nil || again != first {
			t.Errorf("after resuming: %v, want the signature that was given before the stop", err)
		}
		if _, err := s.Sign(req(signer.Prevote, 1, 0, "another block")); !errors.Is(err, signer.ErrDoubleSign) {
			t.Errorf("after resuming another message for a used slot: %v, want ErrDoubleSign", err)
		}
		if got := s.State(); got != (signer.Slot{Height: 1, Kind: signer.Prevote}) {
			t.Errorf("after resuming the state is %v, want it as it was", got)
		}
		must(t, s.Close())
		s, err = signer.OpenTiny(fsys, dir)
		must(t, err)
	}
	_, err = s.Sign(req(signer.Prevote, 2, 0, "block 2"))
	must(t, err)
	must(t, s.Close())
	if err := s.Stop(reason, seen); !errors.Is(err, signer.ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
}

func TestAStopThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	s := newSigner(t, vfs.NewMem())
	for name, err := range map[string]error{
		"no reason":     s.Stop("", seen),
		"a long reason": s.Stop(strings.Repeat("x", signer.MaxReason+1), seen),
		"no slot":       s.Stop(reason, signer.Slot{}),
	} {
		if !errors.Is(err, signer.ErrBadRequest) {
			t.Errorf("%s: %v, want ErrBadRequest", name, err)
		}
	}
	if _, ok := s.Stopped(); ok {
		t.Error("a refused stop stopped it")
	}
}

// career is a life with a stop and its end in it, long enough that the file is rotated before, at and after each.
type career struct {
	*witness
	stop, resume int // 0: not begun, 1: begun, 2: done
}

func (c *career) play(s *signer.Signer, before, between, after int) error {
	height := uint64(0)
	sign := func(n int) error {
		for range n {
			height++
			r := req(signer.Prevote, height, 0, fmt.Sprint("block ", height))
			sig, err := s.Sign(r)
			if err != nil {
				return err
			}
			if err := c.sees(r, sig); err != nil {
				return err
			}
		}
		return nil
	}
	if err := sign(before); err != nil {
		return err
	}
	c.stop = 1
	if err := s.Stop(reason, seen); err != nil {
		return err
	}
	c.stop = 2
	for range between {
		if err := stopped(s); err != nil {
			return err
		}
	}
	c.resume = 1
	if err := s.Resume(); err != nil {
		return err
	}
	c.resume = 2
	return sign(after)
}

// afterCrash opens what a crash left: it is stopped or not as was promised, contradicts nothing, and can be resumed.
func (c *career) afterCrash(mem *vfs.MemFS) error {
	s, err := signer.OpenTiny(mem, dir)
	if err != nil {
		return err
	}
	_, is := s.Stopped()
	if must := c.stop == 2 && c.resume == 0; must && !is {
		return errors.New("the stop is forgotten")
	}
	if may := c.stop > 0 && c.resume < 2; is && !may {
		return errors.New("it is stopped without a cause, or again")
	}
	if is {
		if err := stopped(s); err != nil {
			return err
		}
		if err := s.Resume(); err != nil {
			return err
		}
		if err := s.Close(); err != nil {
			return err
		}
		mem = mem.CrashClone(vfs.CrashCloneCfg{})
	} else if err := s.Close(); err != nil {
		return err
	}
	return c.witness.afterCrash(mem)
}

func TestNoCrashForgetsAStopOrBringsItBack(t *testing.T) {
	t.Parallel()
	crashes := 0
	for before := range 7 { // where in the file the stop comes to lie
		mem, c := vfs.NewCrashableMem(), &career{witness: newWitness()}
		must(t, signer.CreateTiny(mem, dir, consensus, vrf))
		fsys := crashfs.Watch(mem, func(n int, op errorfs.Op) error {
			for _, image := range crashfs.Images(mem, uint64(n), 4) {
				if err := c.afterCrash(image.FS); err != nil {
					t.Errorf("%d signatures before the stop, crash before operation %d (%v on %s), %s: %v", before, n, op.Kind, op.Path, image.Name, err)
				}
				crashes++
			}
			return nil
		})
		s, err := signer.OpenTiny(fsys, dir)
		must(t, err)
		must(t, c.play(s, before, 1, 7))
		for _, image := range crashfs.Images(mem, 1, 4) {
			must(t, c.afterCrash(image.FS))
		}
	}
	if crashes < 500 {
		t.Errorf("only %d crashes were tried", crashes)
	}
}

func TestNoFailingOperationForgetsAStop(t *testing.T) {
	t.Parallel()
	for _, fault := range []error{syscall.EIO, syscall.ENOSPC} {
		for failAt, ran := 0, true; ran; failAt++ {
			mem, c := vfs.NewCrashableMem(), &career{witness: newWitness()}
			must(t, signer.CreateTiny(mem, dir, consensus, vrf))
			ran = false
			fsys := crashfs.Watch(mem, func(n int, op errorfs.Op) error {
				if n != failAt {
					return nil
				}
				ran = true
				return fault
			})
			s, err := signer.OpenTiny(fsys, dir)
			if err == nil {
				err = c.play(s, 4, 1, 2)
				if errors.Is(err, signer.ErrNoSpace) && c.stop == 1 {
					if again := stopped(s); again != nil {
						t.Errorf("%v at operation %d: before there is room: %v", fault, failAt, again)
					}
					must(t, s.Stop(reason, seen)) // there is room again
					c.stop = 2
				} else if err != nil && !errors.Is(err, signer.ErrFailed) && !errors.Is(err, signer.ErrNoSpace) {
					t.Errorf("%v at operation %d: %v, want ErrFailed or ErrNoSpace", fault, failAt, err)
				}
			}
			for _, image := range crashfs.Images(mem, uint64(failAt), 2) {
				if err := c.afterCrash(image.FS); err != nil {
					t.Errorf("%v at operation %d, then a crash, %s: %v", fault, failAt, image.Name, err)
				}
			}
		}
	}
}

func TestADamagedStopIsRefusedAndAFileWithoutOneStillOpens(t *testing.T) {
	t.Parallel()
	c, v := consensus.Public(), vrf.Public()
	identity := wal.Record{Type: 1, Data: append(c[:], v[:]...)}
	signed := wal.Record{Type: 2, Data: append([]byte{2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 96)...)}
	stop := wal.Record{Type: 3, Data: append([]byte{3, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 2}, reason...)}
	for name, k := range map[string]struct {
		records []wal.Record
		want    error
		stopped bool
	}{
		"as written before there were stops": {records: []wal.Record{identity, signed}},
		"with a stop":                        {records: []wal.Record{identity, signed, stop}, stopped: true},
		"with a stop twice":                  {records: []wal.Record{identity, stop, stop}, stopped: true},
		"with a stop and its end":            {records: []wal.Record{identity, stop, {Type: 4}, signed}},
		"a stop without reason":              {records: []wal.Record{identity, {Type: 3, Data: stop.Data[:17]}}, want: signer.ErrCorrupt},
		"a stop for no slot":                 {records: []wal.Record{identity, {Type: 3, Data: make([]byte, 30)}}, want: signer.ErrCorrupt},
		"a signature after a stop":           {records: []wal.Record{identity, stop, signed}, want: signer.ErrCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys := vfs.NewMem()
			must(t, newSigner(t, fsys).Close())
			must(t, wal.Create(fsys, "validator/sign-state", wal.Options{Label: "posnet/sign-state/v1", Slot: 256, Chunk: 2048}, k.records...))
			s, err := signer.OpenTiny(fsys, dir)
			if !errors.Is(err, k.want) {
				t.Fatalf("%v, want %v", err, k.want)
			}
			if k.want != nil {
				return
			}
			if k.stopped {
				must(t, stopped(s))
			} else if _, err := s.Sign(req(signer.Prevote, 2, 0, "block 2")); err != nil {
				t.Errorf("does not sign: %v", err)
			}
			must(t, s.Close())
		})
	}
}
