package cleanup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/posnet/posnet/hack/localkube/internal/layout"
)

func TestPlanEndsProcessesBeforeMountsAndDeletesLast(t *testing.T) {
	t.Parallel()
	got := Plan(Found{
		Supervisor: 10,
		Processes:  []int{4, 12},
		Mounts:     []string{"/s/kubelet", "/s/kubelet/pods/a"},
		Links:      []string{"link"},
		Groups:     []string{"/cg/k/pod", "/cg/k"},
		Made:       []string{"/var/lib/kubelet"},
		Dirs:       []string{"/s", "/r"},
	})
	want := "[{end 10 } {end 4 } {end 12 } {unmount 0 /s/kubelet/pods/a} {unmount 0 /s/kubelet} {unlink 0 link}" +
		" {ungroup 0 /cg/k/pod} {ungroup 0 /cg/k} {rmdir 0 /var/lib/kubelet} {delete 0 /s} {delete 0 /r}]"
	if fmt.Sprint(got) != want {
		t.Fatalf("plan\n%v\nwant\n%v", got, want)
	}
	if steps := Plan(Found{}); len(steps) != 0 {
		t.Fatalf("a clean machine needs %v", steps)
	}
}

func TestMountsUnder(t *testing.T) {
	t.Parallel()
	const info = `22 1 8:1 / / rw - ext4 /dev/sda rw
30 22 0:5 / /state/a rw - tmpfs tmpfs rw
31 30 0:6 / /state/a/b\040c rw - tmpfs tmpfs rw
32 22 0:7 / /state-of-another rw - tmpfs tmpfs rw
33 22 0:8 / /run/x rw - tmpfs tmpfs rw
`
	got := mountsUnder(info, "/state", "/run/x")
	if want := []string{"/state/a", "/state/a/b c", "/run/x"}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
}

func TestOnlyDirectoriesThatWereMissingAreMadeAndNoted(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	l := layout.Layout{State: filepath.Join(root, "state"), Run: filepath.Join(root, "run")}
	there, missing := filepath.Join(root, "there"), filepath.Join(root, "missing")
	for _, dir := range []string{l.State, there} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := MakeDirs(l, []string{there, missing}); err != nil {
		t.Fatal(err)
	}
	if got := madeDirs(l); !slices.Equal(got, []string{missing}) {
		t.Fatalf("noted %q, want only %s", got, missing)
	}
	// A directory that got an owner in the meantime stays.
	if err := os.WriteFile(filepath.Join(missing, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := do(Step{Kind: Rmdir, Target: missing}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(missing); err != nil {
		t.Fatal("a directory in use was removed")
	}
}

func TestWhatIsLeftIsNamed(t *testing.T) {
	t.Parallel()
	f := Found{Links: []string{"posnet-host"}, Dirs: []string{"/s"}}
	if f.Nothing() || f.String() != "directory /s, link posnet-host" {
		t.Fatalf("nothing=%v, %q", f.Nothing(), f.String())
	}
	if !(Found{}).Nothing() {
		t.Fatal("an empty machine is not taken for clean")
	}
}
