package keys_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/keys"
)

func TestASavedKeyLoadsWithoutWarning(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key.pem")
	key := keyOf(5)
	if err := keys.SavePrivateFile(path, key); err != nil {
		t.Fatal(err)
	}
	got, warning, err := keys.LoadPrivateFile(path)
	if err != nil || warning != "" || got.Public() != key.Public() {
		t.Errorf("got %x, warning %q, error %v; want the saved key and neither", got.Public(), warning, err)
	}
}

func TestAKeyFileIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := keys.SavePrivateFile(path, keyOf(5)); err != nil {
		t.Fatal(err)
	}
	if err := keys.SavePrivateFile(path, keyOf(6)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second save: %v, want fs.ErrExist", err)
	}
	if got, _, err := keys.LoadPrivateFile(path); err != nil || got.Public() != keyOf(5).Public() {
		t.Errorf("the first key is gone: %v", err)
	}
}

func TestAKeyFileOthersCanReadLoadsWithAWarning(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, []byte(rfc8410Private), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	key, warning, err := keys.LoadPrivateFile(path)
	if err != nil || key.IsZero() || !strings.Contains(warning, "0644") || !strings.Contains(warning, "chmod 600 "+path) {
		t.Errorf("warning %q, error %v; want the key and a warning with mode and command", warning, err)
	}
}

func TestAFileThatIsNoKeyIsRefusedByName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"missing":   {filepath.Join(dir, "none.pem"), fs.ErrNotExist},
		"directory": {dir, keys.ErrNotPEM},
		"public":    {write("public.pem", rfc8410Public), keys.ErrPublicNotPrivate},
		"too large": {write("large.pem", strings.Repeat("\n", keys.MaxPEM)+rfc8410Private), keys.ErrTooLarge},
	} {
		_, _, err := keys.LoadPrivateFile(c.path)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: %v, want %v with the path", name, err, c.want)
		}
	}
}
