package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PoSNetworkStatus is what the operator last saw.
type PoSNetworkStatus struct {
	// observedGeneration is the metadata.generation this status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions: Ready, Available, Progressing, Degraded, FaultTolerant, GenesisReady, StakeSynced.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// chainID of the chain.
	// +optional
	ChainID string `json:"chainID,omitempty"`

	// genesisHash names the chain, 64 hexadecimal digits. Once set it never changes; while it is set no other genesis is
	// made.
	// +optional
	GenesisHash string `json:"genesisHash,omitempty"`

	// image the pods of this network are made from; kept so that a newer operator does not change it.
	// +optional
	Image string `json:"image,omitempty"`

	// replicas is how many validator pods the StatefulSet is asked for. It differs from the spec while scaling is refused.
	// +optional
	Replicas int32 `json:"replicas,omitempty"`

	// selector of the validator pods, for the scale subresource.
	// +optional
	Selector string `json:"selector,omitempty"`

	// readyValidators is "ready/wanted" pods, for people.
	// +optional
	ReadyValidators string `json:"readyValidators,omitempty"`

	// totalStake of the chain in POS.
	// +optional
	TotalStake POS `json:"totalStake,omitempty"`

	// onlineStake of the chain in POS: of validators seen online by the nodes.
	// +optional
	OnlineStake POS `json:"onlineStake,omitempty"`

	// onlineShare is onlineStake of totalStake in percent, rounded down, for people.
	// +optional
	OnlineShare string `json:"onlineShare,omitempty"`

	// height of the chain when status was last written: it is refreshed along with another change, and every 5 minutes.
	// +optional
	Height int64 `json:"height,omitempty"`

	// heightTime is when height was read.
	// +optional
	HeightTime *metav1.Time `json:"heightTime,omitempty"`

	// validators are the node pods by ordinal.
	// +listType=map
	// +listMapKey=ordinal
	// +optional
	Validators []ValidatorStatus `json:"validators,omitempty"`
}

// ValidatorStatus is one node pod.
type ValidatorStatus struct {
	// ordinal of the pod.
	Ordinal int32 `json:"ordinal"`

	// address of the node's account.
	// +optional
	Address string `json:"address,omitempty"`

	// stake that counts for it, in POS.
	// +optional
	Stake POS `json:"stake,omitempty"`

	// share of all stake in percent, with two decimals.
	// +optional
	Share string `json:"share,omitempty"`

	// version of the node's program.
	// +optional
	Version string `json:"version,omitempty"`

	// state: Pending (no running pod), Unreachable, or what the node says: AwaitingGenesis, CatchingUp, Running, Stopped.
	// +optional
	State string `json:"state,omitempty"`

	// message says why the pod or its node does not run, where that is known.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Message string `json:"message,omitempty"`
}

// States of a validator in status beside those a node reports of itself.
const (
	StatePending     = "Pending"
	StateUnreachable = "Unreachable"
)
