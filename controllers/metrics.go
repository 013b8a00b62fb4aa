package controllers

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// The operator's own metrics, beside those of controller-runtime. The labels of a network are its namespace and name,
// which are as many as there are networks.
var (
	networkLabels = []string{"namespace", "name"}

	networkReady = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "posnet_operator_network_ready", Help: "1 if the network is Ready, else 0.",
	}, networkLabels)
	networkHeight = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "posnet_operator_network_height", Help: "Height of the chain as the operator last saw it; live, unlike status.",
	}, networkLabels)
	networkOnline = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "posnet_operator_network_online_stake_ratio", Help: "Stake that is online of all stake, from 0 to 1.",
	}, networkLabels)
	networkDegraded = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "posnet_operator_network_degraded", Help: "1 if something about the network needs attention, else 0.",
	}, networkLabels)

	apiWrites = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "posnet_operator_api_writes_total", Help: "Writes to the Kubernetes API by verb and kind. At rest it does not grow.",
	}, []string{"verb", "kind"})
	stepErrors = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "posnet_operator_step_errors_total", Help: "Passes over a network that ended early, by the step that failed.",
	}, []string{"step"})
	nodeErrors = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "posnet_operator_node_errors_total", Help: "Requests to nodes that failed or were refused.",
	})
	ceremonies = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "posnet_operator_ceremonies_total", Help: "Geneses made by this process.",
	})
)

func init() {
	metrics.Registry.MustRegister(networkReady, networkHeight, networkOnline, networkDegraded, apiWrites, stepErrors, nodeErrors, ceremonies)
}

func (r *Reconciler) observeMetrics(p *pass, ready bool) {
	ns, name := p.net.Namespace, p.net.Name
	networkReady.WithLabelValues(ns, name).Set(number(ready))
	networkDegraded.WithLabelValues(ns, name).Set(number(len(p.problems) > 0))
	if p.chain == nil {
		networkOnline.WithLabelValues(ns, name).Set(0)
		return
	}
	networkHeight.WithLabelValues(ns, name).Set(float64(p.chain.status.Height))
	if total := p.chain.validators.TotalStake; total > 0 {
		networkOnline.WithLabelValues(ns, name).Set(float64(p.chain.status.OnlineStake) / float64(total))
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// forgetMetrics removes the series of a network that is gone.
func forgetMetrics(n types.NamespacedName) {
	for _, v := range []*prometheus.GaugeVec{networkReady, networkHeight, networkOnline, networkDegraded} {
		v.DeleteLabelValues(n.Namespace, n.Name)
	}
}

// counting counts the writes that go through c.
func counting(c client.Client) client.Client { return &countingClient{Client: c} }

type countingClient struct{ client.Client }

func (c *countingClient) count(verb string, o runtime.Object) {
	kind := "unknown"
	if gvk, err := apiutil.GVKForObject(o, c.Scheme()); err == nil {
		kind = gvk.Kind
	}
	apiWrites.WithLabelValues(verb, kind).Inc()
}

func (c *countingClient) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	c.count("create", o)
	return c.Client.Create(ctx, o, opts...)
}

func (c *countingClient) Update(ctx context.Context, o client.Object, opts ...client.UpdateOption) error {
	c.count("update", o)
	return c.Client.Update(ctx, o, opts...)
}

func (c *countingClient) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
	c.count("patch", o)
	return c.Client.Patch(ctx, o, patch, opts...)
}

func (c *countingClient) Apply(ctx context.Context, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
	kind := "unknown"
	if k, ok := o.(interface{ GetKind() string }); ok {
		kind = k.GetKind()
	}
	apiWrites.WithLabelValues("apply", kind).Inc()
	return c.Client.Apply(ctx, o, opts...)
}

func (c *countingClient) Delete(ctx context.Context, o client.Object, opts ...client.DeleteOption) error {
	c.count("delete", o)
	return c.Client.Delete(ctx, o, opts...)
}

func (c *countingClient) Status() client.SubResourceWriter {
	return &countingStatus{SubResourceWriter: c.Client.Status(), parent: c}
}

type countingStatus struct {
	client.SubResourceWriter
	parent *countingClient
}

func (s *countingStatus) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
	s.parent.count("patch-status", o)
	return s.SubResourceWriter.Patch(ctx, o, patch, opts...)
}
