package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestTheKeyChangesWithWhatTheBinaryIsMadeFromAndWithNothingElse(t *testing.T) {
	t.Parallel()
	base := map[string]string{"m/go.mod": "module m", "m/go.sum": "s", "m/cmd/x/main.go": "package main", "m/cmd/x/x_test.go": "1", "m/cmd/y/main.go": "y"}
	target := Target{Name: "x", Module: "m", Inputs: []string{"go.mod", "go.sum", "cmd/x", "internal"}, LDFlags: "-s"}
	key := func(change func(map[string]string), target Target) string {
		files := map[string]string{}
		for k, v := range base {
			files[k] = v
		}
		change(files)
		got, err := Builder{Source: tree(t, files)}.key(target)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	same := func(map[string]string) {}
	first := key(same, target)
	if again := key(same, target); again != first {
		t.Fatalf("the same sources in two directories give %s and %s", first, again)
	}
	flags := target
	flags.LDFlags = "-s -w"
	for name, c := range map[string]struct {
		got     string
		differs bool
	}{
		"a changed source":           {key(func(f map[string]string) { f["m/cmd/x/main.go"] += "\n" }, target), true},
		"a new file":                 {key(func(f map[string]string) { f["m/cmd/x/more.go"] = "" }, target), true},
		"a changed dependency":       {key(func(f map[string]string) { f["m/go.sum"] = "t" }, target), true},
		"a new internal package":     {key(func(f map[string]string) { f["m/internal/p/p.go"] = "" }, target), true},
		"changed linker flags":       {key(same, flags), true},
		"a changed test":             {key(func(f map[string]string) { f["m/cmd/x/x_test.go"] = "2" }, target), false},
		"a change of another binary": {key(func(f map[string]string) { f["m/cmd/y/main.go"] = "z" }, target), false},
	} {
		if (c.got != first) != c.differs {
			t.Errorf("%s: key changed=%v, want %v", name, c.got != first, c.differs)
		}
	}
}

func TestSourcesThatAreNotThereAreAnErrorThatSaysWhichFlag(t *testing.T) {
	t.Parallel()
	_, err := Builder{Source: t.TempDir()}.key(Targets[0])
	if err == nil || !strings.Contains(err.Error(), "--source") {
		t.Fatalf("error %v", err)
	}
}

func TestOnlyBinariesLongUnusedArePruned(t *testing.T) {
	t.Parallel()
	cache := tree(t, map[string]string{"x-current": "", "x-recent": "", "x-old": "", "y-old": ""})
	old := time.Now().Add(-2 * unused)
	for _, name := range []string{"x-current", "x-old", "y-old"} {
		if err := os.Chtimes(filepath.Join(cache, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	Builder{Cache: cache}.prune(Target{Name: "x"}, filepath.Join(cache, "x-current"))
	for name, kept := range map[string]bool{"x-current": true, "x-recent": true, "x-old": false, "y-old": true} {
		if _, err := os.Stat(filepath.Join(cache, name)); (err == nil) != kept {
			t.Errorf("%s kept=%v, want %v", name, err == nil, kept)
		}
	}
}
