package archtest

// Decoder is a function that turns bytes from outside into values.
type Decoder struct {
	// Func is package.Function or package.Type.Method, below the module.
	Func string
	// From says who may have written the bytes.
	From string
	// Fuzz is package.Target of the fuzz target that gives it whatever comes.
	Fuzz string
}

// Decoders is every place where bytes from outside become values: what a peer
// sends, a disk gives back, a person types, a pod or a node answers. A test fails
// when an exported Decode, Parse, Unmarshal or Read function of the node or of the
// operator's chain client is missing, or when a target does not reach its decoder.
//
// Each is held to the same three promises (package node/hostile, which says how
// they are measured): it never panics; it allocates at most four times its input
// before it refuses; and of what is hashed, signed or sent it reads one encoding
// only. Where a bound is higher, the reader in the test says so and why.
var Decoders = []Decoder{
	{"node/chain.Decode", "peer, disk, user", "node/chain.FuzzDecoders"},
	{"node/chain.DecodeTx", "peer, user, disk", "node/chain.FuzzDecoders"},
	{"node/chain.DecodeBlock", "peer, disk", "node/chain.FuzzDecoders"},
	{"node/chain.DecodeVoteState", "peer", "node/chain.FuzzDecoders"},
	{"node/chain.DecodeEvidence", "peer", "node/chain.FuzzDecoders"},
	{"node/chain.DecodeRegistration", "peer, user", "node/chain.FuzzDecoders"},
	{"node/chain.Hash.UnmarshalCBOR", "peer, disk", "node/chain.FuzzDecoders"},
	{"node/chain.PublicKey.UnmarshalCBOR", "peer, disk", "node/chain.FuzzDecoders"},
	{"node/chain.Signature.UnmarshalCBOR", "peer, disk", "node/chain.FuzzDecoders"},
	{"node/chain.Address.UnmarshalCBOR", "peer, disk", "node/chain.FuzzDecoders"},
	{"node/chain.Hash.UnmarshalText", "user, pod", "node/chain.FuzzTexts"},
	{"node/chain.PublicKey.UnmarshalText", "user, pod", "node/chain.FuzzTexts"},
	{"node/chain.Signature.UnmarshalText", "user, pod", "node/chain.FuzzTexts"},
	{"node/chain.Address.UnmarshalText", "user, pod", "node/chain.FuzzTexts"},
	{"node/chain.TxKind.UnmarshalText", "user", "node/chain.FuzzTexts"},
	{"node/chain.ParseAddress", "user", "node/chain.FuzzParseAddress"},
	{"node/chain.ParsePOS", "user", "node/chain.FuzzParsePOS"},
	{"node/chain.ParseGenesis", "disk, pod, node", "node/chain.FuzzParseGenesis"},

	{"node/keys.ParsePrivatePEM", "user, disk", "node/keys.FuzzParsePrivatePEM"},
	{"node/keys.ParsePublicPEM", "user, disk", "node/keys.FuzzParsePublicPEM"},

	{"node/stake.DecodeSet", "disk, node", "node/stake.FuzzDecodeSet"},
	{"node/ledger.Load", "disk", "node/ledger.FuzzValues"},
	{"node/ledger/tree.Proof.UnmarshalBinary", "node", "node/ledger/tree.FuzzProof"},
	{"node/ledger/tree.Decode", "disk", "node/ledger/tree.FuzzNode"},
	{"node/ledger/tree.ParseNodeKey", "disk", "node/ledger/tree.FuzzKeys"},
	{"node/ledger/tree.ParseStale", "disk", "node/ledger/tree.FuzzKeys"},
	{"node/ledger/tree.ParseStaleIndexKey", "disk", "node/ledger/tree.FuzzKeys"},
	{"node/store.decodeTip", "disk", "node/store.FuzzIndexes"},
	{"node/store.decodeTxLocation", "disk", "node/store.FuzzIndexes"},
	{"node/wal.checkHeader", "disk", "node/wal.FuzzScan"},
	{"node/wal.parseFrame", "disk", "node/wal.FuzzScan"},
	{"node/wal.scan", "disk", "node/wal.FuzzScan"},
	{"node/wal.decodeNested", "disk", "node/wal.FuzzScan"},
	{"node/wal.OpenFile", "disk", "node/wal.FuzzRecover"},
	{"node/signer.parseSigned", "disk", "node/signer.FuzzReplay"},
	{"node/signer.replay", "disk", "node/signer.FuzzReplay"},

	{"node/consensus.Record", "disk", "node/consensus.FuzzRecord"},
	{"node/consensus.Rules.VerifyVote", "peer", "node/consensus.FuzzVerify"},
	{"node/consensus.Rules.VerifyProposal", "peer", "node/consensus.FuzzVerify"},
	{"node/replica.Replica.Frame", "peer", "node/replica.FuzzFrame"},
	{"node/replica.Replica.Certified", "peer", "node/replica.FuzzFrame"},
	{"node/replica.Replica.recover", "disk", "node/replica.FuzzConsensusLog"},
	{"node/mempool.Pool.Add", "peer, user", "node/mempool.FuzzAdd"},

	{"node/gossip.readHead", "peer", "node/gossip.FuzzFrames"},
	{"node/gossip.readUvarint", "peer", "node/gossip.FuzzFrames"},
	{"node/gossip.readBody", "peer", "node/gossip.FuzzFrames"},
	{"node/gossip.decodeBatch", "peer", "node/gossip.FuzzDecodeBatch"},
	{"node/gossip.poolAsk", "peer", "node/gossip.FuzzAnswers"},
	{"node/gossip.blocksAsk", "peer", "node/gossip.FuzzAnswers"},
	{"node/gossip.peersAsk", "peer", "node/gossip.FuzzAnswers"},
	{"node/gossip.partAsk", "peer", "node/gossip.FuzzAnswers"},
	{"node/gossip.headersAsk", "peer", "node/gossip.FuzzAnswers"},
	{"node/gossip.baseAsk", "peer", "node/gossip.FuzzAnswers"},
	{"node/gossip.baseAnswer", "peer", "node/gossip.FuzzAnswers"},
	{"node/gossip.known.info", "peer", "node/gossip.FuzzAnswers"},
	{"node/gossip.readIdentity", "pod", "node/gossip.FuzzIdentity"},
	{"node/gossip.KeyOf", "peer", "node/gossip.FuzzPeerID"},

	{"node/snapshot.DecodeOffer", "peer", "node/snapshot.FuzzAnswers"},
	{"node/snapshot.DecodeManifest", "peer", "node/snapshot.FuzzAnswers"},
	{"node/snapshot.decodeAnswer", "peer", "node/snapshot.FuzzAnswers"},
	{"node/snapshot.DecodeChunk", "peer", "node/snapshot.FuzzAnswers"},
	{"node/snapshot.Engine.headed", "peer", "node/snapshot.FuzzHeaders"},

	{"node/httpapi.Server.readTransaction", "user", "node/httpapi.FuzzCreateTransaction"},
	{"node/httpapi.Server.Handler", "user", "node/httpapi.FuzzTargets"},
	{"node/httpapi.Server.Attest", "pod", "node/httpapi.FuzzAttest"},
	{"node/httpapi/api.Units.UnmarshalJSON", "user, node", "node/httpapi/api.FuzzValues"},
	{"node/httpapi/api.Bytes.UnmarshalText", "user, node", "node/httpapi/api.FuzzValues"},
	{"node/httpapi/api.Timestamp.UnmarshalJSON", "node", "node/httpapi/api.FuzzValues"},
	{"node/httpapi/client.Client.call", "node", "node/httpapi/client.FuzzAnswers"},
	{"node/httpapi/client.refused", "node", "node/httpapi/client.FuzzAnswers"},
	{"node/telemetry.ParseFormat", "user", "node/telemetry.FuzzWords"},
	{"node/telemetry.ParseLevel", "user", "node/telemetry.FuzzWords"},

	{"controllers/chainclient.decode", "pod", "controllers/chainclient.FuzzAnswers"},
	{"controllers/chainclient.apiError", "pod", "controllers/chainclient.FuzzAnswers"},

	{"cmd/posnet.readSettings", "user", "cmd/posnet.FuzzSettings"},
	{"cmd/posnet.parseImported", "user", "cmd/posnet.FuzzArguments"},
	{"cmd/posnet.readPublic", "user", "cmd/posnet.FuzzArguments"},
	{"cmd/posnet.readAddress", "user", "cmd/posnet.FuzzArguments"},
	{"cmd/posnet.readGenesisFile", "user", "cmd/posnet.FuzzArguments"},
	{"cmd/posnet.addValidator", "user", "cmd/posnet.FuzzArguments"},
	{"cmd/posnet.podOrdinal", "pod", "cmd/posnet.FuzzArguments"},
}

