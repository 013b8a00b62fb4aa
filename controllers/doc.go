// Package controllers is the operator: it makes a running chain of each PoSNetwork and keeps it so.
//
// One pass over a network ([Reconciler.Reconcile]) fetches what is there, takes ordered steps, and ends with at most one
// write of status. The steps, each in its own file:
//
//	observe    pods, volumes, the stored genesis, and what the nodes themselves say
//	secrets    the ceremony secret, with which pods prove that they are pods of this network
//	decide     package policy: which size, which budget, which genesis
//	workload   the objects of package desired, by server-side apply, and only those that differ
//	genesis    use it, take it back from a node, or hold the ceremony
//	accounts   the treasury's and the faucet's keys are still there
//	retention  who owns the durable objects
//	wake       pods that wait for a genesis which is there
//
// A step that meets something a person must see to records a problem, which becomes the Degraded condition. A step that
// fails for another reason ends the pass without a status write, and the pass is tried again: what a pass could not see it
// must not report.
//
// # Never two geneses
//
// Two geneses would be two chains with one name. What prevents it, each sufficient where it applies: no ceremony while
// status, the ConfigMap or any node knows of a genesis; every pod must itself say that it has none, under the ceremony
// secret; the ConfigMap is made with Create, which only one of two operators can win; it is immutable and outlives the
// network; and the genesis is a function of the network, its accounts and the pods' identities alone, so that a second
// ceremony with the same pods would make the same one.
//
// # At rest
//
// A pass over a network that is as declared writes nothing. Height moves all the time and is written only along with
// something else, or every five minutes.
package controllers
