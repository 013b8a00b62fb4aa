package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/posnet/posnet/node/keys"
)

func TestFlagsThatCannotWorkAreRefusedWithWhatToWrite(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":                                        "--image is missing",
		"--image=x --poll-interval=10ms":          "at least 1s",
		"--image=x --workers=0":                   "at least 1",
		"--image=x --leader-elect --namespace=":   "needs --namespace",
		"--image=x --lease-duration=1s":           "longer than the next",
		"--image=x --metrics-address=8080":        "host:port",
		"--image=x --metrics-address=0":           "",
		"--image=x --leader-elect --namespace=ns": "",
	} {
		var o options
		f := pflag.NewFlagSet("test", pflag.ContinueOnError)
		o.bind(f)
		if err := f.Parse(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		err := o.check()
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: error %v, want one that says %q", args, err, want)
		}
	}
}

func TestFlagsComeFromTheEnvironmentUnlessGiven(t *testing.T) {
	t.Parallel()
	var o options
	f := pflag.NewFlagSet("test", pflag.ContinueOnError)
	o.bind(f)
	if err := f.Parse([]string{"--workers=7"}); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"POSNET_OPERATOR_WORKERS": "2", "POSNET_OPERATOR_CLUSTER_DOMAIN": "example.org"}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	if err := fromEnvironment(f, lookup); err != nil {
		t.Fatal(err)
	}
	if o.workers != 7 || o.clusterDomain != "example.org" {
		t.Errorf("workers %d, domain %q; want 7 of the flag and example.org of the environment", o.workers, o.clusterDomain)
	}
	env["POSNET_OPERATOR_POLL_INTERVAL"] = "soon"
	if err := fromEnvironment(f, lookup); err == nil || !strings.Contains(err.Error(), "POSNET_OPERATOR_POLL_INTERVAL") {
		t.Errorf("error %v, want one that names the variable", err)
	}
}

func newPEM(t *testing.T) []byte {
	t.Helper()
	key, err := keys.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return keys.MarshalPrivatePEM(key)
}

func bring(t *testing.T, dir string, ordinals ...string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, o := range ordinals {
		for _, name := range neededKeys {
			files[o+"."+name] = newPEM(t)
			if err := os.WriteFile(filepath.Join(dir, o+"."+name), files[o+"."+name], 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return files
}

func TestPickKeysTakesOnlyThePodsOwn(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	files := bring(t, from, "0", "1", "10")
	for range 2 { // a restarted init container does it again
		n, err := pickKeys(from, to, "demo-1")
		if err != nil || n != len(neededKeys) {
			t.Fatalf("picked %d files, error %v", n, err)
		}
	}
	got, err := os.ReadDir(to)
	if err != nil || len(got) != len(neededKeys) {
		t.Fatalf("%d files in the target, error %v", len(got), err)
	}
	for _, name := range neededKeys {
		content, err := os.ReadFile(filepath.Join(to, name))
		if err != nil || string(content) != string(files["1."+name]) {
			t.Errorf("%s is not validator 1's (error %v)", name, err)
		}
	}
}

func TestPickKeysBringsASignState(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	bring(t, from, "0")
	if err := os.WriteFile(filepath.Join(from, "0.sign-state"), []byte("state"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := pickKeys(from, to, "demo-0"); err != nil || n != 5 {
		t.Fatalf("picked %d files, error %v; want 5", n, err)
	}
}

func TestPickKeysRefuses(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	bring(t, from, "0")
	if err := os.WriteFile(filepath.Join(from, "3.account.pem"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(from, "4.account.pem"), make([]byte, keys.MaxPEM+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for pod, want := range map[string]string{
		"demo-1": `no "1.account.pem"`, "demo": "has no ordinal", "": "has no ordinal", "demo-3": "3.account.pem", "demo-4": "more than",
	} {
		if _, err := pickKeys(from, t.TempDir(), pod); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("pod %q: error %v, want one that says %q", pod, err, want)
		}
	}
}
