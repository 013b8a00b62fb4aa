package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/posnet/posnet/hack/archtest"
)

// code is the declarations of a package folder, those of tests apart.
type code struct {
	exported []string            // functions and methods, Type.Method
	names    map[string]bool     // all functions, methods and types
	uses     map[string][]string // by function, variable or type, of tests too: the names it mentions
	targets  []string            // fuzz targets
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name + "."
	}
	return ""
}

// mentioned lists the identifiers in a node.
func mentioned(n ast.Node) []string {
	var out []string
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			out = append(out, id.Name)
		}
		return true
	})
	return out
}

func readCode(t *testing.T, root string) map[string]*code {
	t.Helper()
	all := map[string]*code{}
	for _, top := range []string{"node", "api", "controllers/chainclient", "cmd/posnet"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") {
				return err
			}
			src, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, filepath.Dir(name))
			if err != nil {
				return err
			}
			pkg := filepath.ToSlash(rel)
			if all[pkg] == nil {
				all[pkg] = &code{names: map[string]bool{}, uses: map[string][]string{}}
			}
			all[pkg].add(file, strings.HasSuffix(name, "_test.go"))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func (c *code) add(file *ast.File, test bool) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			c.uses[d.Name.Name] = append(c.uses[d.Name.Name], mentioned(d)...)
			if test {
				if strings.HasPrefix(d.Name.Name, "Fuzz") {
					c.targets = append(c.targets, d.Name.Name)
				}
				continue
			}
			full := receiver(d) + d.Name.Name
			c.names[full] = true
			if d.Name.IsExported() {
				c.exported = append(c.exported, full)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					c.uses[s.Name.Name] = append(c.uses[s.Name.Name], mentioned(s)...)
					c.names[s.Name.Name] = c.names[s.Name.Name] || !test
				case *ast.ValueSpec:
					for _, n := range s.Names {
						c.uses[n.Name] = append(c.uses[n.Name], mentioned(s)...)
					}
				}
			}
		}
	}
}

// reach is everything that a fuzz target mentions, directly or through what is
// declared beside it.
func (c *code) reach(target string) map[string]bool {
	seen := map[string]bool{}
	for todo := []string{target}; len(todo) > 0; {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[name] {
			continue
		}
		seen[name] = true
		todo = append(todo, c.uses[name]...)
	}
	return seen
}

func split(full string) (pkg, name string) {
	dir, base := path.Split(full)
	pkg, name, _ = strings.Cut(base, ".")
	return dir + pkg, name
}

func TestEveryDecoderIsFuzzed(t *testing.T) {
	t.Parallel()
	all := readCode(t, moduleRoot(t))
	listed := map[string]bool{}
	fuzzed := map[string]bool{}
	for _, d := range archtest.Decoders {
		if listed[d.Func] {
			t.Errorf("%s is listed twice", d.Func)
		}
		listed[d.Func], fuzzed[d.Fuzz] = true, true
		pkg, name := split(d.Func)
		if all[pkg] == nil || !all[pkg].names[name] {
			t.Errorf("%s is listed as a decoder and does not exist; take it from the list", d.Func)
			continue
		}
		where, target := split(d.Fuzz)
		if all[where] == nil || !slices.Contains(all[where].targets, target) {
			t.Errorf("%s is said to be fuzzed by %s, which does not exist", d.Func, d.Fuzz)
			continue
		}
		// A method may be called by a library that knows its type only.
		kind, method, isMethod := strings.Cut(name, ".")
		if reached := all[where].reach(target); !reached[kind] && !(isMethod && reached[method]) {
			t.Errorf("%s does not reach %s, which it is said to fuzz", d.Fuzz, d.Func)
		}
	}
	found := 0
	for pkg, c := range all {
		for _, name := range c.exported {
			last := name[strings.LastIndex(name, ".")+1:]
			if !slices.ContainsFunc([]string{"Decode", "Parse", "Unmarshal", "Read"}, func(p string) bool { return strings.HasPrefix(last, p) }) {
				continue
			}
			if last == "Read" || last == "ReadAt" {
				continue // io.Reader and io.ReaderAt: they pass bytes on
			}
			found++
			full := pkg + "." + name
			if !listed[full] && archtest.NoDecoders[full] == "" {
				t.Errorf("%s reads bytes and is not in archtest.Decoders: name its fuzz target there, or say in NoDecoders why it has none", full)
			}
		}
		for _, target := range c.targets {
			if full := pkg + "." + target; !fuzzed[full] && archtest.Properties[full] == "" {
				t.Errorf("%s fuzzes nothing of archtest.Decoders: list what it is for there, or in Properties", full)
			}
		}
	}
	if found < 25 {
		t.Errorf("only %d decoders were found: the test looks at nothing", found)
	}
	for full := range archtest.NoDecoders {
		if pkg, name := split(full); all[pkg] == nil || !all[pkg].names[name] {
			t.Errorf("%s is excused and does not exist", full)
		}
	}
}
