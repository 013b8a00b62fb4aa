package archtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"

	"github.com/posnet/posnet/hack/archtest"
)

func TestTheTreeFollowsItsDesign(t *testing.T) {
	t.Parallel()
	root := moduleRoot(t)
	pkgs := list(t, root)
	if len(pkgs) < 10 {
		t.Fatalf("go list found %d packages: the checks would look at nothing", len(pkgs))
	}
	report(t, archtest.CheckArrows(pkgs, archtest.Table))
	report(t, archtest.CheckForm(pkgs))
	sizes, err := archtest.CheckSizes(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	report(t, sizes)
}

func TestPurePackagesOnlyCompute(t *testing.T) {
	t.Parallel()
	root := moduleRoot(t)
	var pure []string
	for _, p := range list(t, root) {
		if archtest.Table[strings.TrimPrefix(p.ImportPath, archtest.Module+"/")].Pure {
			pure = append(pure, p.ImportPath)
		}
	}
	if len(pure) == 0 {
		t.Fatal("no pure package was found")
	}
	loaded, err := packages.Load(&packages.Config{
		Dir: root,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo |
			packages.NeedImports | packages.NeedExportFile,
	}, pure...)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range loaded {
		for _, e := range p.Errors {
			t.Errorf("%s does not compile: %v", p.PkgPath, e)
		}
		rule := archtest.Table[strings.TrimPrefix(p.PkgPath, archtest.Module+"/")]
		report(t, archtest.CheckPure(p.Fset, p.Syntax, p.TypesInfo, rule))
	}
}

func report(t *testing.T, wrong []string) {
	t.Helper()
	for _, line := range wrong {
		t.Error(line)
	}
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// list asks the go command for all packages of the module.
func list(t *testing.T, root string) []archtest.Package {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Name,Doc,Dir,GoFiles,Imports,Deps,Standard", "./...")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []archtest.Package
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p archtest.Package
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		if err != nil {
			t.Fatalf("read go list: %v", err)
		}
		pkgs = append(pkgs, p)
	}
}
