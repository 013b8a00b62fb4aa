package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// toy is a module with one rule and one test of it, and a package whose tests fail.
func toy(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":              "module toy\n\ngo 1.26\n",
		"rule/rule.go":        "package rule\n\n// Enough reports whether n is more than two.\nfunc Enough(n int) bool { return n > 2 }\n",
		"rule/rule_test.go":   "package rule\n\nimport \"testing\"\n\nfunc TestRule(t *testing.T) {\n\tt.Run(\"three are enough\", func(t *testing.T) {\n\t\tif !Enough(3) {\n\t\t\tt.Error(\"three are not\")\n\t\t}\n\t})\n}\n",
		"sick/sick.go":        "package sick\n",
		"sick/sick_test.go":   "package sick\n\nimport \"testing\"\n\nfunc TestSick(t *testing.T) { t.Error(\"it always fails\") }\n",
		"crash/crash.go":      "package crash\n\n// Index is there.\nfunc Index(s []int) int { return s[0] }\n",
		"crash/crash_test.go": "package crash\n\nimport \"testing\"\n\nfunc TestIndex(t *testing.T) { Index([]int{1}) }\n",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestAMutantIsJudgedByTheTestsThatPassWithoutIt(t *testing.T) {
	t.Parallel()
	root := toy(t)
	rule := func(id, replacement string) Mutant {
		return Mutant{ID: id, File: "rule/rule.go", Old: "n > 2", New: replacement, Judges: []string{"rule"}}
	}
	broad := rule("killed-by-the-second-judge", "n > 3")
	broad.Judges = []string{"crash", "rule"}
	sick := rule("judged-by-the-sick", "n > 3")
	sick.Judges = []string{"sick"}
	h := &hunt{root: root, dir: t.TempDir(), clean: map[string]func() error{}, known: map[string]killer{
		"killed-as-before": {"rule", "TestRule/three_are_enough"}, "killed-by-another": {"crash", "TestIndex"},
	}}
	for _, c := range []struct {
		m                     Mutant
		outcome, test, detail string
	}{
		{rule("killed-as-before", "n > 3"), killed, "TestRule/three_are_enough", ""},
		{rule("killed-by-another", "n > 3"), killed, "TestRule/three_are_enough", ""},
		{broad, killed, "TestRule/three_are_enough", ""},
		{Mutant{ID: "killed-by-a-panic", File: "crash/crash.go", Old: "s[0]", New: "s[7]", Judges: []string{"crash"}}, killed, "TestIndex", ""},
		{rule("survives", "n >= 2"), survived, "", ""},
		{rule("no-program", "n > two"), broken, "", "does not compile"},
		{Mutant{ID: "not-there", File: "rule/rule.go", Old: "n > 7", New: "n", Judges: []string{"rule"}}, broken, "", "0 times"},
		{Mutant{ID: "there-too-often", File: "rule/rule.go", Old: "n", New: "m", Judges: []string{"rule"}}, broken, "", "times, not once"},
		{sick, broken, "", "without any bug"},
	} {
		r := h.try(context.Background(), &c.m)
		if r.Outcome != c.outcome || r.Test != c.test || !strings.Contains(r.Detail, c.detail) {
			t.Errorf("%s: %s by %q: %s; want %s by %q: %s", c.m.ID, r.Outcome, r.Test, r.Detail, c.outcome, c.test, c.detail)
		}
	}
	if text, err := os.ReadFile(filepath.Join(root, "rule/rule.go")); err != nil || !strings.Contains(string(text), "n > 2") {
		t.Errorf("a bug has reached the tree: %v\n%s", err, text)
	}
}

func TestAnInterruptedHuntEndsAndClaimsNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	h := &hunt{root: toy(t), dir: t.TempDir(), clean: map[string]func() error{}}
	m := Mutant{ID: "late", File: "rule/rule.go", Old: "n > 2", New: "n > 3", Judges: []string{"rule"}}
	h.all(ctx, []*Mutant{&m}, 2, func(int, *Result) { t.Error("it tells a result") })
	if r := h.try(ctx, &m); r.Outcome != broken {
		t.Errorf("interrupted: %s, want an error", r.Outcome)
	}
}

func TestATestThatDoesNotEndIsAKillOnlyWhereThatIsExpected(t *testing.T) {
	t.Parallel()
	v := read(strings.NewReader(`{"Action":"output","Package":"p","Test":"TestX","Output":"panic: test timed out after 1m0s\n"}
{"Action":"fail","Package":"p","Test":"TestX"}
{"Action":"fail","Package":"p"}
`))
	if !v.timeout || !v.crashed || len(v.failed) != 1 || v.failed[0] != "TestX" || !strings.Contains(v.output, "timed out") {
		t.Errorf("got %+v", v)
	}
}

func TestOfATestAndItsSubtestsTheOneThatSaysMostIsNamed(t *testing.T) {
	t.Parallel()
	v := read(strings.NewReader(`{"Action":"build-output","ImportPath":"p","Output":"# p\n"}
{"Action":"fail","Test":"TestB"}
{"Action":"fail","Test":"TestA/deep/down"}
{"Action":"fail","Test":"TestA/deep"}
{"Action":"fail","Test":"TestA"}
`))
	got, err := telling(t.TempDir(), ".", v.failed)
	if err != nil || got != "TestA/deep/down" || !v.built {
		t.Errorf("%q of %v (built %v): %v", got, v.failed, v.built, err)
	}
}

func TestTheDocumentRemembersWhoKilledWhat(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "docs"), 0o700); err != nil {
		t.Fatal(err)
	}
	before := map[string]killer{table[1].ID: {"node/stake", "TestOld/a|b"}, table[2].ID: {"node/stake", "TestGone"}, table[3].ID: {pkg: "node/stake"}}
	results := []Result{
		{ID: table[0].ID, Outcome: killed, Package: "node/stake", Test: "TestNew/case"}, {ID: table[2].ID, Outcome: survived},
	}
	if err := describe(root, results, before); err != nil {
		t.Fatal(err)
	}
	known, err := killers(root)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]killer{table[0].ID: {"node/stake", "TestNew/case"}, table[1].ID: {"node/stake", "TestOld/a|b"}, table[3].ID: {pkg: "node/stake"}}
	if len(known) != len(want) || known[table[0].ID] != want[table[0].ID] || known[table[1].ID] != want[table[1].ID] || known[table[3].ID] != want[table[3].ID] {
		t.Errorf("got %v, want %v", known, want)
	}
}
