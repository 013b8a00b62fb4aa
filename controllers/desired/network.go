package desired

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/posnet/posnet/api/v1alpha1"
)

// PeerService is the headless Service whose A records are all validator pods, ready or not: a node that is not ready yet
// must find its peers to become so.
func PeerService(in Input) *corev1.Service {
	n := in.Network
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: owned(n, PeerServiceName(n.Name)),
		Spec: corev1.ServiceSpec{
			ClusterIP:                corev1.ClusterIPNone,
			PublishNotReadyAddresses: true,
			Selector:                 SelectorLabels(n.Name),
			Ports: []corev1.ServicePort{
				port("api", corev1.ProtocolTCP, APIPort),
				port("p2p", corev1.ProtocolTCP, PeerPort),
				port("p2p-quic", corev1.ProtocolUDP, PeerPort),
			},
		},
	}
}

// APIService is the Service of the HTTP API, ready pods only.
func APIService(in Input) *corev1.Service {
	n := in.Network
	meta := owned(n, APIServiceName(n.Name))
	meta.Annotations = n.Spec.Service.Annotations
	kind := corev1.ServiceType(n.Spec.Service.Type)
	if kind == "" {
		kind = corev1.ServiceTypeClusterIP
	}
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: meta,
		Spec: corev1.ServiceSpec{
			Type:     kind,
			Selector: SelectorLabels(n.Name),
			Ports:    []corev1.ServicePort{port("api", corev1.ProtocolTCP, APIPort)},
		},
	}
}

func port(name string, protocol corev1.Protocol, number int32) corev1.ServicePort {
	return corev1.ServicePort{Name: name, Protocol: protocol, Port: number, TargetPort: intstr.FromString(name)}
}

// PodDisruptionBudget lets as many pods be evicted at once as the chain can lose. Sick pods may always go: they add
// nothing to the quorum, and keeping them would block the drain of a broken machine.
func PodDisruptionBudget(in Input) *policyv1.PodDisruptionBudget {
	n := in.Network
	max := intstr.FromInt32(in.MaxUnavailable)
	always := policyv1.AlwaysAllow
	return &policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"},
		ObjectMeta: owned(n, n.Name),
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable:             &max,
			Selector:                   &metav1.LabelSelector{MatchLabels: SelectorLabels(n.Name)},
			UnhealthyPodEvictionPolicy: &always,
		},
	}
}

func policyWanted(n *v1alpha1.PoSNetwork) bool {
	on := n.Spec.NetworkPolicy.Enabled
	return on == nil || *on
}

// NetworkPolicy limits who reaches the pods: peers are pods of the same network, the API is open, the private port is for
// the operator and for whoever may read metrics. What pods may reach is not limited.
func NetworkPolicy(in Input) *networkingv1.NetworkPolicy {
	n := in.Network
	scrapers := n.Spec.NetworkPolicy.MetricsFrom
	if scrapers == nil {
		scrapers = &metav1.LabelSelector{}
	}
	private := []networkingv1.NetworkPolicyPeer{{NamespaceSelector: scrapers}}
	if in.OperatorNamespace != "" {
		private = append(private, networkingv1.NetworkPolicyPeer{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: in.OperatorNamespace}},
			PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{nameLabel: appName, componentLabel: "operator"}},
		})
	}
	peers := []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: SelectorLabels(n.Name)}}}
	return &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: owned(n, n.Name),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: SelectorLabels(n.Name)},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{
				{From: peers, Ports: []networkingv1.NetworkPolicyPort{
					admit(corev1.ProtocolTCP, PeerPort), admit(corev1.ProtocolUDP, PeerPort),
				}},
				{Ports: []networkingv1.NetworkPolicyPort{admit(corev1.ProtocolTCP, APIPort)}},
				{From: private, Ports: []networkingv1.NetworkPolicyPort{admit(corev1.ProtocolTCP, PrivatePort)}},
			},
		},
	}
}

func admit(protocol corev1.Protocol, number int32) networkingv1.NetworkPolicyPort {
	p := intstr.FromInt32(number)
	return networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: &p}
}
