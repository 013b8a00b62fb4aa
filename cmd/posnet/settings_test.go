package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFlagWinsOverEnvironmentOverFileOverDefault(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "node.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"POSNET_API_PORT": "2", "POSNET_NODE_PORT": "2"}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	write("api-port: 3\nnode-port: 3\nprivate-port: 3\npeers: [a:1, b:2]\nawait-genesis: true\n")
	cmd := newNodeCommand()
	if err := cmd.ParseFlags([]string{"--api-port=1"}); err != nil {
		t.Fatal(err)
	}
	if err := fillFlags(cmd.Flags(), file, lookup); err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{
		"api-port": "1", "node-port": "2", "private-port": "3", "ip": "0.0.0.0", "peers": "[a:1,b:2]", "await-genesis": "true",
	} {
		if got := cmd.Flags().Lookup(flag).Value.String(); got != want {
			t.Errorf("--%s is %s, want %s", flag, got, want)
		}
	}
	for name, c := range map[string]struct{ text, env, says string }{
		"an unknown key":          {"api-prot: 3", "", `node.yaml: unknown setting "api-prot"`},
		"a wrong value":           {"api-port: many", "", "node.yaml, setting api-port"},
		"a wrong variable":        {"", "many", "environment variable POSNET_API_PORT"},
		"something else than map": {"- a\n- b", "", "node.yaml is not YAML"},
	} {
		write(c.text)
		cmd := newNodeCommand()
		err := fillFlags(cmd.Flags(), file, func(name string) (string, bool) {
			return c.env, c.env != "" && name == "POSNET_API_PORT"
		})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestOriginalFlagSpellingsAreUnderstood(t *testing.T) {
	t.Parallel()
	refused(t, "api-port", "node", "--ip", "127.0.0.1", "--node_port", "8010", "--api_port", "99999", "--data_dir", t.TempDir(), "--log_format", "json")
}

func TestANodeWithoutGenesisOrWithABadConfigurationSaysSoInOneLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	common := []string{"node", "--data-dir", dir, "--ip", "127.0.0.1", "--api-port", "0", "--node-port", "0", "--private-port", "-1", "--log-level", "error"}
	refused(t, "give one with --genesis", common...)
	bad := filepath.Join(dir, "bad.json")
	if err := os.WriteFile(bad, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "bad.json", append(common, "--genesis", bad)...)
	refused(t, "nowhere.yaml", append(common, "--config", filepath.Join(dir, "nowhere.yaml"))...)
	refused(t, "log level", append(common, "--log-level", "loud")...)
}
