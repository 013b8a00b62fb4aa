package build

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// unused is how long a binary that nothing asked for is kept.
const unused = 30 * 24 * time.Hour

// key hashes all that t is made from, to 16 hexadecimal digits.
func (b Builder) key(t Target) (string, error) {
	hash := sha256.New()
	// The version of the Go that runs this program is the one that built it, and the one that will build the target.
	fmt.Fprintf(hash, "%s %s %s\n", runtime.Version(), runtime.GOARCH, t.LDFlags)
	module := filepath.Join(b.Source, t.Module)
	for _, input := range t.Inputs {
		err := filepath.WalkDir(filepath.Join(module, input), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(module, path)
			fmt.Fprintf(hash, "%s %d\n", name, len(data))
			hash.Write(data)
			return err
		})
		if errors.Is(err, fs.ErrNotExist) && input == "internal" {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("read the sources of %s (is --source the directory hack/localkube?): %w", t.Name, err)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}

// prune marks path as used and deletes what else was built of the same target and has not been used for long.
func (b Builder) prune(t Target, path string) {
	now := time.Now()
	_ = os.Chtimes(path, now, now)
	others, _ := filepath.Glob(filepath.Join(b.Cache, t.Name+"-*"))
	for _, other := range others {
		if info, err := os.Stat(other); err == nil && other != path && now.Sub(info.ModTime()) > unused {
			_ = os.Remove(other)
		}
	}
}
