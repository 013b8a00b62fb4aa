package proc

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAProcessIsKnownByPIDAndStartTime(t *testing.T) {
	t.Parallel()
	self, err := Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if !self.Alive() {
		t.Error("this process is taken for dead")
	}
	other := ID{PID: self.PID, Start: self.Start + 1}
	if other.Alive() {
		t.Error("a process that started at another time is taken for this one")
	}
	if Memory(self.PID) < 1<<20 {
		t.Errorf("a Go process of %d bytes is not believable", Memory(self.PID))
	}
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	const tail = " 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 1000 200"
	for name, c := range map[string]struct {
		stat, state string
		start       uint64
		bad         bool
	}{
		"a plain name":                  {"7 (etcd) S" + tail, "S", 4242, false},
		"a name with blanks and ')'":    {"7 (a) Z b) R" + tail, "R", 4242, false},
		"a zombie":                      {"7 (etcd) Z" + tail, "Z", 4242, false},
		"a record cut short is refused": {"7 (etcd) S 1 2 3", "", 0, true},
		"an empty record is refused":    {"", "", 0, true},
	} {
		state, start, err := parseStat(c.stat)
		if (err != nil) != c.bad || state != c.state || start != c.start {
			t.Errorf("%s: %q %d %v, want %q %d", name, state, start, err, c.state, c.start)
		}
	}
}

func TestARecordSurvivesASaveAndALoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "processes.json")
	if r, err := Load(path); err != nil || len(r.Servers) != 0 {
		t.Fatalf("a missing record gives %+v, %v; want an empty one", r, err)
	}
	want := Record{Supervisor: ID{1, 2}, Servers: []Entry{{ID: ID{3, 4}, Name: "etcd", Restarts: 1}}}
	if err := want.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil || got.Supervisor != want.Supervisor || len(got.Servers) != 1 || got.Servers[0] != want.Servers[0] {
		t.Fatalf("loaded %+v, %v; want %+v", got, err, want)
	}
	if err := os.WriteFile(path, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil {
		t.Fatal("a damaged record was believed")
	}
}
