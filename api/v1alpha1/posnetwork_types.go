package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PoSNetwork is one proof-of-stake network: a chain, its validators and the objects that run them.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.validators.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:resource:path=posnetworks,singular=posnetwork,shortName=posnet;posnets,categories=all
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the network runs as declared"
// +kubebuilder:printcolumn:name="Validators",type=string,JSONPath=`.status.readyValidators`,description="Ready validator pods of those wanted"
// +kubebuilder:printcolumn:name="Online Stake",type=string,JSONPath=`.status.onlineShare`,description="Share of stake whose validators are online"
// +kubebuilder:printcolumn:name="Height",type=integer,JSONPath=`.status.height`,description="Height of the chain when status was last written"
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Progressing")].reason`,description="What the operator is doing or waiting for"
// +kubebuilder:printcolumn:name="Chain",type=string,priority=1,JSONPath=`.status.chainID`,description="Name of the chain"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 40",message="the name of a PoSNetwork has at most 40 characters: the names of its pods and services are made from it and may not exceed 63"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="the name of a PoSNetwork is made of lower-case letters, digits and dashes, and starts with a letter: services are named after it"
type PoSNetwork struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares the network.
	// +required
	Spec PoSNetworkSpec `json:"spec"`

	// status is what the operator last saw. At rest it is not written; live figures come from metrics.
	// +optional
	Status PoSNetworkStatus `json:"status,omitempty"`
}

// PoSNetworkList is a list of networks.
//
// +kubebuilder:object:root=true
type PoSNetworkList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PoSNetwork `json:"items"`
}

