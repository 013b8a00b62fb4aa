//go:build smoke

// Package smoke starts a real cluster, uses what posnet needs of one, breaks it, ends it, and looks for what is left.
//
// It needs root on Debian and the machine's cluster to be down: go test -tags smoke -count=1 -timeout 40m -v ./smoke
package smoke

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/posnet/posnet/hack/localkube/internal/cleanup"
	"github.com/posnet/posnet/hack/localkube/internal/cluster"
	"github.com/posnet/posnet/hack/localkube/internal/layout"
)

type world struct {
	t      *testing.T
	tool   string // localkube
	repo   string
	layout layout.Layout
	binary string // the agent, on this machine
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("the smoke test needs root")
	}
	source, repo, err := cluster.FindSource(".")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, tool: filepath.Join(t.TempDir(), "localkube"), repo: repo, layout: layout.New(repo)}
	w.run(w.command(source, "go", "build", "-o", w.tool, "./cmd/localkube"))
	return w
}

func (w *world) command(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(w.t.Context(), program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "KUBECONFIG="+w.layout.Kubeconfig())
	return cmd
}

// run runs a command that must succeed and returns all it wrote.
func (w *world) run(cmd *exec.Cmd) string {
	w.t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return strings.TrimSpace(string(out))
}

// refuse runs a command that must fail and returns all it wrote.
func (w *world) refuse(cmd *exec.Cmd) string {
	w.t.Helper()
	out, err := cmd.CombinedOutput()
	if err == nil {
		w.t.Fatalf("%s succeeded and must not:\n%s", cmd, out)
	}
	return string(out)
}

func (w *world) localkube(args ...string) string {
	w.t.Helper()
	began := time.Now()
	out := w.run(w.command(w.repo, w.tool, args...))
	w.t.Logf("localkube %s (%.1fs)\n%s", strings.Join(args, " "), time.Since(began).Seconds(), out)
	return out
}

func (w *world) kubectl(args ...string) *exec.Cmd {
	return w.command(w.repo, w.layout.Kubectl(), args...)
}

// agent runs the test's program in a pod.
func (w *world) agent(pod string, args ...string) string {
	w.t.Helper()
	return w.run(w.kubectl(append([]string{"-n", "smoke", "exec", pod, "--", "/agent"}, args...)...))
}

// until waits for a condition, for a minute.
func (w *world) until(what string, met func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); !met(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not within a minute: %s", what)
		}
	}
}

func TestSmoke(t *testing.T) {
	w := newWorld(t)
	if found, err := cleanup.Scan(w.layout); err != nil || !found.Nothing() {
		t.Fatalf("a cluster is there already (%s, %v): end it with localkube down", found, err)
	}
	before := machine(t)
	t.Cleanup(func() {
		// The test's context is over by now.
		cmd := exec.Command(w.tool, "down")
		cmd.Dir = w.repo
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("down at the end: %v\n%s", err, out)
		}
	})

	w.localkube("up")
	if out := w.localkube("up"); !strings.Contains(out, "nothing to do") {
		t.Errorf("a second up did something:\n%s", out)
	}
	w.image()
	w.run(w.kubectl("apply", "-f", filepath.Join(w.repo, "hack/localkube/smoke/testdata.yaml")))
	w.run(w.kubectl("-n", "smoke", "rollout", "status", "statefulset/web", "--timeout=90s"))

	t.Run("names", w.names)
	t.Run("services", w.services)
	t.Run("no way out", w.noWayOut)
	t.Run("logs", w.logs)
	t.Run("port-forward", w.portForward)
	t.Run("a pod keeps its volume", w.volumeStays)
	t.Run("rights", w.rights)
	t.Run("pod security", w.podSecurity)
	t.Run("volumes go with their claims", w.volumesGo)
	t.Run("survives the loss of its parts", w.kill)

	w.localkube("down")
	if after := machine(t); after != before {
		t.Errorf("the machine is not as it was before\nbefore:\n%s\nafter:\n%s", before, after)
	}
	if out := w.localkube("down"); !strings.Contains(out, "nothing of one is left") {
		t.Errorf("a second down: %s", out)
	}
}

// image builds the agent's image without Docker and loads it.
func (w *world) image() {
	w.t.Helper()
	dir := w.t.TempDir()
	agent, tar := filepath.Join(dir, "agent"), filepath.Join(dir, "agent.tar")
	w.binary = agent
	w.run(w.command(filepath.Join(w.repo, "hack/localkube"), "go", "build", "-ldflags=-s -w", "-o", agent, "./smoke/agent"))
	w.localkube("build-image", "--tag=posnet.dev/localkube/smoke:1", "--binary="+agent+"=/agent", "--entrypoint=/agent", "--output="+tar)
	w.localkube("load-image", tar)
}

