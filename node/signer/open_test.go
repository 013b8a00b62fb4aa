package signer_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/wal"
)

// overwrite changes bytes of a file in place.
func overwrite(t *testing.T, fsys vfs.FS, path string, at int64, content []byte) {
	t.Helper()
	f, err := fsys.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.WriteAt(content, at)
	must(t, err)
	must(t, f.Close())
}

func replaceFile(t *testing.T, fsys vfs.FS, path, content string) {
	t.Helper()
	f, err := fsys.Create(path, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write([]byte(content))
	must(t, err)
	must(t, f.Close())
}

func TestADirectoryThatIsNotWholeIsRefusedWithAdvice(t *testing.T) {
	t.Parallel()
	const state = "validator/sign-state"
	for name, c := range map[string]struct {
		break_ func(*testing.T, *vfs.MemFS)
		want   error
		says   string
	}{
		"nothing there": {func(t *testing.T, f *vfs.MemFS) { must(t, f.RemoveAll(dir)) }, signer.ErrNoValidator, dir},
		"a key without sign-state": {func(t *testing.T, f *vfs.MemFS) { must(t, f.Remove(state)) },
			signer.ErrKeyWithoutSignState, "bring the sign-state that belongs to the key"},
		"a sign-state without key": {func(t *testing.T, f *vfs.MemFS) { must(t, f.Remove("validator/consensus.pem")) },
			signer.ErrKeyMissing, "consensus.pem"},
		"no VRF key": {func(t *testing.T, f *vfs.MemFS) { must(t, f.Remove("validator/vrf.pem")) },
			signer.ErrKeyMissing, "vrf.pem"},
		"another consensus key": {func(t *testing.T, f *vfs.MemFS) {
			replaceFile(t, f, "validator/consensus.pem", string(keys.MarshalPrivatePEM(keys.FromSeed([32]byte{9}))))
		}, signer.ErrForeignSignState, "bring the two files that belong together"},
		"another VRF key": {func(t *testing.T, f *vfs.MemFS) {
			replaceFile(t, f, "validator/vrf.pem", string(keys.MarshalPrivatePEM(keys.FromSeed([32]byte{9}))))
		}, signer.ErrForeignSignState, "belongs to other keys"},
		"no key in the key file": {func(t *testing.T, f *vfs.MemFS) { replaceFile(t, f, "validator/consensus.pem", "hello") },
			keys.ErrNotPEM, "consensus.pem"},
		"a damaged signature, the last one too": {func(t *testing.T, f *vfs.MemFS) { overwrite(t, f, state, 512+256+100, []byte("x")) },
			signer.ErrCorrupt, "do not restore"},
		"a damaged header": {func(t *testing.T, f *vfs.MemFS) { overwrite(t, f, state, 200, []byte("x")) },
			signer.ErrCorrupt, "new keys"},
		"a sign-state of a newer program": {func(t *testing.T, f *vfs.MemFS) { overwrite(t, f, state, 11, []byte{2}) },
			signer.ErrVersion, "version 2"},
		"a log of another purpose": {func(t *testing.T, f *vfs.MemFS) {
			must(t, wal.Create(f, state, wal.Options{Label: "posnet/other", Slot: 256, Chunk: 2048}))
		}, signer.ErrVersion, "posnet/other"},
		"no identity in it": {func(t *testing.T, f *vfs.MemFS) {
			must(t, wal.Create(f, state, wal.Options{Label: "posnet/sign-state/v1", Slot: 256, Chunk: 2048}))
		}, signer.ErrCorrupt, "does not begin with the keys"},
		"records out of order": {func(t *testing.T, f *vfs.MemFS) {
			c, v := consensus.Public(), vrf.Public()
			later, earlier := make([]byte, 113), make([]byte, 113)
			later[0], later[8], earlier[0], earlier[8] = 1, 2, 1, 1
			must(t, wal.Create(f, state, wal.Options{Label: "posnet/sign-state/v1", Slot: 256, Chunk: 2048},
				wal.Record{Type: 1, Data: append(c[:], v[:]...)}, wal.Record{Type: 2, Data: later}, wal.Record{Type: 2, Data: earlier}))
		}, signer.ErrCorrupt, "height 1 round 0 is recorded after"},
		"a record of an unknown type": {func(t *testing.T, f *vfs.MemFS) {
			c, v := consensus.Public(), vrf.Public()
			must(t, wal.Create(f, state, wal.Options{Label: "posnet/sign-state/v1", Slot: 256, Chunk: 2048},
				wal.Record{Type: 1, Data: append(c[:], v[:]...)}, wal.Record{Type: 77}))
		}, signer.ErrVersion, "type 77"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys := vfs.NewMem()
			s := newSigner(t, fsys)
			_, err := s.Sign(req(signer.Prevote, 1, 0, "block"))
			must(t, err)
			must(t, s.Close())
			c.break_(t, fsys)
			for range 2 { // the second time shows that a refusal leaves neither lock nor change behind
				if _, err := signer.OpenTiny(fsys, dir); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v\nwant %v saying %q", err, c.want, c.says)
				}
			}
		})
	}
}

