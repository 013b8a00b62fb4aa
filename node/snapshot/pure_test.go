package snapshot

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestTheEngineKnowsNoClockAndNoGoroutine reads every file but that of the driver and that of the side that is asked: what decides must run the same in a
// simulator.
func TestTheEngineKnowsNoClockAndNoGoroutine(t *testing.T) {
	t.Parallel()
	driver := []string{"joiner.go", "source.go"}
	imports := []string{`"bytes"`, `"cmp"`, `"errors"`, `"fmt"`, `"maps"`, `"math"`, `"slices"`, `"time"`}
	ofTime := []string{"Duration", "Minute", "Second", "Millisecond"}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") || slices.Contains(driver, f.Name()) {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			if !slices.Contains(imports, i.Path.Value) && !strings.HasPrefix(i.Path.Value, `"github.com/posnet/posnet/node/`) {
				t.Errorf("%s: import of %s", set.Position(i.Pos()), i.Path.Value)
			}
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			what := ""
			switch n := n.(type) {
			case *ast.GoStmt:
				what = "a goroutine"
			case *ast.SelectStmt, *ast.ChanType, *ast.SendStmt:
				what = "a channel"
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && !slices.Contains(ofTime, n.Sel.Name) {
					what = "time." + n.Sel.Name
				}
			}
			if what != "" {
				t.Errorf("%s: %s", set.Position(n.Pos()), what)
			}
			return true
		})
	}
}
