package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/httpapi/httpapitest"
	"github.com/posnet/posnet/node/keys"
)

// asPosnet makes the test binary the posnet binary, for tests of processes.
const asPosnet = "POSNET_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asPosnet) != "" {
		main()
		return
	}
	code := m.Run()
	if builtDir != "" {
		_ = os.RemoveAll(builtDir)
	}
	os.Exit(code)
}

// posnet runs a command in this process.
func posnet(t testing.TB, args ...string) (out string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	err = root.ExecuteContext(context.Background())
	return stdout.String() + stderr.String(), err
}

// must runs a command that has to work.
func must(t testing.TB, args ...string) string {
	t.Helper()
	out, err := posnet(t, args...)
	if err != nil {
		t.Fatalf("posnet %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// refused runs a command that has to fail, and say why.
func refused(t testing.TB, says string, args ...string) {
	t.Helper()
	out, err := posnet(t, args...)
	if err == nil {
		t.Fatalf("posnet %s worked:\n%s", strings.Join(args, " "), out)
	}
	if !strings.Contains(err.Error(), says) {
		t.Errorf("posnet %s says %q, which does not mention %q", strings.Join(args, " "), err, says)
	}
}

// shows fails unless every part is in out.
func shows(t testing.TB, out string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(out, p) {
			t.Errorf("%q is missing from:\n%s", p, out)
		}
	}
}

// served is a chain behind an API, and the faucet's key in a file.
func served(t *testing.T) (solo *httpapitest.Solo, url, faucet string) {
	t.Helper()
	solo = httpapitest.New(t)
	s, err := httpapi.New(solo, httpapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	faucet = filepath.Join(t.TempDir(), "faucet.pem")
	if err := keys.SavePrivateFile(faucet, solo.Faucet); err != nil {
		t.Fatal(err)
	}
	return solo, web.URL, faucet
}

func TestEveryCommandIsDescribedWithAnExample(t *testing.T) {
	t.Parallel()
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Name() == "completion" || c.Name() == "help" {
			return
		}
		if c.Short == "" {
			t.Errorf("%s has no description", c.CommandPath())
		}
		if c.Runnable() && c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
}

// example is a line of help that runs posnet.
var example = regexp.MustCompile(`(?m)^ *posnet ([a-z].*?)(?: +#.*)?$`)

func TestExamplesUseFlagsThatExist(t *testing.T) {
	t.Parallel()
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, line := range example.FindAllStringSubmatch(c.Example, -1) {
			words := strings.Fields(strings.Split(line[1], "&&")[0])
			found, rest, err := newRoot().Find(words)
			if err != nil || !found.HasParent() {
				t.Errorf("%s: the example %q names no command: %v", c.CommandPath(), line[0], err)
				continue
			}
			found.InheritedFlags() // merges the parents' flags
			for _, w := range rest {
				name, _, _ := strings.Cut(strings.TrimPrefix(w, "--"), "=")
				if strings.HasPrefix(w, "--") && found.Flags().Lookup(strings.TrimSuffix(name, ")")) == nil {
					// a flag of a command in $( … ) is that command's
					if !strings.Contains(line[0], "$(") {
						t.Errorf("%s: the example %q uses %s, which does not exist", c.CommandPath(), line[0], w)
					}
				}
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
}