// Properties are fuzz targets that are about more than reading.
var Properties = map[string]string{
	"node/consensus.FuzzStep":             "what a core does with any history of events",
	"node/keys.FuzzVerifyAgreesWithBatch": "single and batch verification",
	"node/keys.FuzzVRFVerify":             "what the VRF accepts",
	"node/httpapi.FuzzBatch":              "whole batches through the API, in both forms",
	"node/chain.FuzzCutBytes":             "the items of a batch of transactions, held to what the strict decoder says",
	"node/chain.FuzzTxByHand":             "the reader of transactions that is written by hand, held to what the library's says",
	"node/snapshot.FuzzChunk":             "chunks of a state have one encoding",
	"node/chain.FuzzCutHeader":            "the header of a block without its body, held to what the strict decoder says",
	"node/keys.FuzzKeyFiles":              "the memory both readers of key files take",
}

// NoDecoders are functions that are named like decoders and read nothing from
// outside, or nothing that a decoder of the list has not read.
var NoDecoders = map[string]string{
	"node/stake.Memo.Decode":  "it is DecodeSet with a memory, which a property test holds to what DecodeSet says",
	"node/ledger.ReadAccount": "reads two integers that the ledger itself wrote",
	"node/replica.ReadPast":   "reads from the store through Load and DecodeSet",
}