func (w *world) names(t *testing.T) {
	ips := strings.Fields(w.run(w.kubectl("-n", "smoke", "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].status.podIP}")))
	slices.Sort(ips)
	if len(ips) != 2 {
		t.Fatalf("pod addresses %q, want two", ips)
	}
	if got := w.agent("web-0", "lookup", "web.smoke.svc.cluster.local"); got != strings.Join(ips, " ") {
		t.Errorf("the headless service resolves to %q, want %q", got, ips)
	}
	if got := w.agent("web-0", "lookup", "web-1.web"); !slices.Contains(ips, got) {
		t.Errorf("a pod's short name resolves to %q, want one of %q", got, ips)
	}
}

func (w *world) services(t *testing.T) {
	for range 4 { // both pods, also the asking one
		if got := w.agent("web-0", "get", "http://front/"); !strings.HasPrefix(got, "web-") {
			t.Errorf("the service answers %q", got)
		}
	}
	ip := w.run(w.kubectl("-n", "smoke", "get", "service", "front", "-o", "jsonpath={.spec.clusterIP}"))
	resp, err := http.Get("http://" + ip + "/")
	if err != nil {
		t.Fatalf("the service from the machine: %v", err)
	}
	resp.Body.Close()
	// As the API server calls a webhook: from the node itself.
	if got := w.localkube("exec", "--", w.binary, "get", "http://"+ip+"/"); !strings.HasPrefix(got, "web-") {
		t.Errorf("the service from the node answers %q", got)
	}
	// As an operator calls the API server.
	if got := w.refuse(w.kubectl("-n", "smoke", "exec", "web-0", "--", "/agent", "dial", "kubernetes.default.svc:443")); !strings.Contains(got, "error: connected") {
		t.Errorf("dialling the API server from a pod gives %q", got)
	}
	// An address of the service range that no service has is refused at once, not sent anywhere.
	unclaimed := ip[:strings.LastIndexByte(ip[:strings.LastIndexByte(ip, '.')], '.')] + ".191.254:80"
	if got := w.agent("web-0", "dial", unclaimed); !strings.Contains(got, "unreachable") {
		t.Errorf("dialling an unclaimed service address gives %q", got)
	}
}

func (w *world) noWayOut(t *testing.T) {
	// TEST-NET-2: nobody's, so that even a packet that did get out would reach nobody.
	if got := w.agent("web-0", "dial", "198.51.100.1:80"); !strings.Contains(got, "unreachable") && !strings.Contains(got, "no route") {
		t.Errorf("dialling out gives %q, want that there is no route", got)
	}
	if got := w.refuse(w.kubectl("-n", "smoke", "exec", "web-0", "--", "/agent", "lookup", "example.com")); !strings.Contains(got, "no such host") {
		t.Errorf("a name of the outside gives %q, want that there is no such host", got)
	}
}

func (w *world) logs(t *testing.T) {
	if got := w.run(w.kubectl("-n", "smoke", "logs", "web-0")); !strings.Contains(got, "serving") {
		t.Errorf("logs %q", got)
	}
}

func (w *world) portForward(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, w.layout.Kubectl(), "-n", "smoke", "port-forward", "--address=127.0.0.1", "pod/web-1", ":8080")
	cmd.Env = append(os.Environ(), "KUBECONFIG="+w.layout.Kubeconfig())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = cmd.Wait() }()
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatalf("port-forward said nothing: %v", err)
	}
	port := regexp.MustCompile(`127\.0\.0\.1:(\d+)`).FindSubmatch(line[:n])
	if port == nil {
		t.Fatalf("port-forward said %q", line[:n])
	}
	resp, err := http.Get("http://127.0.0.1:" + string(port[1]) + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "web-1" {
		t.Fatalf("answer %q, %v; want web-1", body, err)
	}
}

func (w *world) volumeStays(t *testing.T) {
	w.agent("web-0", "write", "/data/kept", "treasure")
	uid := func() string {
		out, _ := w.kubectl("-n", "smoke", "get", "pod", "web-0", "-o", "jsonpath={.metadata.uid}").Output()
		return string(out)
	}
	old := uid()
	w.run(w.kubectl("-n", "smoke", "delete", "pod", "web-0"))
	w.until("a new pod web-0", func() bool { return uid() != "" && uid() != old })
	w.run(w.kubectl("-n", "smoke", "wait", "--for=condition=Ready", "pod/web-0", "--timeout=60s"))
	if got := w.agent("web-0", "read", "/data/kept"); got != "treasure" {
		t.Errorf("the volume holds %q, want what was written", got)
	}
}

