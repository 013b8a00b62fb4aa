package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Retention says what happens to data when the PoSNetwork is deleted.
//
// +kubebuilder:validation:Enum=Retain;Delete
type Retention string

const (
	// RetainData keeps volumes, genesis, treasury and faucet; a PoSNetwork of the same name takes them up again.
	RetainData Retention = "Retain"
	// DeleteData removes them with the PoSNetwork.
	DeleteData Retention = "Delete"
)

// StorageSpec is the volume of each node.
type StorageSpec struct {
	// size of each node's volume. Default 10Gi. Immutable.
	// +kubebuilder:default="10Gi"
	// +optional
	Size *resource.Quantity `json:"size,omitempty"`

	// storageClassName of the volumes. Default: the cluster's default class. Immutable.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	StorageClassName *string `json:"storageClassName,omitempty"`

	// accessMode of the volumes: ReadWriteOncePod, so that two pods can never run on one set of keys, or ReadWriteOnce
	// where the storage does not know it. Default ReadWriteOncePod. Immutable.
	// +kubebuilder:validation:Enum=ReadWriteOncePod;ReadWriteOnce
	// +kubebuilder:default=ReadWriteOncePod
	// +optional
	AccessMode string `json:"accessMode,omitempty"`

	// retention: Retain keeps volumes (and the keys on them), genesis, treasury and faucet when the PoSNetwork is
	// deleted; Delete removes them. Default Retain. May change at any time; wait for status.observedGeneration before
	// deleting. Volumes go only once all of them are bound, a second or two after the network is made.
	// +kubebuilder:default=Retain
	// +optional
	Retention Retention `json:"retention,omitempty"`
}

// ResourcesSpec are requests and limits of the node container, by resource name ("cpu", "memory", …).
type ResourcesSpec struct {
	// requests are set aside for each pod.
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	Requests map[string]resource.Quantity `json:"requests,omitempty"`

	// limits are never exceeded. With a memory limit the node collects garbage earlier (GOMEMLIMIT at 90 % of it)
	// and keeps as much of the state in memory as an eighth of it holds: a large state is worth a larger limit.
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	Limits map[string]resource.Quantity `json:"limits,omitempty"`
}

// SchedulingSpec says where pods may run.
type SchedulingSpec struct {
	// nodeSelector: labels a machine must have.
	// +kubebuilder:validation:MaxProperties=32
	// +optional
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`

	// tolerations let pods onto tainted machines.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	Tolerations []Toleration `json:"tolerations,omitempty"`

	// affinity as in a pod's spec.affinity. Default: validators prefer different machines.
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +optional
	Affinity *runtime.RawExtension `json:"affinity,omitempty"`

	// topologySpread spreads the pods over the values of a machine label, such as zones.
	// +kubebuilder:validation:MaxItems=8
	// +listType=atomic
	// +optional
	TopologySpread []TopologySpread `json:"topologySpread,omitempty"`

	// priorityClassName of the pods. Default: none.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	PriorityClassName string `json:"priorityClassName,omitempty"`
}

// Toleration tolerates a taint; the fields are those of a pod's toleration.
type Toleration struct {
	// key of the taint; empty tolerates every key.
	// +optional
	Key string `json:"key,omitempty"`

	// operator: Equal or Exists. Default Equal.
	// +kubebuilder:validation:Enum=Equal;Exists
	// +optional
	Operator string `json:"operator,omitempty"`

	// value of the taint, with Equal.
	// +optional
	Value string `json:"value,omitempty"`

	// effect: NoSchedule, PreferNoSchedule or NoExecute; empty tolerates all.
	// +kubebuilder:validation:Enum="";NoSchedule;PreferNoSchedule;NoExecute
	// +optional
	Effect string `json:"effect,omitempty"`

	// tolerationSeconds: how long NoExecute is tolerated. Default: for ever.
	// +optional
	TolerationSeconds *int64 `json:"tolerationSeconds,omitempty"`
}

// TopologySpread keeps the number of pods per value of a machine label even.
type TopologySpread struct {
	// topologyKey is the machine label, such as "topology.kubernetes.io/zone".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	// +required
	TopologyKey string `json:"topologyKey"`

	// maxSkew is the largest difference allowed between two values, in pods. Default 1.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:default=1
	// +optional
	MaxSkew int32 `json:"maxSkew,omitempty"`

	// whenUnsatisfiable: DoNotSchedule or ScheduleAnyway. Default ScheduleAnyway.
	// +kubebuilder:validation:Enum=DoNotSchedule;ScheduleAnyway
	// +kubebuilder:default=ScheduleAnyway
	// +optional
	WhenUnsatisfiable string `json:"whenUnsatisfiable,omitempty"`
}

// ServiceSpec is how the API is exposed.
type ServiceSpec struct {
	// type of the Service: ClusterIP, NodePort or LoadBalancer. Default ClusterIP.
	// +kubebuilder:validation:Enum=ClusterIP;NodePort;LoadBalancer
	// +kubebuilder:default=ClusterIP
	// +optional
	Type string `json:"type,omitempty"`

	// annotations of the Service, for load balancers and external DNS.
	// +kubebuilder:validation:MaxProperties=32
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
}

// NetworkPolicySpec limits who reaches the pods.
type NetworkPolicySpec struct {
	// enabled makes a NetworkPolicy: peers only from pods of the same network, the API from everywhere, the private port
	// (metrics, logs) from the operator and from metricsFrom. Default true.
	// +kubebuilder:default=true
	// +optional
	Enabled *bool `json:"enabled,omitempty"`

	// metricsFrom selects the namespaces whose pods may read metrics. Default: all namespaces of the cluster.
	// +optional
	MetricsFrom *metav1.LabelSelector `json:"metricsFrom,omitempty"`
}

// TelemetrySpec adds what monitoring systems look for.
type TelemetrySpec struct {
	// datadog adds autodiscovery annotations, unified service tags and DD_* environment to the pods.
	// +kubebuilder:default={}
	// +optional
	Datadog DatadogSpec `json:"datadog,omitempty"`
}

// DatadogSpec is for the Datadog agent; without one the annotations and labels do nothing.
type DatadogSpec struct {
	// enabled adds them. Default true.
	// +kubebuilder:default=true
	// +optional
	Enabled *bool `json:"enabled,omitempty"`

	// env is the unified service tag "env". Default "dev".
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$`
	// +kubebuilder:default=dev
	// +optional
	Env string `json:"env,omitempty"`

	// service is the unified service tag "service". Default "posnet".
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$`
	// +kubebuilder:default=posnet
	// +optional
	Service string `json:"service,omitempty"`

	// version is the unified service tag "version". Default: the tag of the image.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$`
	// +optional
	Version string `json:"version,omitempty"`
}

// PodTemplateSpec adds metadata to the node pods; what the operator sets itself wins.
type PodTemplateSpec struct {
	// labels to add.
	// +kubebuilder:validation:MaxProperties=32
	// +optional
	Labels map[string]string `json:"labels,omitempty"`

	// annotations to add.
	// +kubebuilder:validation:MaxProperties=32
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
}
