package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Directions of a connection: values of the label "direction" of posnet_peers.
const (
	Inbound  = "inbound"
	Outbound = "outbound"
)

// Directions of a message: values of the label "direction" of the message and byte counters.
const (
	In  = "in"
	Out = "out"
)

// Kinds of peer messages: values of the label "kind". Anything else counts as KindOther, so that a peer cannot make new
// series by making new kinds.
const (
	KindTransaction = "transaction"
	KindProposal    = "proposal"
	KindVote        = "vote"
	KindVoteState   = "vote_state"
	KindEvidence    = "evidence"
	KindBlock       = "block"
	KindSnapshot    = "snapshot"
	KindOther       = "other"
)

var peerKinds = map[string]bool{
	KindTransaction: true, KindProposal: true, KindVote: true, KindVoteState: true, KindEvidence: true, KindBlock: true,
	KindSnapshot: true,
}

// Why a peer was banned: values of the label "reason" of posnet_peer_bans_total.
const (
	ReasonMalformed    = "malformed"     // could not be decoded, or was not in its canonical form
	ReasonBadSignature = "bad_signature" // a signature or proof did not hold
	ReasonOversized    = "oversized"     // above a cap that its sender knew
	ReasonFlood        = "flood"         // above a rate that its sender knew
	ReasonWrongGenesis = "wrong_genesis" // of another chain
	ReasonInvalid      = "invalid"       // well formed, but against a rule
	ReasonFalseState   = "false_state"   // it gave a joining node a state that is not the chain's
	ReasonOther        = "other"
)

var banReasons = []string{
	ReasonMalformed, ReasonBadSignature, ReasonOversized, ReasonFlood, ReasonWrongGenesis, ReasonInvalid, ReasonFalseState,
	ReasonOther,
}

// rejectReasons are the chain's refusal codes, which the API answers too: one word for one thing everywhere. They are
// repeated here because this package knows no chain; a code that is not here counts as "other".
var rejectReasons = []string{
	"malformed", "too_large", "wrong_signature", "bad_nonce", "nonce_gap", "insufficient_balance", "fee_too_low", "expired",
	"duplicate", "pool_full", "not_a_validator", "already_registered", "key_in_use", "bad_key", "bad_proof", "supply",
	"unknown_kind", ReasonOther,
}

// PeerMetrics is about connections and what goes over them.
type PeerMetrics struct {
	connected *prometheus.GaugeVec
	bans      *prometheus.CounterVec
	messages  *prometheus.CounterVec
	bytes     *prometheus.CounterVec
	dropped   *prometheus.CounterVec
}

func newPeerMetrics(f factory) PeerMetrics {
	return PeerMetrics{
		connected: f.gaugeVec("posnet_peers",
			"Connected peers, by who dialled (inbound, outbound).", []string{"direction"}, Inbound, Outbound),
		bans: f.counterVec("posnet_peer_bans_total",
			"Peers banned for misbehaviour, by reason.", []string{"reason"}, banReasons...),
		messages: f.counterVec("posnet_peer_messages_total",
			"Messages exchanged with peers, by kind and direction (in, out).", []string{"kind", "direction"}),
		bytes: f.counterVec("posnet_peer_bytes_total",
			"Bytes of messages exchanged with peers, before compression and encryption, by kind and direction (in, out).",
			[]string{"kind", "direction"}),
		dropped: f.counterVec("posnet_peer_messages_dropped_total",
			"Messages dropped because a bounded queue was full, by kind and direction (in, out).", []string{"kind", "direction"}),
	}
}

// SetConnected says how many peers are connected in each direction.
func (m PeerMetrics) SetConnected(inbound, outbound int) {
	m.connected.WithLabelValues(Inbound).Set(float64(inbound))
	m.connected.WithLabelValues(Outbound).Set(float64(outbound))
}

// Banned counts a ban; reason is one of the Reason constants.
func (m PeerMetrics) Banned(reason string) {
	m.bans.WithLabelValues(oneOf(reason, banReasons)).Inc()
}

// Message counts one message of size bytes; kind is one of the Kind constants, direction In or Out.
func (m PeerMetrics) Message(kind, direction string, size int) {
	kind = knownKind(kind)
	m.messages.WithLabelValues(kind, direction).Inc()
	m.bytes.WithLabelValues(kind, direction).Add(float64(size))
}

// Dropped counts a message that did not fit into a queue.
func (m PeerMetrics) Dropped(kind, direction string) {
	m.dropped.WithLabelValues(knownKind(kind), direction).Inc()
}

func knownKind(kind string) string {
	if peerKinds[kind] {
		return kind
	}
	return KindOther
}

func oneOf(value string, known []string) string {
	for _, k := range known {
		if value == k {
			return value
		}
	}
	return ReasonOther
}

// MempoolMetrics is about transactions that wait for a block.
type MempoolMetrics struct {
	Transactions prometheus.Gauge
	Bytes        prometheus.Gauge
	Accepted     prometheus.Counter
	Final        prometheus.Counter
	rejected     *prometheus.CounterVec
}

func newMempoolMetrics(f factory) MempoolMetrics {
	return MempoolMetrics{
		Transactions: f.gauge("posnet_mempool_transactions",
			"Transactions waiting in this node's pool."),
		Bytes: f.gauge("posnet_mempool_bytes",
			"Encoded size of the transactions waiting in this node's pool, in bytes."),
		Accepted: f.counter("posnet_mempool_accepted_total",
			"Transactions taken into this node's pool, from clients and peers."),
		Final: f.counter("posnet_transactions_final_total",
			"Transactions in the blocks that became final on this node."),
		rejected: f.counterVec("posnet_mempool_rejected_total",
			"Transactions refused by this node's pool, by reason.", []string{"reason"}, rejectReasons...),
	}
}

// Rejected counts a refusal; reason is the chain.RefusalCode.
func (m MempoolMetrics) Rejected(reason string) {
	m.rejected.WithLabelValues(oneOf(reason, rejectReasons)).Inc()
}

// CatchupMetrics is about a node that is behind.
type CatchupMetrics struct {
	Lag      prometheus.Gauge
	Blocks   prometheus.Counter
	Snapshot prometheus.Gauge
	Base     prometheus.Gauge
}

func newCatchupMetrics(f factory) CatchupMetrics {
	return CatchupMetrics{
		Lag: f.gauge("posnet_catchup_lag_blocks",
			"Blocks between the highest certificate this node has verified and its last final block; 0 when caught up."),
		Blocks: f.counter("posnet_catchup_blocks_total",
			"Blocks fetched from peers, verified and applied."),
		Snapshot: f.gauge("posnet_snapshot_progress_ratio",
			"How much of the state has been taken over while the node joins by snapshot, from 0 to 1; 0 if it does not."),
		Base: f.gauge("posnet_first_height",
			"The first height whose block this node has: 1, or that of the snapshot it began with."),
	}
}
