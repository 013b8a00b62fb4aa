package keys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// LoadPrivateFile reads the private key in the file at path, at most MaxPEM bytes of it.
//
// warning, when not empty, is a sentence for the user about a file that is readable by others. It is no error because a
// Secret mounted by Kubernetes often is, on purpose, and because refusing would not make the key any more secret.
func LoadPrivateFile(path string) (key PrivateKey, warning string, err error) {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return PrivateKey{}, "", fmt.Errorf("open key file: %w; %s", err, hintGenerate)
		}
		return PrivateKey{}, "", fmt.Errorf("open key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return PrivateKey{}, "", fmt.Errorf("look at key file %s: %w", path, err)
	}
	if info.IsDir() {
		return PrivateKey{}, "", fmt.Errorf("%w: %s is a directory; name the key file in it", ErrNotPEM, path)
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxPEM+1)) // one byte more, so that too large is seen as such
	if err != nil {
		return PrivateKey{}, "", fmt.Errorf("read key file %s: %w", path, err)
	}
	key, err = ParsePrivatePEM(data)
	if err != nil {
		return PrivateKey{}, "", fmt.Errorf("key file %s: %w", path, err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		warning = fmt.Sprintf("key file %s can be read by others (mode %04o); run `chmod 600 %s`", path, mode, path)
	}
	return key, warning, nil
}

// SavePrivateFile writes key to a new file at path that only its owner can read. It never overwrites: an existing file is
// an error that wraps fs.ErrExist, because the key in it may own an account.
//
// A crash during SavePrivateFile leaves no file, or one that LoadPrivateFile refuses; after it returned nil the file is
// durable.
func SavePrivateFile(path string, key PrivateKey) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("save key: %w; a key is never overwritten: choose another name or move the file away", err)
		}
		return fmt.Errorf("save key: %w", err)
	}
	_, err = f.Write(MarshalPrivatePEM(key))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("save key to %s: %w", path, errors.Join(err, os.Remove(path)))
	}
	return nil
}

// syncDir makes the entry of a new file in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
