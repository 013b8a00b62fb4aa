package desired

import (
	"bytes"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/posnet/posnet/api/v1alpha1"
)

// Ports of a node.
const (
	APIPort     = 8050
	PeerPort    = 8010
	PrivatePort = 9464
)

// Where things are in a pod.
const (
	configDir   = "/etc/posnet/config"
	configFile  = "node.yaml"
	genesisDir  = "/etc/posnet/genesis"
	ceremonyDir = "/etc/posnet/ceremony"
	broughtDir  = "/etc/posnet/brought-keys"
	pickedDir   = "/run/posnet-keys"
	volumeDir   = "/var/lib/posnet"
	dataDir     = volumeDir + "/node"
)

// Keys of the objects' data.
const (
	// GenesisFile is the key of the genesis in its ConfigMap.
	GenesisFile = "genesis.json"
	// CeremonyKey is the key of the ceremony secret.
	CeremonyKey = "secret"
	// AccountKey is the key of a private account key (PKCS#8 PEM) in the treasury and faucet Secrets, AddressKey that of
	// its address.
	AccountKey = "account.pem"
	AddressKey = "address"
)

// Seed is the host and port where a node of the network finds its peers: the headless service, fully qualified so that no
// search domain is tried first.
func Seed(name, namespace, clusterDomain string) string {
	return fmt.Sprintf("%s.%s.svc.%s:%d", PeerServiceName(name), namespace, clusterDomain, APIPort)
}

// Config is the ConfigMap with the nodes' configuration. Pods do not restart when it changes; they read it at their next
// start.
func Config(in Input) (*corev1.ConfigMap, error) {
	n := in.Network
	level := n.Spec.LogLevel
	if level == "" {
		level = "info"
	}
	// Keys are the flags of `posnet node`; YAML sorts them.
	text, err := yaml.Marshal(map[string]any{
		"data-dir":             dataDir,
		"genesis":              genesisDir + "/" + GenesisFile,
		"await-genesis":        true,
		"ceremony-secret-file": ceremonyDir + "/" + CeremonyKey,
		"ip":                   "0.0.0.0",
		"api-port":             APIPort,
		"node-port":            PeerPort,
		"private-ip":           "0.0.0.0",
		"private-port":         PrivatePort,
		"peers":                Seed(n.Name, n.Namespace, in.ClusterDomain),
		"log-level":            level,
		"log-format":           "json",
	})
	if err != nil {
		return nil, fmt.Errorf("write the nodes' configuration: %w", err)
	}
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: owned(n, ConfigName(n.Name)),
		Data:       map[string]string{configFile: string(text)},
	}, nil
}

// CeremonySecret holds the secret that pods of the network share with the operator. The file in the pod is its base64
// text.
func CeremonySecret(n *v1alpha1.PoSNetwork, secret string) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: owned(n, CeremonyName(n.Name)),
		Type:       corev1.SecretTypeOpaque,
		Data:       map[string][]byte{CeremonyKey: []byte(secret)},
	}
}

// AccountSecret holds the key of the treasury or the faucet, by name. It never changes and outlives the network unless
// data is to be deleted: whoever loses the treasury's key loses its tokens.
func AccountSecret(n *v1alpha1.PoSNetwork, name string, privatePEM []byte, address string) *corev1.Secret {
	immutable := true
	meta := kept(n, name)
	meta.Annotations[AddressAnnotation] = address
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: meta,
		Immutable:  &immutable,
		Type:       corev1.SecretTypeOpaque,
		Data:       map[string][]byte{AccountKey: bytes.TrimSpace(privatePEM), AddressKey: []byte(address)},
	}
}

// GenesisConfigMap holds the genesis. It never changes and outlives the network unless data is to be deleted.
func GenesisConfigMap(n *v1alpha1.PoSNetwork, file []byte, hash string) *corev1.ConfigMap {
	immutable := true
	meta := kept(n, GenesisName(n.Name))
	meta.Annotations[GenesisHashAnnotation] = hash
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: meta,
		Immutable:  &immutable,
		Data:       map[string]string{GenesisFile: string(file)},
	}
}

// ServiceAccount of the pods; they get no token for it, because nodes never speak to Kubernetes.
func ServiceAccount(in Input) *corev1.ServiceAccount {
	no := false
	return &corev1.ServiceAccount{
		TypeMeta:                     metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta:                   owned(in.Network, in.Network.Name),
		AutomountServiceAccountToken: &no,
	}
}

// imageTag is the part of an image name that tells versions apart, in the form of a label value.
func imageTag(image string) string {
	if _, digest, ok := strings.Cut(image, "@sha256:"); ok {
		return digest[:min(12, len(digest))]
	}
	name := image[strings.LastIndex(image, "/")+1:]
	_, tag, ok := strings.Cut(name, ":")
	if !ok {
		return "latest"
	}
	return strings.Trim(tag[:min(63, len(tag))], "-_.")
}
