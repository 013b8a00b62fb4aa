// Package snapshot lets a new node take over the state of a recent height from its peers instead of executing every block
// since the genesis, and lets a node offer its state to others.
//
// # Whom to believe
//
// Somebody who starts the node names one block by height and hash ([Trust]), and that is all that is believed. From there the
// node walks to the height S of a snapshot: upwards over headers with certificates, each verified under the validator set that
// the header before commits to; or downwards over the hashes of parents. The header of S says which root the state has. Every
// key and value of the state is fetched, the tree over them is built anew, and its root must be that one. Nothing else that a
// peer says counts: what it offers only says where to ask.
//
// # Which height
//
// Offers are claims, and names cost nothing. What ends an attempt, who rests for it, and which height is tried next, so that liars
// under any number of names cost time and never the join: [Engine.hold], [Engine.drop] and [Engine.choose].
//
// # How it travels
//
// The state at S, in the order of its keys, is cut into chunks of about [ChunkBytes]; where they end follows from the state
// alone, so all peers have the same ones. A [Manifest] lists their hashes. Chunks come from several peers at once, each is
// checked against its hash on arrival and then imported in order ([store.Import]), so a peer that sends a wrong one is found out at once.
// A manifest cannot be checked before the end. So the one that validators with the most stake give is tried first, and if the
// root is wrong, all who gave it are condemned ([ErrFalse]) and the next one is tried.
//
// # Two halves
//
// [Engine] decides everything and has no clock, goroutine or channel, as in package catchup; [Joiner] gives it the real clock and
// asks peers in goroutines. [Source] is the side of the node that is asked.
//
// # What offering costs
//
// Nothing until somebody asks. Then the node pins its state with a snapshot of the database, at the next height that is a
// multiple of [Every] so that peers which are asked together pin the same one, or after two seconds at its tip. The manifest is
// computed when it is asked for, at half of the speed that one core would allow: about a second for a million accounts. Serving
// never waits for commits, nor they for it. At most [MaxPins] states are pinned, each for as long as somebody asks for it and not
// longer than an hour; a pin keeps the disk from freeing what blocks overwrite meanwhile.
package snapshot
