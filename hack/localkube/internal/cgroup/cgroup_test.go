package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const hybrid = `35 28 0:30 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
36 35 0:31 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
37 35 0:32 / /sys/fs/cgroup/pids rw,relatime shared:7 - cgroup cgroup rw,pids
38 35 0:33 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
39 35 0:34 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`

const unified = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, mounts, mode, tracking string
		err                          error
	}{
		{"a hybrid machine tracks by the pids tree", hybrid, "hybrid", "/sys/fs/cgroup/pids", nil},
		{"a v2 machine tracks by its only tree", unified, "v2", "/sys/fs/cgroup", nil},
		{"a v1 machine without pids tracks by cpu", "36 35 0:31 / /cg/cpu rw - cgroup cgroup rw,cpu\n", "v1", "/cg/cpu", nil},
		{"a machine without cgroups is told so", "22 1 8:1 / / rw - ext4 /dev/sda rw\n", "", "", ErrNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			trees, err := Parse(c.mounts)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err != nil {
				return
			}
			if got := trees.Mode(); got != c.mode {
				t.Errorf("mode %q, want %q", got, c.mode)
			}
			if got := trees.Tracking().Path; got != c.tracking {
				t.Errorf("tracking tree %q, want %q", got, c.tracking)
			}
		})
	}
	trees, _ := Parse(hybrid)
	if got := trees[2].Controllers; !slices.Equal(got, []string{"name=systemd"}) {
		t.Errorf("controllers of the named tree %q", got)
	}
}

func TestProcessesAndGroupsAreFoundAtEveryDepth(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	trees := Trees{{Path: root, Controllers: []string{"pids"}}}
	for dir, procs := range map[string]string{"g": "", "g/servers": "30\n7\n", "g/kubepods/pod1/c1": "12\n7\n", "other": "99\n"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, dir, "cgroup.procs"), []byte(procs), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := trees.Processes("g"); !slices.Equal(got, []int{7, 12, 30}) {
		t.Errorf("processes %v, want 7, 12 and 30 and not the other group's", got)
	}
	groups := trees.Groups("g")
	if len(groups) != 5 || groups[len(groups)-1] != filepath.Join(root, "g") {
		t.Errorf("groups %q, want five with the parent last", groups)
	}
	if got := trees.Groups("absent"); len(got) != 0 {
		t.Errorf("an absent group has directories %q", got)
	}
}
