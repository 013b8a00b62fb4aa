package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/posnet/posnet/node/telemetry"
)

// options are the flags of the operator.
type options struct {
	metricsAddress   string
	healthAddress    string
	leaderElect      bool
	namespace        string
	watchNamespaces  []string
	image            string
	clusterDomain    string
	pollInterval     time.Duration
	nodeTimeout      time.Duration
	workers          int
	kubeAPIQPS       float32
	kubeAPIBurst     int
	logLevel         string
	logFormat        string
	gracefulShutdown time.Duration
	leaseDuration    time.Duration
	leaseRenewal     time.Duration
	leaseRetry       time.Duration
}

// envPrefix of the variables that stand for flags.
const envPrefix = "POSNET_OPERATOR_"

func newCommand() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "posnet-operator",
		Short: "Make running proof-of-stake networks of PoSNetwork objects",
		Long: "posnet-operator makes running proof-of-stake networks of PoSNetwork objects.\n\n" +
			"Every flag can also be given as an environment variable: --poll-interval is " + envPrefix + "POLL_INTERVAL. A flag wins.",
		Example: "  posnet-operator --leader-elect --image=registry.example/posnet:v1.0.0\n" +
			"  KUBECONFIG=~/.kube/config posnet-operator --image=posnet:dev --watch-namespaces=team-a,team-b",
		Args:          cobra.NoArgs,
		Version:       telemetry.Build().Version,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			return fromEnvironment(c.Flags(), os.LookupEnv)
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return run(c.Context(), o)
		},
	}
	o.bind(command.Flags())
	command.AddCommand(pickKeysCommand())
	return command
}

func (o *options) bind(f *pflag.FlagSet) {
	f.StringVar(&o.metricsAddress, "metrics-address", ":8080", "where /metrics is served, host:port; 0 turns it off")
	f.StringVar(&o.healthAddress, "health-address", ":8081", "where /healthz and /readyz are served, host:port; 0 turns them off")
	f.BoolVar(&o.leaderElect, "leader-elect", false, "let one of several operators work at a time, by a Lease in --namespace")
	f.StringVar(&o.namespace, "namespace", os.Getenv("POD_NAMESPACE"), "the namespace the operator runs in; empty outside a cluster")
	f.StringSliceVar(&o.watchNamespaces, "watch-namespaces", nil, "namespaces whose networks it looks after, comma-separated; empty: all")
	f.StringVar(&o.image, "image", "", "image of the nodes of networks that name none; usually the operator's own")
	f.StringVar(&o.clusterDomain, "cluster-domain", "cluster.local", "DNS domain of the cluster")
	f.DurationVar(&o.pollInterval, "poll-interval", 15*time.Second, "how often the nodes of a network that is Ready are asked; at least 1s")
	f.DurationVar(&o.nodeTimeout, "node-timeout", 2*time.Second, "how long one request to a node may take")
	f.IntVar(&o.workers, "workers", 4, "how many networks are looked at concurrently")
	f.Float32Var(&o.kubeAPIQPS, "kube-api-qps", 50, "requests a second to the Kubernetes API, on average")
	f.IntVar(&o.kubeAPIBurst, "kube-api-burst", 100, "requests to the Kubernetes API that may come at once")
	f.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&o.logFormat, "log-format", "json", "json, text, or auto: text at a terminal")
	f.DurationVar(&o.gracefulShutdown, "graceful-shutdown", 10*time.Second, "how long passes may take to finish after SIGTERM")
	f.DurationVar(&o.leaseDuration, "lease-duration", 15*time.Second, "how long a leader that vanished is waited for")
	f.DurationVar(&o.leaseRenewal, "lease-renewal", 10*time.Second, "how long a leader tries to renew before it gives up; below --lease-duration")
	f.DurationVar(&o.leaseRetry, "lease-retry", 2*time.Second, "how often the Lease is looked at")
}

// check refuses flags that cannot work, each with what to write instead.
func (o *options) check() error {
	if o.image == "" {
		return fmt.Errorf("--image is missing: name the image that nodes run, such as --image=posnet/posnet:v1.0.0")
	}
	if o.pollInterval < time.Second {
		return fmt.Errorf("--poll-interval is %s: it must be at least 1s", o.pollInterval)
	}
	if o.nodeTimeout <= 0 || o.nodeTimeout > time.Minute {
		return fmt.Errorf("--node-timeout is %s: it must be above 0 and at most 1m", o.nodeTimeout)
	}
	if o.workers < 1 {
		return fmt.Errorf("--workers is %d: it must be at least 1", o.workers)
	}
	if o.leaderElect && o.namespace == "" {
		return fmt.Errorf("--leader-elect needs --namespace: the namespace of the Lease")
	}
	if !(o.leaseDuration > o.leaseRenewal && o.leaseRenewal > o.leaseRetry && o.leaseRetry > 0) {
		return fmt.Errorf("--lease-duration %s, --lease-renewal %s and --lease-retry %s must be each longer than the next",
			o.leaseDuration, o.leaseRenewal, o.leaseRetry)
	}
	for flag, address := range map[string]string{"--metrics-address": o.metricsAddress, "--health-address": o.healthAddress} {
		if _, _, err := net.SplitHostPort(address); err != nil && address != "0" {
			return fmt.Errorf("%s: %w; write host:port, or 0 to turn it off", flag, err)
		}
	}
	return nil
}

// fromEnvironment sets every flag that was not given from its environment variable, where there is one.
func fromEnvironment(f *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var failed error
	f.VisitAll(func(flag *pflag.Flag) {
		name := envPrefix + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		value, ok := lookup(name)
		if flag.Changed || !ok || failed != nil {
			return
		}
		if err := f.Set(flag.Name, value); err != nil {
			failed = fmt.Errorf("%s: %w", name, err)
		}
	})
	return failed
}
