package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Package is what the checks need to know of one package; the fields are go list's.
type Package struct {
	ImportPath string
	Name       string
	Doc        string
	Dir        string
	GoFiles    []string
	Imports    []string
	Deps       []string
	Standard   bool
}

// CheckArrows returns what in these packages goes against the table, one line each.
func CheckArrows(pkgs []Package, table map[string]Rule) []string {
	var wrong []string
	for _, p := range pkgs {
		if len(p.GoFiles) == 0 {
			continue // tests only
		}
		name := strings.TrimPrefix(p.ImportPath, Module+"/")
		rule, ok := ruleOf(name, table)
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s: not in the table of hack/archtest/table.go; decide what it may import and add it", name))
			continue
		}
		wrong = append(wrong, checkDirect(name, p, rule)...)
		for _, dep := range p.Deps {
			if hasPrefix(rule.Never, dep) {
				wrong = append(wrong, fmt.Sprintf("%s: must never reach %s", name, dep))
			}
		}
	}
	return wrong
}

func checkDirect(name string, p Package, rule Rule) []string {
	var wrong []string
	for _, imp := range p.Imports {
		ours, inside := strings.CutPrefix(imp, Module+"/")
		switch {
		case inside && !covered(ours, rule.May):
			wrong = append(wrong, fmt.Sprintf("%s: may not import %s", name, ours))
		case !inside && len(rule.Only) > 0 && !isStandard(imp) && !hasPrefix(rule.Only, imp):
			wrong = append(wrong, fmt.Sprintf("%s: may not import %s; outside the module only %s", name, imp, strings.Join(rule.Only, ", ")))
		case !inside && rule.Pure && !listed(pureImports, imp):
			wrong = append(wrong, fmt.Sprintf("%s: is pure and may not import %s; see pureImports", name, imp))
		}
	}
	return wrong
}

// ruleOf finds the rule of a package: its own, or that of the nearest ancestor whose key ends in "/...".
func ruleOf(name string, table map[string]Rule) (Rule, bool) {
	if r, ok := table[name]; ok {
		return r, true
	}
	for parent := path.Dir(name); parent != "."; parent = path.Dir(parent) {
		if r, ok := table[parent+"/..."]; ok {
			r.May = append(slices.Clone(r.May), parent+"/...")
			return r, true
		}
	}
	return Rule{}, false
}

// covered tells whether a package is in a list whose entries may end in "...".
func covered(name string, list []string) bool {
	return slices.ContainsFunc(list, func(entry string) bool {
		if entry == "..." {
			return true
		}
		if below, ok := strings.CutSuffix(entry, "/..."); ok {
			return name == below || strings.HasPrefix(name, below+"/")
		}
		return name == entry
	})
}

func listed(list []string, imp string) bool {
	return slices.ContainsFunc(list, func(entry string) bool {
		return imp == entry || strings.HasSuffix(entry, "/") && strings.HasPrefix(imp, entry)
	})
}

// hasPrefix compares whole path elements unless the prefix ends in a slash: "k8s.io/api" is not "k8s.io/apimachinery".
func hasPrefix(prefixes []string, imp string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool {
		return imp == p || strings.HasPrefix(imp, strings.TrimSuffix(p, "/")+"/")
	})
}

// isStandard knows the standard library by its paths having no dot in the first element.
func isStandard(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return !strings.Contains(first, ".")
}
