package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/signer"
)

// resumeFlag is long on purpose: whoever gives it has read it.
const resumeFlag = "yes-no-other-process-uses-this-key"

func newKeysResume() *cobra.Command {
	var dataDir string
	var sure bool
	cmd := &cobra.Command{
		Use:   "resume",
		Short: "Let a validator vote again that was stopped because another process used its key",
		Long: `Let a validator vote again that was stopped for DoubleIdentity: it met a vote or block signed with its key that its
own sign-state does not know. So another process used the key, or this data directory is an older copy. The stop is kept in
the sign-state, and no restart lifts it: two processes that vote with one key contradict each other sooner or later, and a
contradiction costs stake (it is slashed) and the validator its place (it is jailed).

Before you lift it:
  1. find the other process and end it for good: a second pod, a copy of the volume, an old machine that may come back;
  2. let this node follow the chain until it is past the height named in the reason (it follows while it is stopped), so
     that all that the other process signed belongs to heights that are decided;
  3. stop this node.

Nothing else changes: what this key has signed stays recorded, and nothing of what the other process signed is taken over.
If the node meets such a message again, it stops again.`,
		Example: "  posnet keys resume --data-dir /var/lib/posnet/node --" + resumeFlag,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			said, err := resume(dataDir, sure)
			if err != nil {
				return fmt.Errorf("resume signing: %w", err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), said)
			return err
		},
	}
	cmd.Flags().StringVar(&dataDir, "data-dir", "posnet-data", "data `directory` of the node, which must not run")
	cmd.Flags().BoolVar(&sure, resumeFlag, false, "you have made certain of it")
	return cmd
}

// resume lifts the stop of the validator in a data directory, and says what it did.
func resume(dataDir string, sure bool) (said string, err error) {
	dir := filepath.Join(dataDir, "validator")
	s, err := signer.Open(vfs.Default, dir) // refuses while a node runs on it
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	stop, stopped := s.Stopped()
	if !stopped {
		return fmt.Sprintf("signing with the key in %s is not stopped; it has signed up to %v", dir, s.State()), nil
	}
	why := fmt.Sprintf("%s: a %v was signed with the key in %s by another process; this one has signed up to %v", stop.Reason, stop.Seen, dir, s.State())
	if !sure {
		return "", fmt.Errorf("%s. If that process comes back, both will contradict each other, and the stake is slashed. "+
			"End it, let this node follow past that height, and repeat the command with --%s; 'posnet keys resume --help' says more", why, resumeFlag)
	}
	if err := s.Resume(); err != nil {
		return "", err
	}
	return "was stopped for " + why + "\nit signs again when its node is started", nil
}
