// Package httpapi serves a node over HTTP: what the chain holds, what became
// of a transaction, and the one door through which transactions come in.
//
// openapi.yaml is the contract and comes first. Types and routes are generated
// from it into package api; tests check every answer against it.
//
// # What a handler may do
//
// Handlers read through [Backend] and never touch consensus or the store. All
// they are given by a stranger is bounded before it is read: bodies, pages,
// waits, the number of waiters, requests per client and connections
// ([Limits]). Everything that goes wrong leaves in one shape with a stable
// code, panics included.
package httpapi
