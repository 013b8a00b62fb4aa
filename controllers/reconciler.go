package controllers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/chainclient"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/node/chain"
)

// FieldOwner is the operator's name as an owner of fields.
const FieldOwner = "posnet-operator"

// What each marker allows is used below; Secrets are read one by one and never listed or cached.
//
// +kubebuilder:rbac:groups=posnet.dev,resources=posnetworks,verbs=get;list;watch
// +kubebuilder:rbac:groups=posnet.dev,resources=posnetworks/status,verbs=patch
// +kubebuilder:rbac:groups=posnet.dev,resources=posnetworks/finalizers,verbs=update
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=services;configmaps;serviceaccounts,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;create;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
//
// The Lease with which operators elect their leader, and its events, are in the operator's own namespace only.
//
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=posnet-system,resources=leases,verbs=get;create;update;patch
// +kubebuilder:rbac:groups="",namespace=posnet-system,resources=events,verbs=create;patch

// Nodes is how the operator speaks to the nodes of a network; [chainclient.Client] does it over HTTP.
type Nodes interface {
	Node(ctx context.Context, host string) (chainclient.Node, error)
	Status(ctx context.Context, host string) (chainclient.Status, error)
	Validators(ctx context.Context, host string) (chainclient.Validators, error)
	Attest(ctx context.Context, host string, secret []byte, networkUID string, ordinal int32) (chain.Identity, error)
	Genesis(ctx context.Context, host string, want chain.Hash) (*chain.Genesis, []byte, error)
}

// Config is what differs between installations of the operator.
type Config struct {
	// Image is the operator's own image, for networks that name none.
	Image string
	// Namespace the operator runs in; empty outside a cluster.
	Namespace string
	// ClusterDomain is the DNS domain of the cluster, such as "cluster.local".
	ClusterDomain string
	// PollInterval is how often nodes are asked while nothing changes. It bounds how old the operator's view is, at the
	// cost of two requests to each node. At least 1 s.
	PollInterval time.Duration
	// Workers is how many networks are looked at concurrently.
	Workers int
	// SkipNameValidation allows a second controller of the same name in one process; only tests need it.
	SkipNameValidation bool
}

// HeightInterval is how often height alone may be written to status.
const HeightInterval = 5 * time.Minute

// Reconciler makes networks what they are declared to be.
type Reconciler struct {
	// Client reads from caches (but not Secrets) and writes.
	Client client.Client
	// Reader reads from the API server itself.
	Reader client.Reader
	Nodes  Nodes
	Events events.EventRecorder
	Config Config
	// Now is the clock of status.
	Now func() time.Time

	mu sync.Mutex
	// seen are the identities collected so far for geneses not made yet, by network and ordinal. Losing them costs
	// nothing but a message.
	seen map[types.UID]map[int32]chain.Identity
}

// New returns a reconciler on the manager's clients.
func New(mgr ctrl.Manager, nodes Nodes, c Config) *Reconciler {
	return &Reconciler{
		Client: counting(mgr.GetClient()), Reader: mgr.GetAPIReader(), Nodes: nodes,
		Events: mgr.GetEventRecorder(FieldOwner), Config: c, Now: time.Now,
	}
}

// SetupWithManager makes the manager run r.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	// Pods, volumes and what outlives the network are not owned by it; their label leads back.
	byLabel := handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		name := o.GetLabels()[desired.NetworkLabel]
		if name == "" {
			return nil
		}
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}}
	})
	changed := builder.WithPredicates(predicate.ResourceVersionChangedPredicate{})
	err := ctrl.NewControllerManagedBy(mgr).
		Named("posnetwork").
		For(&v1alpha1.PoSNetwork{}, changed).
		Watches(&appsv1.StatefulSet{}, byLabel, changed).
		Watches(&corev1.Service{}, byLabel, changed).
		Watches(&corev1.ServiceAccount{}, byLabel, changed).
		Watches(&corev1.ConfigMap{}, byLabel, changed).
		Watches(&policyv1.PodDisruptionBudget{}, byLabel, changed).
		Watches(&networkingv1.NetworkPolicy{}, byLabel, changed).
		Watches(&corev1.Pod{}, byLabel, changed).
		Watches(&corev1.PersistentVolumeClaim{}, byLabel, changed).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: max(1, r.Config.Workers),
			SkipNameValidation:      &r.Config.SkipNameValidation,
		}).
		Complete(r)
	if err != nil {
		return fmt.Errorf("set up the PoSNetwork controller: %w", err)
	}
	return nil
}

// Reconcile takes one pass over a network.
func (r *Reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	n := &v1alpha1.PoSNetwork{}
	if err := r.Client.Get(ctx, request.NamespacedName, n); err != nil {
		if apierrors.IsNotFound(err) {
			forgetMetrics(request.NamespacedName)
			return reconcile.Result{}, nil
		}
		return reconcile.Result{}, fmt.Errorf("get PoSNetwork: %w", err)
	}
	if !n.DeletionTimestamp.IsZero() {
		// Owner references carry out the deletion, and the StatefulSet the retention of volumes: it works without us.
		r.forgetIdentities(n.UID)
		return reconcile.Result{}, nil
	}
	p := newPass(n)
	for _, s := range []struct {
		name string
		run  func(context.Context, *pass) error
	}{
		{"observe", r.observe},
		{"secrets", r.ensureCeremonySecret},
		{"decide", r.decide},
		{"workload", r.applyWorkload},
		{"genesis", r.ensureGenesis},
		{"accounts", r.checkAccounts},
		{"retention", r.ensureRetention},
		{"wake", r.wakePods},
	} {
		err := s.run(ctx, p)
		var blocked *blockedError
		if errors.As(err, &blocked) {
			p.problem(blocked.reason, "%s", blocked.message)
			break
		}
		if err != nil {
			stepErrors.WithLabelValues(s.name).Inc()
			if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
				// Somebody else was faster; look again.
				return reconcile.Result{RequeueAfter: 100 * time.Millisecond}, nil
			}
			return reconcile.Result{}, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	ready, err := r.writeStatus(ctx, p)
	if err != nil {
		if apierrors.IsConflict(err) {
			return reconcile.Result{RequeueAfter: 100 * time.Millisecond}, nil
		}
		return reconcile.Result{}, err
	}
	return reconcile.Result{RequeueAfter: r.nextLook(p, ready)}, nil
}

// nextLook is when to look again if no watch fires first. Nodes do not tell when their chain moves, so they are asked:
// often while somebody waits for a network to come up or back, rarely at rest, and rarely too when what is missing is a
// person.
func (r *Reconciler) nextLook(p *pass, ready bool) time.Duration {
	rest := max(time.Second, r.Config.PollInterval)
	unready := time.Duration(0)
	if c := apimeta.FindStatusCondition(p.net.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		unready = r.Now().Sub(c.LastTransitionTime.Time)
	}
	switch {
	case ready || unready > 10*time.Minute:
		return rest
	case unready < time.Minute && p.allRunning():
		return 250 * time.Millisecond
	default:
		return min(2*time.Second, rest)
	}
}

// blockedError ends the steps of a pass with a problem that a person must see to.
type blockedError struct{ reason, message string }

func (e *blockedError) Error() string { return e.reason + ": " + e.message }

func blocked(reason, format string, args ...any) error {
	return &blockedError{reason, fmt.Sprintf(format, args...)}
}
