// Package chainclient is the operator's view of the nodes of a network, over their HTTP API.
//
// A pod's address may be answered by something else than the pod, and a node may lie. So every answer is capped in size
// and time, redirects and proxies are not followed, and what the operator acts on is verified here: an identity carries
// the proof that its pod knows the ceremony secret and holds every key, a genesis has the hash that was asked for. What is
// only reported ([Node], [Status], [Validators]) is for status and for waiting, never for giving stake.
package chainclient
