package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/keys"
)

// The files of one validator in a Secret of brought keys, each prefixed with "<ordinal>.".
var (
	neededKeys   = []string{"account.pem", "consensus.pem", "vrf.pem", "node.pem"}
	optionalKeys = []string{"sign-state"}
)

// maxSignState is the largest sign-state that a Secret can bring: a Secret holds 1 MiB.
const maxSignState = 1 << 20

func pickKeysCommand() *cobra.Command {
	var from, to, pod string
	command := &cobra.Command{
		Use:   "pick-keys --from DIR --to DIR",
		Short: "Copy one validator's own keys out of a Secret with the keys of all",
		Long: "pick-keys copies N.account.pem, N.consensus.pem, N.vrf.pem, N.node.pem and, if it is there, N.sign-state from one\n" +
			"directory to another without the prefix; N is the ordinal in the name of the pod. It is the first init container\n" +
			"of a validator whose keys are brought (spec.validators.keysSecretRef).",
		Example: "  posnet-operator pick-keys --from=/etc/posnet/brought-keys --to=/run/posnet-keys --pod=demo-2",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			n, err := pickKeys(from, to, pod)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "picked %d files for %s\n", n, pod)
			return nil
		},
	}
	command.Flags().StringVar(&from, "from", "", "directory with the keys of all validators")
	command.Flags().StringVar(&to, "to", "", "directory for the keys of this one; it must exist")
	command.Flags().StringVar(&pod, "pod", os.Getenv("POSNET_POD_NAME"), "name of the pod, which ends with its ordinal")
	for _, flag := range []string{"from", "to"} {
		if err := command.MarkFlagRequired(flag); err != nil {
			panic(err) // both flags are defined above
		}
	}
	return command
}

// pickKeys copies the files of the pod's ordinal and returns how many. Running it again gives the same files.
func pickKeys(from, to, pod string) (int, error) {
	digits := pod[strings.LastIndex(pod, "-")+1:]
	ordinal, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("pick keys: pod %q has no ordinal at the end of its name; give --pod=<network>-<ordinal>", pod)
	}
	picked := 0
	for _, name := range append(append([]string{}, neededKeys...), optionalKeys...) {
		limit := int64(keys.MaxPEM)
		optional := strings.HasPrefix(name, "sign-state")
		if optional {
			limit = maxSignState
		}
		source := filepath.Join(from, fmt.Sprintf("%d.%s", ordinal, name))
		content, err := readLimited(source, limit)
		if errors.Is(err, os.ErrNotExist) {
			if optional {
				continue
			}
			return picked, fmt.Errorf("pick keys: the Secret has no %q: bring the keys of every validator, %s each with the prefix %q",
				filepath.Base(source), strings.Join(neededKeys, ", "), fmt.Sprintf("%d.", ordinal))
		}
		if err != nil {
			return picked, fmt.Errorf("pick keys: %w", err)
		}
		if !optional {
			if _, err := keys.ParsePrivatePEM(content); err != nil {
				return picked, fmt.Errorf("pick keys: %s: %w", filepath.Base(source), err)
			}
		}
		if err := writePrivate(filepath.Join(to, name), content); err != nil {
			return picked, fmt.Errorf("pick keys: %w", err)
		}
		picked++
	}
	return picked, nil
}

func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("read %s: more than %d bytes", path, limit)
	}
	return b, nil
}

// writePrivate replaces the file at path by one that only its owner reads. The directory is memory that lives as long as
// the pod, so there is nothing to make durable.
func writePrivate(path string, content []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}
