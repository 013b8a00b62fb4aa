package archtest_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/posnet/posnet/hack/archtest"
)

func pkg(name string, imports ...string) archtest.Package {
	return archtest.Package{
		ImportPath: archtest.Module + "/" + name, Name: name[strings.LastIndex(name, "/")+1:], Doc: "Package comment.",
		GoFiles: []string{"a.go"}, Imports: imports, Deps: imports,
	}
}

func TestAnArrowUpIsFound(t *testing.T) {
	t.Parallel()
	in := func(name string) string { return archtest.Module + "/" + name }
	for name, c := range map[string]struct {
		pkg  archtest.Package
		want string // part of the only complaint; empty for none
	}{
		"the ledger may import the tree":            {pkg("node/ledger", in("node/ledger/tree")), ""},
		"the tree may not import the ledger":        {pkg("node/ledger/tree", in("node/ledger")), "may not import node/ledger"},
		"a leaf may import nothing of ours":         {pkg("node/chain", in("node/keys")), "may not import node/keys"},
		"controllers may import chain":              {pkg("controllers", in("node/chain")), ""},
		"controllers may not import telemetry":      {pkg("controllers", in("node/telemetry")), "may not import node/telemetry"},
		"the operator may log":                      {pkg("cmd/operator", in("node/telemetry")), ""},
		"the operator may not run a node":           {pkg("cmd/operator", in("node")), "may not import node"},
		"the operator never reaches libp2p":         {pkg("cmd/operator", "github.com/libp2p/go-libp2p/core/peer"), "must never reach"},
		"the CLI never reaches client-go":           {pkg("cmd/posnet", "k8s.io/client-go/rest"), "must never reach"},
		"a package below cmd/posnet is known":       {pkg("cmd/posnet/internal/keys", in("node/chain")), ""},
		"siblings below cmd/posnet may meet":        {pkg("cmd/posnet/internal/a/b", in("cmd/posnet/internal/c")), ""},
		"a package that nobody decided on":          {pkg("node/newroom"), "not in the table"},
		"the API types may use apimachinery":        {pkg("api/v1alpha1", "k8s.io/apimachinery/pkg/runtime", "fmt"), ""},
		"the API types may not use client-go":       {pkg("api/v1alpha1", "k8s.io/client-go/rest"), "may not import k8s.io/client-go/rest"},
		"consensus may not know the time":           {pkg("node/consensus", "time"), "is pure and may not import time"},
		"consensus may not touch files":             {pkg("node/consensus", "os"), "is pure and may not import os"},
		"consensus may not roll dice":               {pkg("node/consensus", "math/rand/v2"), "is pure and may not import math/rand/v2"},
		"stake may not log":                         {pkg("node/stake", "log/slog"), "is pure and may not import log/slog"},
		"policy may not use the network":            {pkg("controllers/policy", "net/http"), "is pure and may not import net/http"},
		"desired may use the shapes of objects":     {pkg("controllers/desired", "k8s.io/api/apps/v1"), ""},
		"a name that only begins alike is no match": {pkg("cmd/posnet", "k8s.io/apimachine"), ""},
	} {
		got := archtest.CheckArrows([]archtest.Package{c.pkg}, archtest.Table)
		if c.want == "" && len(got) > 0 {
			t.Errorf("%s: want no complaint, got %q", name, got)
		}
		if c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
			t.Errorf("%s: want one complaint with %q, got %q", name, c.want, got)
		}
	}
}

func TestImpureSyntaxIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		src   string
		wants []string
	}{
		"a goroutine":                       {"func f() { go f() }", []string{"a goroutine"}},
		"a channel as a parameter":          {"func f(c chan int) {}", []string{"a channel"}},
		"a channel made":                    {"func f() { _ = make(chan int) }", []string{"a channel"}},
		"a receive":                         {"type c <-chan int\nfunc f(x c) { <-x }", []string{"a channel", "a receive"}},
		"a send":                            {"type c chan int\nfunc f(x c) { x <- 1 }", []string{"a channel", "a send"}},
		"select":                            {"func f() { select {} }", []string{"select"}},
		"a range over a map":                {"func f(m map[int]int) { for range m {} }", []string{"ranges over a map"}},
		"a range over a named map":          {"type m map[int]int\nfunc f(x m) { for k := range x { _ = k } }", []string{"ranges over a map"}},
		"a range over a channel":            {"type c chan int\nfunc f(x c) { for range x {} }", []string{"a channel", "ranges over a channel"}},
		"a range over a slice":              {"func f(s []int) { for range s {} }", nil},
		"a vouched range":                   {"func f(m map[int]int) (n int) {\n//arch:orderless a sum\nfor _, v := range m { n += v }\nreturn }", nil},
		"a vouched range without a reason":  {"func f(m map[int]int) (n int) {\n//arch:orderless \nfor _, v := range m { n += v }\nreturn }", []string{"ranges over a map"}},
		"a comment two lines up is too far": {"func f(m map[int]int) {\n//arch:orderless a sum\n\nfor range m {}\n}", []string{"ranges over a map"}},
		"a copy into a map":                 {"type s string\nfunc f(a map[string]int, b map[s]int) { for k, v := range a { b[s(k)] = v } }", nil},
		"a copy that may merge keys":        {"func f(a map[int]int, b map[int8]int) { for k, v := range a { b[int8(k)] = v } }", []string{"ranges over a map"}},
		"a copy under another key":          {"func f(a, b map[int]int) { for k, v := range a { b[v] = k } }", []string{"ranges over a map"}},
		"a copy that calls":                 {"func f(a, b map[int]int, g func(int) int) { for k, v := range a { b[k] = g(v) } }", []string{"ranges over a map"}},
		"a copy into a slice":               {"func f(a map[int]int, b []int) { for k, v := range a { b[k] = v } }", []string{"ranges over a map"}},
		"sorted keys":                       {"import (\"maps\"; \"slices\")\nfunc f(m map[int]int) { for range slices.Sorted(maps.Keys(m)) {} }", nil},
		"unsorted keys":                     {"import \"maps\"\nfunc f(m map[int]int) { for range maps.Keys(m) {} }", []string{"maps.Keys"}},
		"collected keys":                    {"import (\"maps\"; \"slices\")\nfunc f(m map[int]int) []int { return slices.Collect(maps.Values(m)) }", []string{"maps.Values"}},
		"printing":                          {"import \"fmt\"\nfunc f() { fmt.Println() }", []string{"calls fmt.Println"}},
		"formatting":                        {"import \"fmt\"\nfunc f() string { return fmt.Sprint(1) }", nil},
		"a float by its type":               {"func f(x float64) {}", []string{"floating point"}},
		"a float by a literal":              {"var x = 0.5", []string{"floating point"}},
		"a float by conversion":             {"func f(n int) bool { return float32(n) > 1 }", []string{"floating point"}},
		"integers":                          {"func f(n uint64) uint64 { return n * 2 / 3 }", nil},
	} {
		got := checkSource(t, name, c.src)
		if len(got) < len(c.wants) || len(c.wants) == 0 && len(got) > 0 {
			t.Errorf("%s: want %q, got %q", name, c.wants, got)
			continue
		}
		for _, want := range c.wants {
			if !strings.Contains(strings.Join(got, "\n"), want) {
				t.Errorf("%s: want a complaint with %q, got %q", name, want, got)
			}
		}
	}
}

// checkSource type-checks one file and runs the purity check with every rule on.
func checkSource(t *testing.T, name, src string) []string {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "a.go", "package p\n"+src, parser.ParseComments)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: importer.Default()}
	if _, err := conf.Check("p", fset, []*ast.File{f}, info); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return archtest.CheckPure(fset, []*ast.File{f}, info, archtest.Rule{Pure: true, Integers: true})
}

func TestBadFormIsFound(t *testing.T) {
	t.Parallel()
	nameless := pkg("node/util")
	undocumented := pkg("node/chain")
	undocumented.Doc = ""
	for name, c := range map[string]struct {
		pkg  archtest.Package
		want string
	}{
		"a name that says nothing": {nameless, "named after nothing"},
		"no package comment":       {undocumented, "no package comment"},
		"a good package":           {pkg("node/chain"), ""},
	} {
		got := strings.Join(archtest.CheckForm([]archtest.Package{c.pkg}), "\n")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: want %q, got %q", name, c.want, got)
		}
	}
}

func TestALongFileIsFound(t *testing.T) {
	t.Parallel()
	long := "package p\n" + strings.Repeat("//\n", archtest.MaxLines)
	got, err := archtest.CheckSizes(fstest.MapFS{
		"ok.go":              {Data: []byte("package p\n")},
		"node/long.go":       {Data: []byte(long)},
		"node/generated.go":  {Data: []byte("// Code generated by x. DO NOT EDIT.\n" + long)},
		"node/sly.go":        {Data: []byte(long + "// Code generated by x. DO NOT EDIT.\n")},
		".localkube/long.go": {Data: []byte(long)},
		"notes.txt":          {Data: []byte(long)},
	})
	if err != nil || len(got) != 2 || !strings.HasPrefix(got[0], "node/long.go: 601 lines") || !strings.HasPrefix(got[1], "node/sly.go") {
		t.Errorf("want node/long.go and node/sly.go, got %q, %v", got, err)
	}
}
