// Package node is one posnet node: [Run] wires the parts below it, gives them
// real files, clocks and sockets, and starts every goroutine there is.
//
// # Goroutines
//
// One, the loop, owns the replica and with it everything that decides: frames,
// timers and pool changes reach it through bounded channels. The API, gossip
// and catch-up run beside it, read what the loop publishes and the store, and
// ask the loop for the rest.
//
// # A start
//
// Keys (made, or opened with their sign-state) -> API -> genesis (the own copy,
// the given file, or wait for it) -> store and replica -> peers. The API
// answers from the second step on, so that a waiting node can be asked who it
// is.
//
// # An end
//
// When the context ends the API stops taking requests, peers are left, the
// loop ends between two events, and files are closed, within [Stop]. Nothing
// depends on a clean end: a kill at any instant is the same to what is durable.
package node
