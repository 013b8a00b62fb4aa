package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers"
	"github.com/posnet/posnet/controllers/chainclient"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/node/telemetry"
)

// leaseName is the Lease that operators elect their leader with.
const leaseName = "posnet-operator"

// run starts the manager and returns when ctx is done and everything has stopped.
func run(ctx context.Context, o options) error {
	logger, err := setupLogging(o)
	if err != nil {
		return err
	}
	kube, err := config.GetConfig()
	if err != nil {
		return fmt.Errorf("find the cluster: %w; run in a cluster, or set KUBECONFIG", err)
	}
	kube.QPS, kube.Burst = o.kubeAPIQPS, o.kubeAPIBurst
	kube.UserAgent = "posnet-operator/" + telemetry.Build().Version
	mgr, err := newManager(kube, o)
	if err != nil {
		return err
	}
	nodes := chainclient.New(o.nodeTimeout)
	defer nodes.CloseIdle()
	reconciler := controllers.New(mgr, nodes, controllers.Config{
		Image: o.image, Namespace: o.namespace, ClusterDomain: o.clusterDomain,
		PollInterval: o.pollInterval, Workers: o.workers,
	})
	if err := reconciler.SetupWithManager(mgr); err != nil {
		return err
	}
	if err := addChecks(mgr); err != nil {
		return err
	}
	build := telemetry.Build()
	logger.InfoContext(ctx, "operator starts", slog.String("version", build.Version), slog.String("revision", build.Revision),
		slog.String("image", o.image), slog.String("namespace", o.namespace))
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("run the operator: %w", err)
	}
	logger.Info("operator stopped")
	return nil
}

func setupLogging(o options) (*slog.Logger, error) {
	level, err := telemetry.ParseLevel(o.logLevel)
	if err != nil {
		return nil, fmt.Errorf("--log-level: %w", err)
	}
	format, err := telemetry.ParseFormat(o.logFormat)
	if err != nil {
		return nil, fmt.Errorf("--log-format: %w", err)
	}
	logging := telemetry.NewLogging(telemetry.LogOptions{Level: level, Format: format, Service: "posnet-operator"})
	slog.SetDefault(logging.Logger)
	ctrl.SetLogger(logging.Logr())
	klog.SetLoggerWithOptions(logr.FromSlogHandler(logging.Logger.Handler()), klog.ContextualLogger(true))
	if err := metrics.Registry.Register(logging.Messages); err != nil {
		return nil, fmt.Errorf("register log metrics: %w", err)
	}
	return logging.Logger, nil
}

// newScheme knows the kinds the operator reads and writes.
func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(v1alpha1.AddToScheme(s))
	return s
}

func newManager(kube *rest.Config, o options) (ctrl.Manager, error) {
	// Caches hold what the operator made and nothing else of the cluster.
	ours := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{desired.ManagedByLabel: desired.ManagedBy})}
	byObject := map[client.Object]cache.ByObject{
		&appsv1.StatefulSet{}: ours, &corev1.Service{}: ours, &corev1.ConfigMap{}: ours, &corev1.ServiceAccount{}: ours,
		&corev1.Pod{}: ours, &corev1.PersistentVolumeClaim{}: ours, &policyv1.PodDisruptionBudget{}: ours,
		&networkingv1.NetworkPolicy{}: ours,
	}
	var namespaces map[string]cache.Config
	if len(o.watchNamespaces) > 0 {
		namespaces = map[string]cache.Config{}
		for _, n := range o.watchNamespaces {
			namespaces[n] = cache.Config{}
		}
	}
	mgr, err := ctrl.NewManager(kube, ctrl.Options{
		Scheme:                        newScheme(),
		Metrics:                       metricsserver.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress:        o.healthAddress,
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       o.namespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &o.leaseDuration,
		RenewDeadline:                 &o.leaseRenewal,
		RetryPeriod:                   &o.leaseRetry,
		GracefulShutdownTimeout:       &o.gracefulShutdown,
		Cache: cache.Options{
			ByObject: byObject, DefaultNamespaces: namespaces, DefaultTransform: cache.TransformStripManagedFields(),
		},
		Client: client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
	})
	if err != nil {
		return nil, fmt.Errorf("set up the manager: %w", err)
	}
	return mgr, nil
}

// errNotSynced is the answer of /readyz before the caches hold the cluster's state.
var errNotSynced = errors.New("caches are not filled yet")

func addChecks(mgr ctrl.Manager) error {
	alive := func(*http.Request) error { return nil }
	if err := mgr.AddHealthzCheck("ping", alive); err != nil {
		return fmt.Errorf("add health check: %w", err)
	}
	synced := make(chan struct{})
	// An operator that waits for the lease is ready too: it fills its caches all the same.
	err := mgr.Add(notLeading(func(ctx context.Context) error {
		if mgr.GetCache().WaitForCacheSync(ctx) {
			close(synced)
		}
		return nil
	}))
	if err != nil {
		return fmt.Errorf("watch the caches: %w", err)
	}
	err = mgr.AddReadyzCheck("caches", func(*http.Request) error {
		select {
		case <-synced:
			return nil
		default:
			return errNotSynced
		}
	})
	if err != nil {
		return fmt.Errorf("add readiness check: %w", err)
	}
	return nil
}

// notLeading is work that an operator does whether it leads or not.
type notLeading func(context.Context) error

func (f notLeading) Start(ctx context.Context) error { return f(ctx) }

func (notLeading) NeedLeaderElection() bool { return false }
