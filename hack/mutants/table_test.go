package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// areas are those that the project promised to plant bugs in.
var areas = []string{
	"quorum", "locks", "valid value", "round skip", "signer", "WAL order", "lottery", "seed", "validator-set timing",
	"certificate check", "nonce", "supply", "catch-up verification",
}

func TestEveryMutantFitsTheCodeAsItIs(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	for i := range table {
		m := &table[i]
		if _, err := m.mutated(root); err != nil {
			t.Error(err)
		}
		if len(m.judges()) == 0 {
			t.Errorf("mutant %s: nobody judges bugs in %s", m.ID, m.File)
		}
		for _, pkg := range m.judges() {
			if tests, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go")); err != nil || len(tests) == 0 {
				t.Errorf("mutant %s: %s has no tests that could judge it", m.ID, pkg)
			}
		}
	}
}

func TestEveryMutantIsNamedOnceAndExplained(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)
	seen := map[string]bool{}
	for _, m := range table {
		if seen[m.ID] || !name.MatchString(m.ID) {
			t.Errorf("mutant %q: its name must be in kebab case, and only its own", m.ID)
		}
		seen[m.ID] = true
		if len(m.Bug) < 30 || !strings.HasSuffix(m.Bug, ".") || strings.ToUpper(m.Bug[:1]) != m.Bug[:1] || strings.Contains(m.Bug, "\n") {
			t.Errorf("mutant %s: %q is no sentence that says what is wrong", m.ID, m.Bug)
		}
	}
}

func TestEveryPromisedAreaHasSeveralMutants(t *testing.T) {
	t.Parallel()
	n := map[string]int{}
	for _, m := range table {
		n[m.Area]++
	}
	for _, a := range areas {
		if n[a] < 2 {
			t.Errorf("area %q has %d mutants, at least 2 were promised", a, n[a])
		}
	}
	if len(table) < 50 {
		t.Errorf("%d mutants, at least 50 were promised", len(table))
	}
}

func TestTheDocumentListsExactlyTheTable(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, m := range regexp.MustCompile("(?m)^\\| [^|]+ \\| `([^`]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, m[1])
	}
	for _, state := range []string{"not run yet", "SURVIVED", "ERROR"} {
		if n := strings.Count(string(text), "| "+state); n > 0 {
			t.Errorf("%d rows of %s say %s: no test is known that notices these bugs", n, document, state)
		}
	}
	if len(rows) != len(table) {
		t.Errorf("%s has %d rows, the table %d mutants; write it with go run ./hack/mutants -table", document, len(rows), len(table))
	}
	for i := range min(len(rows), len(table)) {
		if rows[i] != table[i].ID {
			t.Fatalf("row %d of %s is %s, that of the table is %s; write it with go run ./hack/mutants -table", i+1, document, rows[i], table[i].ID)
		}
	}
}
