// Package gossip is a node among its peers: who they are, how they are found, and everything that goes between them.
//
// # What travels how
//
//	consensus frames   one long-lived stream each way between every two nodes; queued, never waited for   /consensus/1
//	transactions       gossipsub, several to a message; what got lost is found by comparing pools          /mesh/1, /pool/1
//	blocks             request and response, for who is behind                                             /blocks/1
//	peers              request and response: whom do you know?                                             /peers/1
//	states             request and response, for who joins by snapshot                                     /snapshot/1, /headers/1
//	first height       request and response: from where on do you have blocks?                             /base/1
//
// All run over libp2p: TCP or QUIC, TLS or Noise, so that a peer id is proven and nobody in between reads or changes
// anything. Every protocol id carries the genesis hash: nodes of two networks find that they have nothing to say to each
// other and part.
//
// Votes and proposals take streams of their own, not gossipsub: a validator is one hop from every other, nothing waits for
// a heartbeat, and a lost frame is repeated by the exchange of vote states and not by chance. A frame is
//
//	uvarint n ‖ kind (1 byte) ‖ payload (n-1 bytes)
//
// and the first one of a stream carries 8 bytes drawn at the start of the sender's process, by which its peers notice that
// it restarted and let go of connections that lead to nobody any more.
//
// # Finding peers
//
// Seeds are host names of the API. Every second while peers are missing, else every five, each is resolved to all its
// addresses; GET /api/v1/node there (capped, timed) says under which peer id and port to dial. Peers that were connected,
// and those that peers told of, are dialled too. A node dials at once when it starts: whoever changed its address is back
// among the others in moments, however long a name service keeps the old one.
//
// # Everything a peer sends is hostile
//
// Sizes are capped before memory is taken, and memory grows only with what arrived. Every read and write has a deadline,
// except the wait for the next frame. Queues are bounded in items and bytes, requests in rate and number; a peer that
// sends too fast is read more slowly, and one that reads too slowly loses its frames, not ours. Nobody is asked to believe
// anything: what arrives here is checked by whoever takes it. Offences are charged to the peer id and ban it for some
// minutes; as peer ids cost nothing, bans tidy up while the bounds protect.
//
// The driver gives callbacks (OnFrame, OnPeer, Admit) that return at once; Close ends every goroutine.
package gossip
