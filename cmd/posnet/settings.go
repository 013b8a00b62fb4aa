package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"
)

// envName is the environment variable of a flag: --data-dir is POSNET_DATA_DIR.
func envName(flag string) string {
	return "POSNET_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fillFlags sets the flags that were not given on the command line from the
// environment, and those that are not there either from a YAML file, whose keys
// are the flags' names. Every error names its source.
func fillFlags(flags *pflag.FlagSet, file string, getenv func(string) (string, bool)) error {
	values, err := readSettings(file)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if flags.Lookup(key) == nil {
			return fmt.Errorf("%s: unknown setting %q: its keys are the flags of this command", file, key)
		}
	}
	var bad error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || bad != nil || f.Name == "config" || f.Name == "help" {
			return
		}
		if v, ok := getenv(envName(f.Name)); ok {
			if err := flags.Set(f.Name, v); err != nil {
				bad = fmt.Errorf("environment variable %s: %w", envName(f.Name), explainFlag(err))
			}
			return
		}
		if v, ok := values[f.Name]; ok {
			if err := flags.Set(f.Name, v); err != nil {
				bad = fmt.Errorf("%s, setting %s: %w", file, f.Name, explainFlag(err))
			}
		}
	})
	return bad
}

// maxSettings caps a settings file.
const maxSettings = 1 << 20

func readSettings(file string) (map[string]string, error) {
	if file == "" {
		return nil, nil
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	if info.Size() > maxSettings {
		return nil, fmt.Errorf("%s: %d bytes are no settings file", file, info.Size())
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	var raw map[string]any
	if err := yaml.Unmarshal(b, &raw); err != nil {
		return nil, fmt.Errorf("%s is not YAML with one setting a line: %w", file, err)
	}
	out := map[string]string{}
	for key, v := range raw {
		switch v := v.(type) {
		case string, bool:
			out[key] = fmt.Sprint(v)
		case float64:
			out[key] = fmt.Sprintf("%.0f", v)
		case []any:
			parts := make([]string, len(v))
			for i, p := range v {
				parts[i] = fmt.Sprint(p)
			}
			out[key] = strings.Join(parts, ",")
		default:
			return nil, fmt.Errorf("%s, setting %s: %v is not a value of a flag", file, key, v)
		}
	}
	return out, nil
}
