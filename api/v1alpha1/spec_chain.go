package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// POS is an amount of tokens or stake: a decimal string in POS with at most six decimals, such as "25" or "0.5".
//
// +kubebuilder:validation:MaxLength=20
// +kubebuilder:validation:Pattern=`^(0|[1-9][0-9]{0,12})(\.[0-9]{1,6})?$`
type POS string

// ValidatorsSpec declares the validators.
//
// +kubebuilder:validation:XValidation:rule="!has(self.stake) || double(self.stake) > 0.0 || (has(self.overrides) && self.overrides.exists(o, double(o.stake) > 0.0))",message="at least one validator needs stake: nobody could forge the first block"
type ValidatorsSpec struct {
	// replicas is how many node pods there are, 1 to 200. Those that exist at the ceremony become the validators of the
	// genesis; pods added later follow the chain without stake. Fewer pods are refused while that would take the chain's
	// quorum (more than 2/3 of stake). Default 4: the fewest of which one may fail.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=200
	// +kubebuilder:default=4
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`

	// stake of each validator in POS, bonded by the treasury. It counts when the genesis is made. Default "1000".
	// +kubebuilder:default="1000"
	// +optional
	Stake POS `json:"stake,omitempty"`

	// overrides give single validators another stake; "0" is a registered validator without stake.
	// +kubebuilder:validation:MaxItems=200
	// +listType=map
	// +listMapKey=ordinal
	// +optional
	Overrides []StakeOverride `json:"overrides,omitempty"`

	// keysSecretRef brings keys instead of having each pod make its own: a Secret with, for every ordinal N, the keys
	// "N.account.pem", "N.consensus.pem", "N.vrf.pem", "N.node.pem" (PKCS#8) and, for a validator that has signed
	// before, "N.sign-state". An init container copies a pod's own keys to its volume; the node never sees the others.
	// Immutable.
	// +optional
	KeysSecretRef *SecretRef `json:"keysSecretRef,omitempty"`
}

// StakeOverride is the stake of one validator.
type StakeOverride struct {
	// ordinal of the validator's pod, from 0.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=199
	// +required
	Ordinal int32 `json:"ordinal"`

	// stake in POS; "0" for none.
	// +required
	Stake POS `json:"stake"`
}

// SecretRef names a Secret of the same namespace.
type SecretRef struct {
	// name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`
}

// ParamsSpec are the rules of the chain. They become the genesis parameters of the same names.
//
// +kubebuilder:validation:XValidation:rule="!has(self.minTxs) || !has(self.maxTxs) || self.maxTxs >= self.minTxs",message="maxTxs must be at least minTxs: no block could hold enough transactions"
// +kubebuilder:validation:XValidation:rule="!has(self.maxIdle) || duration(self.maxIdle) <= duration('24h')",message="maxIdle is at most 24h; 0s means that blocks are made only for transactions",fieldPath=".maxIdle"
// +kubebuilder:validation:XValidation:rule="!has(self.clockDrift) || (duration(self.clockDrift) >= duration('100ms') && duration(self.clockDrift) <= duration('24h'))",message="clockDrift is from 100ms to 24h",fieldPath=".clockDrift"
type ParamsSpec struct {
	// minTxs is how many waiting transactions make a block due. Default 1.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=32768
	// +kubebuilder:default=1
	// +optional
	MinTxs int64 `json:"minTxs,omitempty"`

	// maxTxs is the most transactions in a block. Default 5000.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=32768
	// +kubebuilder:default=5000
	// +optional
	MaxTxs int64 `json:"maxTxs,omitempty"`

	// maxIdle: an empty block is due this long after its parent. "0s": only minTxs transactions make a block. Default 10s.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^(0|([0-9]+(\.[0-9]+)?(ms|s|m|h))+)$`
	// +kubebuilder:default="10s"
	// +optional
	MaxIdle *metav1.Duration `json:"maxIdle,omitempty"`

	// maxBytes is the most bytes of an encoded block, 65536 to 8388608. Default 1048576.
	// +kubebuilder:validation:Minimum=65536
	// +kubebuilder:validation:Maximum=8388608
	// +kubebuilder:default=1048576
	// +optional
	MaxBytes int64 `json:"maxBytes,omitempty"`

	// minFee is what a transaction pays at least, in POS; it goes to the forger. Default "0.001".
	// +kubebuilder:default="0.001"
	// +optional
	MinFee POS `json:"minFee,omitempty"`

	// blockReward is minted to the forger of each block, in POS. Default "0".
	// +kubebuilder:default="0"
	// +optional
	BlockReward POS `json:"blockReward,omitempty"`

	// setDelay: a change of stake in block h counts from block h + setDelay, so that nobody can move stake under a
	// lottery already known. 2 to 1000 blocks. Default 8.
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=1000
	// +kubebuilder:default=8
	// +optional
	SetDelay int64 `json:"setDelay,omitempty"`

	// clockDrift is how far a fresh block's time may be from a voter's clock. Default 5s.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^(0|([0-9]+(\.[0-9]+)?(ms|s|m|h))+)$`
	// +kubebuilder:default="5s"
	// +optional
	ClockDrift *metav1.Duration `json:"clockDrift,omitempty"`

	// timeouts of the voting rounds. They matter when a validator is away; a healthy chain never waits for them.
	// +kubebuilder:default={}
	// +optional
	Timeouts TimeoutsSpec `json:"timeouts,omitempty"`

	// slashPermille is how much of its stake a validator loses that contradicts itself, in thousandths. Default 50.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	// +kubebuilder:default=50
	// +optional
	SlashPermille *int64 `json:"slashPermille,omitempty"`

	// evidenceMaxAge: a contradiction older than this many blocks is no longer punished. Default 100000.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1099511627776
	// +kubebuilder:default=100000
	// +optional
	EvidenceMaxAge int64 `json:"evidenceMaxAge,omitempty"`

	// authority is the account whose transactions may change these parameters later; this version has no such
	// transaction yet. Default: nobody.
	// +optional
	Authority AccountAddress `json:"authority,omitempty"`
}

