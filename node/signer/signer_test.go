package signer_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/signer"
)

const dir = "validator"

var (
	consensus = keys.FromSeed([32]byte{1})
	vrf       = keys.FromSeed([32]byte{2})
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newSigner makes a validator with a tiny layout on fsys and opens it.
func newSigner(t testing.TB, fsys vfs.FS) *signer.Signer {
	t.Helper()
	must(t, signer.CreateTiny(fsys, dir, consensus, vrf))
	s, err := signer.OpenTiny(fsys, dir)
	must(t, err)
	return s
}

func req(kind signer.Kind, height, round uint64, message string) signer.Request {
	return signer.Request{Kind: kind, Height: height, Round: round, Message: []byte(message)}
}

func TestASlotIsSignedOnceAndItsSignatureGivenAgain(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	s := newSigner(t, fsys)
	if got := s.State(); got != (signer.Slot{}) || got.String() != "nothing" {
		t.Errorf("a new validator has signed %v, want nothing", got)
	}
	first, err := s.Sign(req(signer.Prevote, 5, 1, "block A"))
	must(t, err)
	if !keys.Verify(s.ConsensusPublic(), []byte("block A"), first) {
		t.Error("the signature does not verify")
	}
	for range 2 {
		again, err := s.Sign(req(signer.Prevote, 5, 1, "block A"))
		if err != nil || again != first {
			t.Errorf("asked again: %x, %v, want the stored signature", again, err)
		}
		must(t, s.Close())
		s, err = signer.OpenTiny(fsys, dir)
		must(t, err)
	}
	if got, want := s.State(), (signer.Slot{Height: 5, Round: 1, Kind: signer.Prevote}); got != want {
		t.Errorf("state %v, want %v", got, want)
	}
	if digest, ok := s.Signed(signer.Prevote, 5, 1); !ok || digest != sha256.Sum256([]byte("block A")) {
		t.Errorf("signed digest %x, %v, want that of the message", digest, ok)
	}
	if _, ok := s.Signed(signer.Precommit, 5, 1); ok {
		t.Error("a slot that was not used counts as used")
	}
}

func TestContradictionsAreRefusedBeforeAndAfterARestart(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	s := newSigner(t, fsys)
	for _, r := range []signer.Request{
		req(signer.Precommit, 4, 9, "old height"),
		req(signer.Proposal, 5, 0, "header"),
		req(signer.Prevote, 5, 0, "block A"),
		req(signer.Precommit, 5, 0, "block A"),
		req(signer.Prevote, 5, 2, "nil"),
	} {
		_, err := s.Sign(r)
		must(t, err)
	}
	cases := []struct {
		name string
		req  signer.Request
		want error
	}{
		{"another message in the highest slot", req(signer.Prevote, 5, 2, "block A"), signer.ErrDoubleSign},
		{"another message in an earlier slot of the height", req(signer.Precommit, 5, 0, "block B"), signer.ErrDoubleSign},
		{"an unused kind below", req(signer.Proposal, 5, 2, "header"), signer.ErrRegression},
		{"an unused round below", req(signer.Prevote, 5, 1, "block A"), signer.ErrRegression},
		{"an unused height below", req(signer.Precommit, 3, 100, "block"), signer.ErrRegression},
		{"a slot of a height that is over", req(signer.Precommit, 4, 9, "old height"), signer.ErrRegression},
		{"height zero", req(signer.Prevote, 0, 0, "x"), signer.ErrBadRequest},
		{"no kind", req(0, 9, 0, "x"), signer.ErrBadRequest},
		{"an unknown kind", req(4, 9, 0, "x"), signer.ErrBadRequest},
		{"no message", req(signer.Prevote, 9, 0, ""), signer.ErrBadRequest},
	}
	for _, when := range []string{"before", "after"} {
		for _, c := range cases {
			sig, err := s.Sign(c.req)
			if !errors.Is(err, c.want) || sig != ([64]byte{}) {
				t.Errorf("%s a restart, %s: %v, signature %x, want %v and none", when, c.name, err, sig[:4], c.want)
			}
		}
		must(t, s.Close())
		var err error
		s, err = signer.OpenTiny(fsys, dir)
		must(t, err)
	}
	if _, err := s.Sign(req(signer.Precommit, 5, 2, "nil")); err != nil {
		t.Errorf("the next slot after all the refusals: %v", err)
	}
}

func TestADoubleSignErrorNamesBothMessages(t *testing.T) {
	t.Parallel()
	s := newSigner(t, vfs.NewMem())
	_, err := s.Sign(req(signer.Precommit, 7, 3, "A"))
	must(t, err)
	_, err = s.Sign(req(signer.Precommit, 7, 3, "B"))
	var double *signer.DoubleSignError
	if !errors.As(err, &double) {
		t.Fatalf("%v, want a *DoubleSignError", err)
	}
	a, b := sha256.Sum256([]byte("A")), sha256.Sum256([]byte("B"))
	if double.Signed != a || double.Asked != b || double.Height != 7 || double.Round != 3 || double.Kind != signer.Precommit {
		t.Errorf("got %+v, want the digests of A and B at precommit 7/3", double)
	}
	for _, part := range []string{"precommit at height 7 round 3", fmt.Sprintf("%x", a), fmt.Sprintf("%x", b)} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func TestTheHighWaterMarkOutlivesManyFiles(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	s := newSigner(t, fsys)
	for h := uint64(1); h <= 40; h++ {
		for _, kind := range []signer.Kind{signer.Proposal, signer.Prevote, signer.Precommit} {
			_, err := s.Sign(req(kind, h, h%3, fmt.Sprint("block ", h)))
			must(t, err)
		}
	}
	info, err := fsys.Stat("validator/sign-state")
	must(t, err)
	if info.Size() > 2048 {
		t.Errorf("the sign-state has %d bytes after 120 signatures, want no more than a file of the layout", info.Size())
	}
	must(t, s.Close())
	s, err = signer.OpenTiny(fsys, dir)
	must(t, err)
	if got, want := s.State(), (signer.Slot{Height: 40, Round: 1, Kind: signer.Precommit}); got != want {
		t.Errorf("state %v, want %v", got, want)
	}
	if _, err := s.Sign(req(signer.Prevote, 40, 1, "block 40")); err != nil {
		t.Errorf("a slot of the highest height: %v, want its stored signature", err)
	}
}

func TestAHeightOfEndlessRoundsKeepsTheLatestSlotsOnly(t *testing.T) {
	t.Parallel()
	s := newSigner(t, vfs.NewMem())
	for r := range uint64(50) {
		_, err := s.Sign(req(signer.Prevote, 1, r, "nil"))
		must(t, err)
	}
	known := 0
	for r := range uint64(50) {
		if _, ok := s.Signed(signer.Prevote, 1, r); ok {
			known++
		} else if _, err := s.Sign(req(signer.Prevote, 1, r, "nil")); !errors.Is(err, signer.ErrRegression) {
			t.Errorf("round %d, forgotten: %v, want ErrRegression", r, err)
		}
	}
	if known != 4 {
		t.Errorf("%d slots are kept, want the limit of 4", known)
	}
}

func TestVRFProofsVerifyUnderTheVRFKey(t *testing.T) {
	t.Parallel()
	s := newSigner(t, vfs.NewMem())
	if s.ConsensusPublic() != consensus.Public() || s.VRFPublic() != vrf.Public() {
		t.Fatal("the keys are not those the directory was made with")
	}
	alpha := []byte("seed")
	if _, err := keys.VRFVerify(s.VRFPublic(), alpha, s.VRFProve(alpha)); err != nil {
		t.Error(err)
	}
}

func TestConcurrentRequestsForOneSlotGetOneMessageSigned(t *testing.T) {
	t.Parallel()
	s := newSigner(t, vfs.NewMem())
	var signed sync.Map
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			message := fmt.Sprint("block ", i%4)
			if _, err := s.Sign(req(signer.Prevote, 1, 0, message)); err == nil {
				signed.Store(message, true)
			} else if !errors.Is(err, signer.ErrDoubleSign) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n := 0
	signed.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d messages were signed for one slot", n)
	}
}