// rights shows that authorisation is real: the same request by the admin and by a service account.
func (w *world) rights(t *testing.T) {
	token := w.run(w.kubectl("-n", "smoke", "create", "token", "default"))
	server := w.run(w.kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"))
	asAccount := func(args ...string) *exec.Cmd {
		cmd := w.kubectl(append([]string{"--server=" + server, "--certificate-authority=" + w.layout.PKI("ca.crt"), "--token=" + token}, args...)...)
		cmd.Env = append(os.Environ(), "KUBECONFIG=/dev/null")
		return cmd
	}
	if got := w.refuse(asAccount("-n", "smoke", "get", "secrets")); !strings.Contains(got, "system:serviceaccount:smoke:default") || !strings.Contains(got, "forbidden") {
		t.Errorf("an unprivileged account reading secrets gets %q, want forbidden", got)
	}
	w.run(w.kubectl("-n", "smoke", "get", "secrets"))
	if got := w.run(w.kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.groups}")); strings.Contains(got, "system:masters") {
		t.Errorf("the kubeconfig's user is of %s: RBAC does not see it", got)
	}
}

func (w *world) podSecurity(t *testing.T) {
	got := w.refuse(w.kubectl("-n", "smoke", "run", "bad", "--image=posnet.dev/localkube/smoke:1", "--privileged"))
	if !strings.Contains(got, `violates PodSecurity "restricted`) {
		t.Errorf("a privileged pod gets %q, want a refusal by Pod Security", got)
	}
}

func (w *world) volumesGo(t *testing.T) {
	entries, err := os.ReadDir(w.layout.Volumes())
	if err != nil || len(entries) != 2 {
		t.Fatalf("volumes %v, %v; want two", entries, err)
	}
	w.run(w.kubectl("-n", "smoke", "delete", "statefulset", "web", "--wait=true"))
	w.until("no volume and no directory left", func() bool {
		entries, err := os.ReadDir(w.layout.Volumes())
		return err == nil && len(entries) == 0 && strings.Contains(w.run(w.kubectl("get", "pv")), "No resources")
	})
}

// kill ends a server, which must come back by itself, and then the supervisor and half the rest, after which up starts anew.
func (w *world) kill(t *testing.T) {
	status := func() (s cluster.Status) {
		out, _ := w.command(w.repo, w.tool, "status", "-o", "json").Output()
		if err := json.NewDecoder(bytes.NewReader(out)).Decode(&s); err != nil {
			t.Fatalf("status: %v\n%s", err, out)
		}
		return s
	}
	end := func(names ...string) {
		for _, s := range status().Servers {
			if slices.Contains(names, s.Name) {
				if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil {
					t.Fatalf("kill %s: %v", s.Name, err)
				}
			}
		}
	}
	end("kube-controller-manager")
	w.until("the controller manager runs again", func() bool {
		s := status()
		i := slices.IndexFunc(s.Servers, func(s cluster.Server) bool { return s.Name == "kube-controller-manager" })
		return s.Healthy() && s.Servers[i].Restarts > 0
	})
	end("supervisor", "containerd", "etcd")
	w.refuse(w.command(w.repo, w.tool, "status"))
	if out := w.localkube("up"); !strings.Contains(out, "made anew") {
		t.Errorf("up on a broken cluster: %s", out)
	}
	end("supervisor", "kubelet", "kube-proxy")
}

// machine is what must be the same after as before: links, routes, firewall, mounts, kernel settings, directories.
func machine(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, c := range []string{
		"ip -brief link", "ip route show table all", "iptables-save -t filter", "iptables-save -t nat", "cat /proc/self/mounts",
		"sysctl -n vm.overcommit_memory kernel.panic kernel.panic_on_oops net.ipv4.ip_forward",
		"ls /var/lib /run /var/log /usr/libexec", "find /sys/fs/cgroup -maxdepth 2 -name *posnet* -o -maxdepth 2 -name kubepods",
	} {
		args := strings.Fields(c)
		out, err := exec.Command(args[0], args[1:]...).Output()
		if err != nil && args[0] != "find" {
			t.Fatalf("%s: %v", c, err)
		}
		// Counters and dates of a firewall dump are no difference.
		for line := range strings.Lines(string(out)) {
			if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, ":") {
				all.WriteString(line)
			}
		}
	}
	return all.String()
}
