package preflight

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/posnet/posnet/hack/localkube/internal/cgroup"
)

func good() Facts {
	return Facts{OS: "linux", UID: 0, Caps: ^uint64(0), Apt: true, Go: "/usr/local/go/bin/go", Build: true,
		CacheFree: 100 * gib, StateFree: 100 * gib, Memory: 8 * gib}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Facts)
		want   string // in the error; none if empty
	}{
		"a good machine passes":                       {func(*Facts) {}, ""},
		"missing packages pass where apt-get is":      {func(f *Facts) { f.Packages = []string{"runc"} }, ""},
		"no compiler passes when all is built":        {func(f *Facts) { f.Build, f.Go, f.CacheFree = false, "", 0 }, ""},
		"another system is sent to kind":              {func(f *Facts) { f.OS = "darwin" }, "CLUSTER=kind"},
		"an ordinary user is sent to sudo":            {func(f *Facts) { f.UID = 1000 }, "sudo"},
		"root without its capabilities is told which": {func(f *Facts) { f.Caps = 1 << 12 }, "CAP_SYS_ADMIN"},
		"a machine without cgroups is told":           {func(f *Facts) { f.CgroupErr = cgroup.ErrNone }, "/sys/fs/cgroup"},
		"no compiler is told where to get one":        {func(f *Facts) { f.Go = "" }, "https://go.dev/dl"},
		"a full cache disk is told how much it lacks": {func(f *Facts) { f.CacheFree = gib }, "8 GiB"},
		"a full state disk is told how much it lacks": {func(f *Facts) { f.StateFree = gib }, "2 GiB below /var/lib"},
		"little memory is told":                       {func(f *Facts) { f.Memory = gib }, "1.5 GiB of memory"},
		"a network that takes all blocks is told them": {func(f *Facts) {
			f.Taken = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12")}
		}, "10.213.0.0/16"},
		"missing packages without apt-get are listed": {func(f *Facts) { f.Packages, f.Apt = []string{"containerd", "runc"}, false }, "containerd, runc"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := good()
			c.change(&f)
			err := Judge(f)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than one line: %q", err)
			}
		})
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	got := routes("Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n" +
		"eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" +
		"eth0\t0000D50A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n")
	want := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("10.213.0.0/16")}
	if !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
}

func TestKernelTexts(t *testing.T) {
	t.Parallel()
	if got := capabilities("Name:\tx\nCapEff:\t000001fffeffffff\n"); got != 0x1fffeffffff {
		t.Errorf("capabilities %x", got)
	}
	if got := available("MemTotal: 9 kB\nMemAvailable:    2048 kB\n"); got != 2<<20 {
		t.Errorf("memory %d", got)
	}
}
