package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// orderless is the comment that vouches for a map range; a reason must follow.
const orderless = "//arch:orderless "

// CheckPure returns what in the syntax of a pure package goes against purity, one line each, with its place.
func CheckPure(fset *token.FileSet, files []*ast.File, info *types.Info, rule Rule) []string {
	c := &purity{fset: fset, info: info, rule: rule}
	for _, f := range files {
		c.vouched = vouchedLines(fset, f)
		c.ordered = map[ast.Expr]bool{}
		ast.Inspect(f, c.visit)
	}
	return c.wrong
}

type purity struct {
	fset    *token.FileSet
	info    *types.Info
	rule    Rule
	vouched map[int]bool      // lines on which a map range is vouched for
	ordered map[ast.Expr]bool // calls of maps.Keys and the like that are sorted at once
	wrong   []string
}

func (c *purity) report(n ast.Node, what string) {
	c.wrong = append(c.wrong, fmt.Sprintf("%s: %s", c.fset.Position(n.Pos()), what))
}

func (c *purity) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		c.report(n, "a goroutine in a pure package")
	case *ast.SelectStmt:
		c.report(n, "select in a pure package")
	case *ast.ChanType:
		c.report(n, "a channel in a pure package")
	case *ast.SendStmt:
		c.report(n, "a send on a channel in a pure package")
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			c.report(n, "a receive from a channel in a pure package")
		}
	case *ast.RangeStmt:
		c.visitRange(n)
	case *ast.CallExpr:
		c.visitCall(n)
	}
	if e, ok := n.(ast.Expr); ok && c.rule.Integers {
		c.visitNumber(e)
	}
	return true
}

func (c *purity) visitRange(n *ast.RangeStmt) {
	t := c.info.TypeOf(n.X)
	if t == nil {
		return
	}
	switch t.Underlying().(type) {
	case *types.Map:
		if !c.vouched[c.fset.Position(n.Pos()).Line] && !c.copies(n) {
			c.report(n, "ranges over a map in a pure package; sort the keys first, or say why the order cannot matter: "+orderless+"…")
		}
	case *types.Chan:
		c.report(n, "ranges over a channel in a pure package")
	}
}

// copies recognises the one loop over a map that is plainly orderless: each entry goes into another map under its own key,
// which at most a conversion changes, and nothing is called.
//
//	for k, v := range from { to[Name(k)] = v }
func (c *purity) copies(n *ast.RangeStmt) bool {
	key, ok := n.Key.(*ast.Ident)
	if !ok || len(n.Body.List) != 1 {
		return false
	}
	assign, ok := n.Body.List[0].(*ast.AssignStmt)
	if !ok || assign.Tok != token.ASSIGN || len(assign.Lhs) != 1 || len(assign.Rhs) != 1 || c.calls(assign.Rhs[0]) {
		return false
	}
	to, ok := assign.Lhs[0].(*ast.IndexExpr)
	if !ok {
		return false
	}
	if t := c.info.TypeOf(to.X); t == nil {
		return false
	} else if _, isMap := t.Underlying().(*types.Map); !isMap {
		return false
	}
	index := to.Index
	if conv, ok := index.(*ast.CallExpr); ok && c.info.Types[conv.Fun].IsType() && len(conv.Args) == 1 {
		from, into := c.info.TypeOf(conv.Args[0]), c.info.TypeOf(conv)
		if !types.Identical(from.Underlying(), into.Underlying()) {
			return false // int64 to int8 could make two keys one
		}
		index = conv.Args[0]
	}
	ident, ok := index.(*ast.Ident)
	return ok && c.info.ObjectOf(ident) == c.info.ObjectOf(key)
}

// calls tells whether anything but a conversion is called in an expression.
func (c *purity) calls(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && !c.info.Types[call.Fun].IsType() {
			found = true
		}
		return !found
	})
	return found
}

// visitCall finds calls of functions that are not pure, and iterators over maps that are not sorted on the spot.
func (c *purity) visitCall(n *ast.CallExpr) {
	pkg, name := c.callee(n.Fun)
	if pkg == "slices" && strings.HasPrefix(name, "Sorted") && len(n.Args) > 0 {
		c.ordered[n.Args[0]] = true
	}
	if pkg == "maps" && (name == "Keys" || name == "Values" || name == "All") && !c.ordered[n] &&
		!c.vouched[c.fset.Position(n.Pos()).Line] {
		c.report(n, "maps."+name+" in a pure package without slices.Sorted around it")
	}
	for _, begin := range impureFunctions[pkg] {
		if strings.HasPrefix(name, begin) {
			c.report(n, fmt.Sprintf("calls %s.%s in a pure package", pkg, name))
		}
	}
}

// callee is the package path and name of a called function; both empty for a method, a local function or a conversion.
func (c *purity) callee(fun ast.Expr) (pkg, name string) {
	switch f := fun.(type) {
	case *ast.IndexExpr: // an instance of a generic function
		return c.callee(f.X)
	case *ast.SelectorExpr:
		fn, ok := c.info.Uses[f.Sel].(*types.Func)
		if !ok || fn.Pkg() == nil || fn.Signature().Recv() != nil {
			return "", ""
		}
		return fn.Pkg().Path(), fn.Name()
	default:
		return "", ""
	}
}

func (c *purity) visitNumber(e ast.Expr) {
	tv, ok := c.info.Types[e]
	if !ok || tv.Type == nil {
		return
	}
	b, ok := tv.Type.Underlying().(*types.Basic)
	if !ok || b.Info()&(types.IsFloat|types.IsComplex) == 0 {
		return
	}
	switch e.(type) {
	case *ast.BasicLit, *ast.Ident, *ast.CallExpr, *ast.SelectorExpr: // once per float, not once per expression around it
		c.report(e, "floating point in a package that decides with integers")
	}
}

// vouchedLines are the lines just below an orderless comment that gives a reason.
func vouchedLines(fset *token.FileSet, f *ast.File) map[int]bool {
	lines := map[int]bool{}
	for _, group := range f.Comments {
		for _, comment := range group.List {
			if why, ok := strings.CutPrefix(comment.Text, orderless); ok && strings.TrimSpace(why) != "" {
				lines[fset.Position(comment.End()).Line+1] = true
			}
		}
	}
	return lines
}
