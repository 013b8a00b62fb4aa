package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node"
	"github.com/posnet/posnet/node/telemetry"
)

// nodeSettings are the flags of posnet node that are not fields of its Config.
type nodeSettings struct {
	config, secretFile  string
	logLevel, logFormat string
	cacheMiB            uint64
}

// leastSecret is the least length of a ceremony secret.
const leastSecret = 16

func newNodeCommand() *cobra.Command {
	cfg := node.DefaultConfig()
	var s nodeSettings
	cmd := &cobra.Command{
		Use:   "node",
		Short: "Run one node",
		Long: `Run one node until it is told to stop (SIGTERM or Ctrl-C).

At the first start the node makes its keys in the data directory and keeps a copy of the genesis there; from then on it
belongs to that network and continues where it stopped. 'posnet genesis create' makes a genesis from the identities of the
validators; 'posnet init --help' goes the whole way, from keys to three nodes.

A node that has no state yet may take over that of a recent height from its peers instead of executing every block since the
genesis: give it the height and the hash of one block that you know to be the chain's, with --trust-height and --trust-hash.

Every flag is also an environment variable (--data-dir is POSNET_DATA_DIR) and a key of the YAML file given by --config.
A flag wins over the environment, the environment over the file.`,
		Example: `  # three nodes in three terminals, as in the original demonstration
  posnet node --ip 127.0.0.1 --node-port 8010 --api-port 8050 --private-port 9464 --data-dir n0 --genesis genesis.json
  posnet node --ip 127.0.0.1 --node-port 8011 --api-port 8051 --private-port 9465 --data-dir n1 --genesis genesis.json --peers 127.0.0.1:8050
  posnet node --ip 127.0.0.1 --node-port 8012 --api-port 8052 --private-port 9466 --data-dir n2 --genesis genesis.json --peers 127.0.0.1:8050 --key-file my.pem

  # a fourth that follows, and joins by snapshot; the hash is that of your own node's block, as 'posnet query block 120000' shows it
  posnet node --data-dir n3 --genesis genesis.json --peers seed.example.org:8050 --trust-height 120000 --trust-hash 5bd562070980bff26d433470de3a3a1440a7d1c3244e454e159710323b1bf759`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fillFlags(cmd.Flags(), s.config, os.LookupEnv); err != nil {
				return err
			}
			if err := s.apply(cmd, &cfg); err != nil {
				return err
			}
			collectEarly()
			limitMemory(cfg.Log.Logger)
			if s.cacheMiB == 0 {
				cfg.CacheBytes = cacheOf(memoryLimit(), machineMemory())
			}
			return node.Run(cmd.Context(), cfg)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.config, "config", "", "YAML `file` with settings, whose keys are the names of these flags")
	f.StringVar(&cfg.DataDir, "data-dir", cfg.DataDir, "`directory` of everything durable: keys, sign-state, database")
	f.StringVar(&cfg.Genesis, "genesis", "", "genesis `file`; needed at the first start, checked at later ones")
	f.BoolVar(&cfg.AwaitGenesis, "await-genesis", false, "wait for the genesis file to appear, showing this node's identity meanwhile")
	f.StringVar(&s.secretFile, "ceremony-secret-file", "", "`file` with the secret under which this node attests its identity")
	f.StringVar(&cfg.NetworkUID, "network-uid", "", "UID of the PoSNetwork, part of the identity")
	f.Uint64Var(&cfg.Ordinal, "ordinal", 0, "number of this node, part of the identity (default: the number at the end of POSNET_POD_NAME, or 0)")
	f.StringVar(&cfg.KeyFile, "key-file", "", "account key `file`, PKCS#8 PEM as openssl makes it (default: one made in the data directory)")
	f.StringVar(&cfg.IP, "ip", cfg.IP, "`address` to listen on for the API and for peers")
	f.IntVar(&cfg.APIPort, "api-port", cfg.APIPort, "`port` of the API; 0 picks a free one")
	f.IntVar(&cfg.PeerPort, "node-port", cfg.PeerPort, "`port` for peers, TCP and UDP; 0 picks a free one")
	f.StringVar(&cfg.PrivateIP, "private-ip", cfg.PrivateIP, "`address` to listen on for metrics, health and logs")
	f.IntVar(&cfg.PrivatePort, "private-port", cfg.PrivatePort, "`port` of metrics, health and logs; 0 picks a free one, -1 is off")
	f.StringVar(&cfg.DebugAddress, "debug-address", "", "loopback `host:port` of profiles (/debug/pprof/) and the log level; off when empty")
	f.StringSliceVar(&cfg.Peers, "peers", nil, "nodes to begin with, as `host:apiPort`; a name stands for all its addresses")
	f.Uint64Var(&cfg.TrustHeight, "trust-height", 0, "`height` of a block you trust: a node without a state joins by snapshot, verified from this block on, instead of executing the whole chain; give --trust-hash too")
	f.StringVar(&cfg.TrustHash, "trust-hash", "", "`hash` of the block of --trust-height, 64 hexadecimal digits, from a source you trust (not from the peers that are asked)")
	f.Uint64Var(&cfg.KeepVersions, "keep-versions", cfg.KeepVersions, "recent `heights` of which old versions of the state tree are kept on the disk, one of every 256 heights, or of fewer where these change 24 to 256 MiB of it; proofs are made at the tip")
	f.Uint64Var(&s.cacheMiB, "cache-mib", 0, "`MiB` of memory for accounts and what else of the state is not to be read from the disk again and again (default: an eighth of the container's memory limit; without one a 32nd of the machine's memory, 64 to 1024)")
	f.StringVar(&s.logLevel, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&s.logFormat, "log-format", "auto", "json, text, or auto: text at a terminal")
	return cmd
}

