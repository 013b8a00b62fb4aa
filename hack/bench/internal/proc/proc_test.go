package proc

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStatOfAProgramWithAnOddName(t *testing.T) {
	t.Parallel()
	line := "42 (a) (b) c) S 7 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 9 0 12345 1000000 77 18446744073709551615 1 1 0"
	s, err := parseStat([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	if want := (stat{state: 'S', parent: 7, cpu: 3, began: 12345, rss: 77}); s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("1 (x) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 1 1 1"))
	f.Add([]byte("1 (x) S"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := parseStat(b); err == nil && s.cpu < 0 {
			t.Errorf("negative time from %q", b)
		}
	})
}

func TestSeries(t *testing.T) {
	t.Parallel()
	at := func(s float64) time.Time { return time.Unix(0, int64(s*1e9)) }
	series := Series{{at(0), 10, 100}, {at(1), 12, 300}, {at(3), 12, 200}, {at(4), 20, 50}}
	for _, c := range []struct {
		from, to, cpu, most, mean float64
	}{
		{0, 4, 10, 300, 162.5},
		{0.5, 3.5, 5, 300, 250}, // half of 2, and half of 8
		{-5, 99, 10, 300, 162.5},
		{4, 4, 0, 50, 50},
		{1.2, 1.3, 0, 0, 0}, // between two looks
	} {
		if got := series.CPU(at(c.from), at(c.to)); got != c.cpu {
			t.Errorf("from %v to %v: %v s of CPU, want %v", c.from, c.to, got, c.cpu)
		}
		if most, mean := series.Memory(at(c.from), at(c.to)); most != c.most || mean != c.mean {
			t.Errorf("from %v to %v: memory %v and %v, want %v and %v", c.from, c.to, most, mean, c.most, c.mean)
		}
	}
	if got := (Series{}).CPU(at(0), at(1)); got != 0 {
		t.Errorf("an empty series took %v s", got)
	}
}

// sleeper starts a process that would outlive the test.
func sleeper(t *testing.T, dir string) (p *Process, exe string) {
	t.Helper()
	exe, err := exec.LookPath("sleep")
	if err == nil {
		exe, err = filepath.EvalSymlinks(exe)
	}
	if err != nil {
		t.Skip("no sleep(1) here: ", err)
	}
	args := []string{"600"}
	if filepath.Base(exe) != "sleep" { // one binary of many tools
		args = append([]string{"sleep"}, args...)
	}
	if p, err = Start(dir, "sleeper", exe, args...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop() })
	return p, exe
}

func TestCleanEndsWhatAnEarlierRunLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, _ := sleeper(t, dir)
	n, err := Clean(dir)
	if err != nil || n != 1 {
		t.Fatalf("ended %d processes (%v), want 1", n, err)
	}
	<-p.Ended()
	if left, _ := filepath.Glob(filepath.Join(dir, "*.pid")); len(left) > 0 {
		t.Errorf("records %v are left", left)
	}
}

func TestCleanSparesAStrangerWithTheSameID(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(string) string{
		"another executable": func(r string) string { return strings.Replace(r, `"exe":"/`, `"exe":"/else`, 1) },
		"began later":        func(r string) string { return strings.Replace(r, `"began":`, `"began":1`, 1) },
		"a torn record":      func(r string) string { return r[:len(r)/2] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p, _ := sleeper(t, dir)
			file := filepath.Join(dir, strconv.Itoa(p.PID())+".pid")
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			forged := forge(string(b))
			if forged == string(b) {
				t.Fatalf("nothing was changed in %s", b)
			}
			if err := os.WriteFile(file, []byte(forged), 0o600); err != nil {
				t.Fatal(err)
			}
			if n, err := Clean(dir); err != nil || n != 0 {
				t.Fatalf("ended %d processes (%v), want none", n, err)
			}
			if s, err := readStat(p.PID()); err != nil || s.state == 'Z' {
				t.Errorf("the stranger was ended (%v)", err)
			}
		})
	}
}

func TestStopEndsItAndForgetsIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, _ := sleeper(t, dir)
	own, err := Children(os.Getpid())
	if err != nil || !contains(own, p.PID()) {
		t.Errorf("children %v (%v), want %d among them", own, err, p.PID())
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.pid")); len(left) > 0 {
		t.Errorf("records %v are left", left)
	}
}

func contains(pids []int, pid int) bool {
	for _, p := range pids {
		if p == pid {
			return true
		}
	}
	return false
}

func TestDiskUsageCountsWhatIsOccupied(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before, err := DiskUsage(dir)
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, 1<<20)
	_, _ = rand.Read(content) // some file systems do not store zeros
	f, err := os.Create(filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
	after, err := DiskUsage(dir)
	if err != nil {
		t.Fatal(err)
	}
	if grew := after - before; grew < 1<<20 || grew > 1<<20+64<<10 {
		t.Errorf("a file of 1 MiB occupies %d bytes", grew)
	}
	if _, err := DiskUsage(filepath.Join(dir, "none")); err != nil {
		t.Errorf("a directory that is gone is an error: %v", err)
	}
}

func TestOneBenchmarkAtATime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("the second lock: %v, want an error that names the directory", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := Lock(dir)
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	_ = second.Close()
}

func TestCPUModel(t *testing.T) {
	t.Parallel()
	if got := cpuModel("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: other\n"); got != "Some CPU @ 2 GHz" {
		t.Errorf("%q", got)
	}
	if got := cpuModel(""); got != "unknown processor" {
		t.Errorf("%q", got)
	}
}

func TestAFileSystemInMemoryIsRefused(t *testing.T) {
	t.Parallel()
	var s syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &s); err != nil || s.Type != 0x01021994 {
		t.Skip("no file system in memory at /dev/shm here")
	}
	if name, err := Filesystem("/dev/shm"); err == nil || !strings.Contains(err.Error(), "--dir") {
		t.Errorf("/dev/shm is taken as %q (%v), want an error that says what to do", name, err)
	}
}

func TestOutputIsWhatTheProgramWroteAndItsFailureIsItsLastLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here: ", err)
	}
	out, err := Output(t.Context(), dir, "good", sh, "-c", "echo result; echo talk >&2")
	if err != nil || string(out) != "result\n" {
		t.Errorf("%q (%v), want the result alone", out, err)
	}
	if _, err := Output(t.Context(), dir, "bad", sh, "-c", "echo first >&2; echo the reason >&2; exit 3"); err == nil || !strings.HasSuffix(err.Error(), "exit status 3): the reason") {
		t.Errorf("%v, want the status and the last line", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if _, err := Output(ctx, dir, "long", sh, "-c", "exec sleep 600"); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("%v, want the cause", err)
	}
}
