package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestModulesAreFoundFromAnyDirectoryOfTheTree(t *testing.T) {
	m, err := findModules() // a test runs in its package's directory
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		filepath.Join(m.posnet, "go.mod"): "module github.com/posnet/posnet\n", filepath.Join(m.bench, "go.mod"): "module github.com/posnet/posnet/hack/bench\n",
	} {
		b, err := os.ReadFile(file)
		if err != nil || !strings.HasPrefix(string(b), want) {
			t.Errorf("%s (%v) does not begin with %q", file, err, want)
		}
	}
	t.Chdir(t.TempDir())
	if m, err := findModules(); err == nil || !strings.Contains(err.Error(), "make bench-chain") {
		t.Errorf("outside of the tree: %+v (%v), want an error that says how to run it", m, err)
	}
}

func TestCometBFTIsPinned(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if text := string(b); !strings.Contains(text, "tool "+cometModule+"/cmd/cometbft\n") || !strings.Contains(text, cometModule+" v0.38.") {
		t.Error("go.mod does not pin the program of CometBFT 0.38")
	}
}