// apply turns settings into parts of the configuration.
func (s *nodeSettings) apply(cmd *cobra.Command, cfg *node.Config) error {
	level, err := telemetry.ParseLevel(s.logLevel)
	if err != nil {
		return err
	}
	format, err := telemetry.ParseFormat(s.logFormat)
	if err != nil {
		return err
	}
	if s.secretFile != "" {
		secret, err := os.ReadFile(s.secretFile)
		if err != nil {
			return fmt.Errorf("read the ceremony secret: %w", err)
		}
		cfg.CeremonySecret, err = base64.StdEncoding.DecodeString(string(bytes.TrimSpace(secret)))
		if err != nil || len(cfg.CeremonySecret) < leastSecret {
			return fmt.Errorf("%s is no ceremony secret: it must be the base64 of at least %d random bytes", s.secretFile, leastSecret)
		}
	}
	if s.cacheMiB > mostCache>>20 || s.cacheMiB > 0 && s.cacheMiB < node.LeastCache>>20 {
		return fmt.Errorf("--cache-mib %d: from %d to %d", s.cacheMiB, node.LeastCache>>20, mostCache>>20)
	}
	if s.cacheMiB > 0 {
		cfg.CacheBytes = int64(s.cacheMiB) << 20
	}
	if !cmd.Flags().Changed("ordinal") {
		if cfg.Ordinal, err = podOrdinal(os.Getenv("POSNET_POD_NAME")); err != nil {
			return err
		}
	}
	cfg.Log = telemetry.NewLogging(telemetry.LogOptions{Level: level, Format: format, Service: "posnet", Host: os.Getenv("POSNET_POD_NAME")})
	slog.SetDefault(cfg.Log.Logger)
	return nil
}

// podOrdinal is the number at the end of a StatefulSet pod's name.
func podOrdinal(pod string) (uint64, error) {
	if pod == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(pod[strings.LastIndex(pod, "-")+1:], 10, 32)
	if err != nil {
		return 0, fmt.Errorf("POSNET_POD_NAME %q does not end in -NUMBER: give --ordinal", pod)
	}
	return n, nil
}