func TestCreateNeverReplacesAValidator(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	must(t, newSigner(t, fsys).Close())
	if err := signer.Create(fsys, dir, keys.FromSeed([32]byte{8}), vrf); !errors.Is(err, signer.ErrExists) {
		t.Errorf("%v, want ErrExists", err)
	}
	s, err := signer.OpenTiny(fsys, dir)
	must(t, err)
	if s.ConsensusPublic() != consensus.Public() {
		t.Error("the key was replaced")
	}
}

func TestOneKeyForTwoUsesIsRefused(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	if err := signer.Create(fsys, dir, consensus, consensus); err == nil || !strings.Contains(err.Error(), "its own") {
		t.Errorf("%v, want a refusal", err)
	}
	if there, err := signer.Exists(fsys, dir); there || err != nil {
		t.Errorf("a directory is there (%v) after a refusal, %v", there, err)
	}
}

func TestOnARealDiskTheDirectoryIsPrivateAndHeldByOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "validator")
	if _, err := signer.Open(vfs.Default, path); !errors.Is(err, signer.ErrNoValidator) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before it is made: %v, want ErrNoValidator and fs.ErrNotExist", err)
	}
	must(t, signer.Create(vfs.Default, path, consensus, vrf))
	for name, want := range map[string]os.FileMode{"": 0o700, "consensus.pem": 0o600, "vrf.pem": 0o600} {
		info, err := os.Stat(filepath.Join(path, name))
		must(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %q is %04o, want %04o", name, got, want)
		}
	}
	if _, warning, err := keys.LoadPrivateFile(filepath.Join(path, "consensus.pem")); err != nil || warning != "" {
		t.Errorf("the key file: warning %q, %v", warning, err)
	}
	s, err := signer.Open(vfs.Default, path)
	must(t, err)
	if _, err := signer.Open(vfs.Default, path); !errors.Is(err, signer.ErrInUse) {
		t.Errorf("opened twice: %v, want ErrInUse", err)
	}
	first, err := s.Sign(req(signer.Prevote, 1, 0, "block"))
	must(t, err)
	must(t, s.Close())
	must(t, s.Close())
	if _, err := s.Sign(req(signer.Prevote, 1, 0, "block")); !errors.Is(err, signer.ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
	s, err = signer.Open(vfs.Default, path)
	must(t, err)
	if again, err := s.Sign(req(signer.Prevote, 1, 0, "block")); err != nil || again != first {
		t.Errorf("opened again: %v, want the stored signature", err)
	}
	must(t, s.Close())
}

func BenchmarkSign(b *testing.B) {
	path := filepath.Join(b.TempDir(), "validator")
	must(b, signer.Create(vfs.Default, path, consensus, vrf))
	s, err := signer.Open(vfs.Default, path)
	must(b, err)
	message := make([]byte, 128)
	for height := uint64(1); b.Loop(); height++ {
		if _, err := s.Sign(signer.Request{Kind: signer.Prevote, Height: height, Message: message}); err != nil {
			b.Fatal(err)
		}
	}
	must(b, s.Close())
}
