package desired

import (
	"fmt"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/posnet/posnet/api/v1alpha1"
)

// Labels and annotations.
const (
	// NetworkLabel names the PoSNetwork an object belongs to.
	NetworkLabel = v1alpha1.Group + "/network"
	// ManagedByLabel and ManagedBy mark what the operator makes; its caches hold nothing else.
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "posnet-operator"
	// GenesisHashAnnotation on the genesis ConfigMap is the hash of its content; on a pod it makes the kubelet refresh the
	// pod's volumes at once.
	GenesisHashAnnotation = v1alpha1.Group + "/genesis-hash"
	// NetworkUIDAnnotation is the UID of the PoSNetwork whose ceremony made a genesis, treasury or faucet.
	NetworkUIDAnnotation = v1alpha1.Group + "/network-uid"
	// AddressAnnotation on the treasury and faucet Secrets is the address of their key.
	AddressAnnotation = v1alpha1.Group + "/address"
	// PodInputsAnnotation and TemplateHashAnnotation on the StatefulSet pin its pod template, see KeepsTemplate.
	PodInputsAnnotation    = v1alpha1.Group + "/pod-inputs"
	TemplateHashAnnotation = v1alpha1.Group + "/pod-template"
)

const (
	nameLabel      = "app.kubernetes.io/name"
	instanceLabel  = "app.kubernetes.io/instance"
	componentLabel = "app.kubernetes.io/component"
	appName        = "posnet"
	validator      = "validator"
	dataVolume     = "data"
)

// StatefulSetName is the StatefulSet of the validators of the network called name.
func StatefulSetName(name string) string { return name }

// PeerServiceName is the headless Service through which nodes find each other.
func PeerServiceName(name string) string { return name + "-p2p" }

// APIServiceName is the Service of the HTTP API.
func APIServiceName(name string) string { return name + "-api" }

// ConfigName is the ConfigMap with the nodes' configuration.
func ConfigName(name string) string { return name + "-config" }

// GenesisName is the ConfigMap with the genesis.
func GenesisName(name string) string { return name + "-genesis" }

// CeremonyName is the Secret with which pods prove that they are pods of the network.
func CeremonyName(name string) string { return name + "-ceremony" }

// TreasuryName is the Secret with the treasury's key.
func TreasuryName(name string) string { return name + "-treasury" }

// FaucetName is the Secret with the faucet's key.
func FaucetName(name string) string { return name + "-faucet" }

// PodName is the name of a validator pod.
func PodName(name string, ordinal int32) string { return fmt.Sprintf("%s-%d", name, ordinal) }

// ClaimName is the name of a validator's volume claim.
func ClaimName(name string, ordinal int32) string {
	return dataVolume + "-" + PodName(name, ordinal)
}

// Ordinal is the ordinal of the pod called pod in the network called name; ok is false for any other name.
func Ordinal(name, pod string) (ordinal int32, ok bool) {
	digits, found := strings.CutPrefix(pod, name+"-")
	n, err := strconv.ParseInt(digits, 10, 32)
	if !found || err != nil || PodName(name, int32(n)) != pod {
		return 0, false
	}
	return int32(n), true
}

// SelectorLabels are the labels of the validator pods of a network, and of no other pods.
func SelectorLabels(name string) map[string]string {
	return map[string]string{nameLabel: appName, instanceLabel: name, componentLabel: validator}
}

// Selector is SelectorLabels as the string the scale subresource wants.
func Selector(name string) string {
	return metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: SelectorLabels(name)})
}

// Labels are the labels of every object of a network.
func Labels(name string) map[string]string {
	return map[string]string{
		nameLabel: appName, instanceLabel: name, ManagedByLabel: ManagedBy, NetworkLabel: name,
	}
}

// OwnerReference makes an object go with the network.
func OwnerReference(n *v1alpha1.PoSNetwork) metav1.OwnerReference {
	yes := true
	return metav1.OwnerReference{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.Kind, Name: n.Name, UID: n.UID,
		Controller: &yes, BlockOwnerDeletion: &yes,
	}
}

// owned is the metadata of an object that lives and dies with the network.
func owned(n *v1alpha1.PoSNetwork, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: n.Namespace, Labels: Labels(n.Name),
		OwnerReferences: []metav1.OwnerReference{OwnerReference(n)},
	}
}

// kept is the metadata of an object that must survive the network unless its data is to be deleted.
func kept(n *v1alpha1.PoSNetwork, name string) metav1.ObjectMeta {
	m := owned(n, name)
	if Retained(n) {
		m.OwnerReferences = nil
	}
	m.Annotations = map[string]string{NetworkUIDAnnotation: string(n.UID)}
	return m
}

// Retained reports whether data outlives the network.
func Retained(n *v1alpha1.PoSNetwork) bool {
	return n.Spec.Storage.Retention != v1alpha1.DeleteData
}
