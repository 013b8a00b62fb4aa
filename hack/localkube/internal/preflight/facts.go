// Package preflight finds out, before anything is changed, whether a cluster can run here, and if not says in one line what to do.
//
// It is in two halves: Gather looks at the machine, Judge (which only computes) decides. Each refusal names the thing to change.
package preflight

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/posnet/posnet/hack/localkube/internal/cgroup"
)

// Facts is what is true of a machine.
type Facts struct {
	OS        string
	UID       int
	Caps      uint64         // effective capabilities, one bit each
	Apt       bool           // packages can be installed
	Packages  []string       // Debian packages whose programs are missing, sorted
	CgroupErr error          // why control groups cannot be used
	Taken     []netip.Prefix // addresses in use
	Go        string         // path of the Go compiler, if there is one
	Build     bool           // binaries have to be compiled
	CacheFree int64          // bytes, where they are compiled
	StateFree int64          // bytes, where the cluster keeps its state
	Memory    int64          // bytes available
}

// programs maps a program the cluster needs to the Debian package that brings it.
var programs = map[string]string{
	"containerd":              "containerd",
	"ctr":                     "containerd",
	"containerd-shim-runc-v2": "containerd",
	"runc":                    "runc",
	"iptables":                "iptables",
	"conntrack":               "conntrack",
	"ip":                      "iproute2",
	"mount":                   "mount",
}

// cniDirs are where distributions put the CNI plugins.
var cniDirs = []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"}

// Gather looks at this machine. state and cache are where the cluster's state and its binaries go; build says whether the
// binaries have to be compiled.
func Gather(state, cache string, build bool) Facts {
	f := Facts{
		OS:        runtime.GOOS,
		UID:       os.Geteuid(),
		Caps:      capabilities(read("/proc/self/status")),
		Build:     build,
		Taken:     taken(),
		CacheFree: free(cache),
		StateFree: free(state),
		Memory:    available(read("/proc/meminfo")),
		Packages:  missing(),
	}
	f.Go, _ = exec.LookPath("go")
	_, err := exec.LookPath("apt-get")
	f.Apt = err == nil
	_, f.CgroupErr = cgroup.Detect()
	return f
}

// CNIBin is the directory of the installed CNI plugins, empty if there is none with all the cluster uses.
func CNIBin() string {
	for _, dir := range cniDirs {
		complete := true
		for _, plugin := range []string{"ptp", "host-local", "portmap", "loopback"} {
			if _, err := os.Stat(filepath.Join(dir, plugin)); err != nil {
				complete = false
			}
		}
		if complete {
			return dir
		}
	}
	return ""
}

// Find returns the path of a program, looking also where the PATH of an ordinary user does not.
func Find(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("program %s is not installed", program)
}

func read(path string) string {
	data, _ := os.ReadFile(path)
	return string(data)
}

// field returns the first word after "name:" at the start of a line.
func field(text, name string) string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			if words := strings.Fields(rest); len(words) > 0 {
				return words[0]
			}
		}
	}
	return ""
}

func capabilities(status string) uint64 {
	caps, _ := strconv.ParseUint(field(status, "CapEff"), 16, 64)
	return caps
}

func available(meminfo string) int64 {
	kib, _ := strconv.ParseInt(field(meminfo, "MemAvailable"), 10, 64)
	return kib << 10
}

// free is the space for files at path, or at the nearest directory above it that exists.
func free(path string) int64 {
	for ; ; path = filepath.Dir(path) {
		var fs unix.Statfs_t
		if unix.Statfs(path, &fs) == nil {
			return int64(fs.Bavail) * fs.Bsize
		}
		if path == filepath.Dir(path) {
			return 0
		}
	}
}

// taken lists what this machine has addresses in, routes to, and asks for names.
func taken() []netip.Prefix {
	prefixes := routes(read("/proc/net/route"))
	for line := range strings.Lines(read("/etc/resolv.conf")) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "nameserver" {
			if addr, err := netip.ParseAddr(words[1]); err == nil {
				prefixes = append(prefixes, netip.PrefixFrom(addr, addr.BitLen()))
			}
		}
	}
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			prefixes = append(prefixes, p.Masked())
		}
	}
	return prefixes
}

// routes reads /proc/net/route, whose addresses are hexadecimal and the wrong way round.
func routes(table string) []netip.Prefix {
	var prefixes []netip.Prefix
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		if len(words) < 8 {
			continue
		}
		dst, err1 := strconv.ParseUint(words[1], 16, 32)
		mask, err2 := strconv.ParseUint(words[7], 16, 32)
		if err1 != nil || err2 != nil {
			continue // the heading
		}
		bits := 0
		for m := mask; m != 0; m &= m - 1 {
			bits++
		}
		addr := netip.AddrFrom4([4]byte{byte(dst), byte(dst >> 8), byte(dst >> 16), byte(dst >> 24)})
		prefixes = append(prefixes, netip.PrefixFrom(addr, bits))
	}
	return prefixes
}
