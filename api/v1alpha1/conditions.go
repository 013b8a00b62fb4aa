package v1alpha1

// Condition types of a PoSNetwork.
const (
	// ConditionReady: the network runs as declared: available, nothing in progress, nothing degraded.
	ConditionReady = "Ready"
	// ConditionAvailable: validators with more than 2/3 of stake are online, so transactions become final.
	ConditionAvailable = "Available"
	// ConditionProgressing: the operator is carrying out a change; the reason says which and what it waits for.
	ConditionProgressing = "Progressing"
	// ConditionDegraded: something needs attention; the reason says what, the message what to do.
	ConditionDegraded = "Degraded"
	// ConditionFaultTolerant: finality would survive the loss of the heaviest validator that is online.
	ConditionFaultTolerant = "FaultTolerant"
	// ConditionGenesisReady: the genesis exists and is where the pods find it.
	ConditionGenesisReady = "GenesisReady"
	// ConditionStakeSynced: the stake on the chain is the stake declared.
	ConditionStakeSynced = "StakeSynced"
)

// Reasons of conditions. They are stable: alerts and scripts may rely on them.
const (
	// ReasonReady and the next ones: all is well, in the words of each condition.
	ReasonReady           = "Ready"
	ReasonQuorumOnline    = "QuorumOnline"
	ReasonStable          = "Stable"
	ReasonAsExpected      = "AsExpected"
	ReasonSurvivesOneLoss = "SurvivesOneLoss"
	ReasonGenesisReady    = "GenesisReady"
	ReasonSynced          = "Synced"

	// ReasonNotYetKnown: no node has answered yet, so nothing can be said.
	ReasonNotYetKnown = "NotYetKnown"

	// Ready is False because another condition says so.
	ReasonNotAvailable = "NotAvailable"
	ReasonProgressing  = "Progressing"
	ReasonDegraded     = "Degraded"

	// Available.
	ReasonNoQuorum = "NoQuorum"

	// Progressing.
	ReasonCreating          = "Creating"
	ReasonWaitingForPods    = "WaitingForPods"
	ReasonCollecting        = "CollectingIdentities"
	ReasonStartingChain     = "StartingChain"
	ReasonCatchingUp        = "CatchingUp"
	ReasonScaling           = "Scaling"
	ReasonScaleDownRefused  = "ScaleDownRefused"
	ReasonRestartingPods    = "RestartingPods"
	ReasonWaitingToRestart  = "WaitingToRestart"
	ReasonWaitingForGenesis = "WaitingForGenesis"

	// Degraded.
	ReasonGenesisMissing        = "GenesisMissing"
	ReasonGenesisMismatch       = "GenesisMismatch"
	ReasonGenesisConflict       = "GenesisConflict"
	ReasonGenesisInvalid        = "GenesisInvalid"
	ReasonTreasuryMissing       = "TreasuryMissing"
	ReasonTreasuryMismatch      = "TreasuryMismatch"
	ReasonFaucetMissing         = "FaucetMissing"
	ReasonIdentityRefused       = "IdentityRefused"
	ReasonCeremonySecretInvalid = "CeremonySecretInvalid"
	ReasonInvalidSpec           = "InvalidSpec"
	ReasonNodeStopped           = "NodeStopped"
	ReasonConflict              = "ObjectConflict"
	ReasonObjectRefused         = "ObjectRefused"

	// FaultTolerant.
	ReasonHeaviestStops = "HeaviestValidatorStops"

	// StakeSynced.
	ReasonStakeDiffers = "StakeDiffers"
)
