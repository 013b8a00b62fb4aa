package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Steps of a round: values of the label "step".
const (
	StepPropose   = "propose"
	StepPrevote   = "prevote"
	StepPrecommit = "precommit"
)

// Kinds of equivocation: values of the label "kind".
const (
	EquivocationProposal  = "proposal"
	EquivocationPrevote   = "prevote"
	EquivocationPrecommit = "precommit"
)

// ConsensusMetrics is about the chain as this node sees it decided.
type ConsensusMetrics struct {
	ChainHeight   prometheus.Gauge         // the last final block
	Height        prometheus.Gauge         // being decided
	Round         prometheus.Gauge         // of that height
	StepDuration  *prometheus.HistogramVec // seconds, by step
	Finality      prometheus.Histogram     // seconds from proposal to decision
	BlockInterval prometheus.Histogram     // seconds between decisions
	Rounds        prometheus.Histogram     // per height, 1 being the best
	BlockBytes    prometheus.Histogram     // of a final block, encoded
	BlockTxs      prometheus.Histogram     // in a final block
	StakeTotal    prometheus.Gauge         // base units
	StakeOnline   prometheus.Gauge         // base units
	Validators    prometheus.Gauge         // in the current set
	PrecommitRate prometheus.Gauge         // share of stake in the last certificate, 0 to 1
	Equivocations *prometheus.CounterVec   // by kind
}

func newConsensusMetrics(f factory) ConsensusMetrics {
	return ConsensusMetrics{
		ChainHeight: f.gauge("posnet_chain_height",
			"Height of the last final block that is durable on this node."),
		Height: f.gauge("posnet_consensus_height",
			"Height that this node is deciding now; one above posnet_chain_height unless a block is just being committed."),
		Round: f.gauge("posnet_consensus_round",
			"Round of the height being decided; 0 unless an earlier forger failed."),
		StepDuration: f.histogramVec("posnet_consensus_step_duration_seconds",
			"Seconds spent in each step of a round (propose, prevote, precommit).", blockSeconds,
			[]string{"step"}, StepPropose, StepPrevote, StepPrecommit),
		Finality: f.histogram("posnet_consensus_finality_seconds",
			"Seconds from the first valid proposal of a height, as this node saw it, to that height's decision.", blockSeconds),
		BlockInterval: f.histogram("posnet_consensus_block_interval_seconds",
			"Seconds between two decisions in a row; includes waiting for work.", blockSeconds),
		Rounds: f.histogram("posnet_consensus_rounds_per_height",
			"Rounds that a height took; 1 when its first forger succeeded.", []float64{1, 2, 3, 4, 5, 8, 13, 21}),
		BlockBytes: f.histogram("posnet_block_size_bytes",
			"Encoded size of final blocks, in bytes.", prometheus.ExponentialBuckets(512, 4, 8)),
		BlockTxs: f.histogram("posnet_block_transactions",
			"Transactions in final blocks.", []float64{0, 1, 2, 5, 10, 50, 100, 500, 1000, 5000}),
		StakeTotal: f.gauge("posnet_total_stake",
			"Stake of the current validator set, in base units (1 POS is 1000000)."),
		StakeOnline: f.gauge("posnet_online_stake",
			"Stake of the validators whose votes this node has seen lately, in base units; finality needs more than 2/3 of posnet_total_stake."),
		Validators: f.gauge("posnet_validators",
			"Validators in the current set."),
		PrecommitRate: f.gauge("posnet_consensus_precommit_stake_ratio",
			"Share of stake whose precommits are in the last certificate, from 0 to 1; always above 2/3."),
		Equivocations: f.counterVec("posnet_consensus_equivocations_total",
			"Proofs seen that a key signed two different messages for one height, round and step, by kind of message.",
			[]string{"kind"}, EquivocationProposal, EquivocationPrevote, EquivocationPrecommit),
	}
}

// ValidatorMetrics is about this node's own validator; all zero on a full node.
type ValidatorMetrics struct {
	Active          prometheus.Gauge // 1: in the set
	Jailed          prometheus.Gauge // 1: jailed
	Signing         prometheus.Gauge // 1: allowed to sign now
	Stake           prometheus.Gauge // base units
	BlocksForged    prometheus.Counter
	VotesMissed     prometheus.Counter
	ProposalsMissed prometheus.Counter
}

func newValidatorMetrics(f factory) ValidatorMetrics {
	return ValidatorMetrics{
		Active: f.gauge("posnet_validator_active",
			"1 while this node's validator is in the current set, else 0."),
		Jailed: f.gauge("posnet_validator_jailed",
			"1 while this node's validator is jailed, else 0."),
		Signing: f.gauge("posnet_validator_signing",
			"1 while this node may sign; 0 on a full node, before the vote states are exchanged, and when the disk is full."),
		Stake: f.gauge("posnet_validator_stake",
			"Stake of this node's validator in the current set, in base units."),
		BlocksForged: f.counter("posnet_blocks_forged_total",
			"Final blocks that this node forged."),
		VotesMissed: f.counter("posnet_votes_missed_total",
			"Heights that became final while this node's validator was in the set and it had signed no precommit."),
		ProposalsMissed: f.counter("posnet_proposals_missed_total",
			"Rounds that this node's validator won and that ended without its proposal being decided."),
	}
}