// TimeoutsSpec are the timeouts of round r of a height: base + r * step.
//
// +kubebuilder:validation:XValidation:rule="!has(self.propose) || (duration(self.propose) >= duration('10ms') && duration(self.propose) <= duration('24h'))",message="timeouts.propose is from 10ms to 24h",fieldPath=".propose"
// +kubebuilder:validation:XValidation:rule="!has(self.proposeStep) || (duration(self.proposeStep) >= duration('1ms') && duration(self.proposeStep) <= duration('24h'))",message="timeouts.proposeStep is from 1ms to 24h: rounds must grow until messages arrive in time",fieldPath=".proposeStep"
// +kubebuilder:validation:XValidation:rule="!has(self.prevote) || (duration(self.prevote) >= duration('10ms') && duration(self.prevote) <= duration('24h'))",message="timeouts.prevote is from 10ms to 24h",fieldPath=".prevote"
// +kubebuilder:validation:XValidation:rule="!has(self.prevoteStep) || (duration(self.prevoteStep) >= duration('1ms') && duration(self.prevoteStep) <= duration('24h'))",message="timeouts.prevoteStep is from 1ms to 24h: rounds must grow until messages arrive in time",fieldPath=".prevoteStep"
// +kubebuilder:validation:XValidation:rule="!has(self.precommit) || (duration(self.precommit) >= duration('10ms') && duration(self.precommit) <= duration('24h'))",message="timeouts.precommit is from 10ms to 24h",fieldPath=".precommit"
// +kubebuilder:validation:XValidation:rule="!has(self.precommitStep) || (duration(self.precommitStep) >= duration('1ms') && duration(self.precommitStep) <= duration('24h'))",message="timeouts.precommitStep is from 1ms to 24h: rounds must grow until messages arrive in time",fieldPath=".precommitStep"
type TimeoutsSpec struct {
	// propose: how long to wait for the winner's proposal. Default 500ms.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:default="500ms"
	// +optional
	Propose *metav1.Duration `json:"propose,omitempty"`

	// proposeStep is added for each further round. Default 250ms.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:default="250ms"
	// +optional
	ProposeStep *metav1.Duration `json:"proposeStep,omitempty"`

	// prevote: how long to wait for agreement once more than 2/3 prevoted. Default 250ms.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:default="250ms"
	// +optional
	Prevote *metav1.Duration `json:"prevote,omitempty"`

	// prevoteStep is added for each further round. Default 125ms.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:default="125ms"
	// +optional
	PrevoteStep *metav1.Duration `json:"prevoteStep,omitempty"`

	// precommit: how long to wait for agreement once more than 2/3 precommitted. Default 250ms.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:default="250ms"
	// +optional
	Precommit *metav1.Duration `json:"precommit,omitempty"`

	// precommitStep is added for each further round. Default 125ms.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:default="125ms"
	// +optional
	PrecommitStep *metav1.Duration `json:"precommitStep,omitempty"`
}

// AccountAddress is an account's address in its bech32m form, "pos1" and 58 characters.
//
// +kubebuilder:validation:MaxLength=62
// +kubebuilder:validation:Pattern=`^pos1[02-9ac-hj-np-z]{58}$`
type AccountAddress string

// Allocation is an opening balance.
type Allocation struct {
	// address of the account, "pos1…".
	// +required
	Address AccountAddress `json:"address"`

	// balance in POS.
	// +required
	Balance POS `json:"balance"`
}

// TreasurySpec is the operator's account.
type TreasurySpec struct {
	// balance of the treasury beside what it has bonded to the validators, in POS. Default "1000000".
	// +kubebuilder:default="1000000"
	// +optional
	Balance POS `json:"balance,omitempty"`
}

// FaucetSpec is an account for handing out tokens.
type FaucetSpec struct {
	// enabled makes the account. Default false: a network of value has no faucet.
	// +kubebuilder:default=false
	// +optional
	Enabled bool `json:"enabled,omitempty"`

	// balance of the faucet in POS. Default "1000000".
	// +kubebuilder:default="1000000"
	// +optional
	Balance POS `json:"balance,omitempty"`
}
