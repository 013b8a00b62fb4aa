package desired

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/posnet/posnet/api/v1alpha1"
)

// Object is a Kubernetes object of any kind.
type Object interface {
	metav1.Object
	runtime.Object
}

// Input is a network and what the operator decided about it.
type Input struct {
	// Network is the PoSNetwork; its status is not read.
	Network *v1alpha1.PoSNetwork
	// Image is the resolved image of the pods.
	Image string
	// Replicas is how many pods to run; it differs from the spec while scaling is refused.
	Replicas int32
	// Partition: pods with an ordinal below it stay on their current revision. Replicas means that no pod is restarted.
	Partition int32
	// MaxUnavailable is how many pods may be evicted at once, at least 1.
	MaxUnavailable int32
	// DeleteClaims lets the StatefulSet's volume claims go with it.
	DeleteClaims bool
	// OperatorNamespace is where the operator runs; empty when it runs outside the cluster.
	OperatorNamespace string
	// ClusterDomain is the cluster's DNS domain, such as "cluster.local".
	ClusterDomain string
}

// Objects are the objects the operator keeps as they are here, in the order they are applied: what pods need before the
// pods.
func Objects(in Input) ([]Object, error) {
	config, err := Config(in)
	if err != nil {
		return nil, err
	}
	set, err := StatefulSet(in)
	if err != nil {
		return nil, err
	}
	objects := []Object{ServiceAccount(in), config, PeerService(in), APIService(in)}
	if policyWanted(in.Network) {
		objects = append(objects, NetworkPolicy(in))
	}
	return append(objects, PodDisruptionBudget(in), set), nil
}