// PoSNetworkSpec declares a network. Everything has a default: `spec: {}` is a network of four equal validators.
//
// +kubebuilder:validation:XValidation:rule="has(self.chainID) == has(oldSelf.chainID) && (!has(self.chainID) || self.chainID == oldSelf.chainID)",message="chainID is part of the genesis and cannot change: make a new PoSNetwork for a new chain",fieldPath=".chainID"
// +kubebuilder:validation:XValidation:rule="self.params == oldSelf.params",message="params are part of the genesis and cannot change: every node of the chain agrees on them",fieldPath=".params"
// +kubebuilder:validation:XValidation:rule="has(self.allocations) == has(oldSelf.allocations) && (!has(self.allocations) || self.allocations == oldSelf.allocations)",message="allocations are opening balances of the genesis and cannot change: send a transfer instead",fieldPath=".allocations"
// +kubebuilder:validation:XValidation:rule="self.treasury == oldSelf.treasury",message="the treasury's balance is part of the genesis and cannot change",fieldPath=".treasury"
// +kubebuilder:validation:XValidation:rule="self.faucet == oldSelf.faucet",message="the faucet is part of the genesis and cannot change: send a transfer instead",fieldPath=".faucet"
// +kubebuilder:validation:XValidation:rule="self.storage.size == oldSelf.storage.size && self.storage.accessMode == oldSelf.storage.accessMode && has(self.storage.storageClassName) == has(oldSelf.storage.storageClassName) && (!has(self.storage.storageClassName) || self.storage.storageClassName == oldSelf.storage.storageClassName)",message="storage cannot change after creation, except storage.retention: volume claims of a StatefulSet are immutable",fieldPath=".storage"
// +kubebuilder:validation:XValidation:rule="has(self.validators.keysSecretRef) == has(oldSelf.validators.keysSecretRef) && (!has(self.validators.keysSecretRef) || self.validators.keysSecretRef == oldSelf.validators.keysSecretRef)",message="keysSecretRef cannot change after creation: the genesis holds the keys it brought",fieldPath=".validators"
type PoSNetworkSpec struct {
	// image is the container image of the nodes.
	// +kubebuilder:default={}
	// +optional
	Image ImageSpec `json:"image,omitempty"`

	// chainID names the chain for people; it is part of the genesis and so of every signature. 1 to 63 lower-case
	// letters, digits, dots and dashes. Default: "<name>.<namespace>" of the PoSNetwork. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`
	// +optional
	ChainID string `json:"chainID,omitempty"`

	// validators declares the validator pods and their stake.
	// +kubebuilder:default={}
	// +optional
	Validators ValidatorsSpec `json:"validators,omitempty"`

	// params are the rules of the chain, the same for every node. Immutable.
	// +kubebuilder:default={}
	// +optional
	Params ParamsSpec `json:"params,omitempty"`

	// allocations are opening balances of further accounts, at most 1000. Immutable. A balance cannot be given later
	// this way: send a transfer.
	// +kubebuilder:validation:MaxItems=1000
	// +listType=map
	// +listMapKey=address
	// +optional
	Allocations []Allocation `json:"allocations,omitempty"`

	// treasury is the account whose key the operator holds (Secret "<name>-treasury") and whose stake the validators
	// of the genesis forge with. Immutable.
	// +kubebuilder:default={}
	// +optional
	Treasury TreasurySpec `json:"treasury,omitempty"`

	// faucet is an account for handing out tokens on test networks (Secret "<name>-faucet"). Immutable.
	// +kubebuilder:default={}
	// +optional
	Faucet FaucetSpec `json:"faucet,omitempty"`

	// storage is the volume of each node and what becomes of data when the PoSNetwork is deleted.
	// +kubebuilder:default={}
	// +optional
	Storage StorageSpec `json:"storage,omitempty"`

	// resources of the node container. Default: requests of 100m CPU and 128Mi memory, a limit of 512Mi memory and none
	// of CPU (a throttled validator misses its votes).
	// +optional
	Resources *ResourcesSpec `json:"resources,omitempty"`

	// scheduling says where pods may run.
	// +kubebuilder:default={}
	// +optional
	Scheduling SchedulingSpec `json:"scheduling,omitempty"`

	// service is how the API is exposed: Service "<name>-api", port 8050, ready pods only.
	// +kubebuilder:default={}
	// +optional
	Service ServiceSpec `json:"service,omitempty"`

	// networkPolicy limits who reaches the pods, where the cluster's network enforces it.
	// +kubebuilder:default={}
	// +optional
	NetworkPolicy NetworkPolicySpec `json:"networkPolicy,omitempty"`

	// telemetry adds what monitoring systems look for.
	// +kubebuilder:default={}
	// +optional
	Telemetry TelemetrySpec `json:"telemetry,omitempty"`

	// logLevel of the nodes: debug, info, warn or error. Default info. A running node keeps its level until it restarts.
	// +kubebuilder:validation:Enum=debug;info;warn;error
	// +kubebuilder:default=info
	// +optional
	LogLevel string `json:"logLevel,omitempty"`

	// podTemplate adds labels and annotations to the node pods.
	// +kubebuilder:default={}
	// +optional
	PodTemplate PodTemplateSpec `json:"podTemplate,omitempty"`
}

// ImageSpec names the container image of the nodes.
type ImageSpec struct {
	// repository of the image, with its registry where that is not the default one. Default: the operator's own image
	// as of the creation of the network.
	// +kubebuilder:validation:MaxLength=255
	// +optional
	Repository string `json:"repository,omitempty"`

	// tag of the image, or its digest ("sha256:…"). Default: that of the operator's own image as of the creation of the
	// network; status.image keeps it, so that a newer operator does not change it.
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|sha256:[a-f0-9]{64})$`
	// +optional
	Tag string `json:"tag,omitempty"`

	// pullPolicy: Always, IfNotPresent or Never. Default IfNotPresent.
	// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
	// +kubebuilder:default=IfNotPresent
	// +optional
	PullPolicy string `json:"pullPolicy,omitempty"`

	// pullSecrets name Secrets of the same namespace for pulling from a private registry, at most 8.
	// +kubebuilder:validation:MaxItems=8
	// +listType=set
	// +optional
	PullSecrets []string `json:"pullSecrets,omitempty"`
}
