// Package desired says which Kubernetes objects one PoSNetwork wants. It is pure: the same [Input] gives the same objects,
// byte for byte, which the golden files in testdata show (`go test ./controllers/desired -update` rewrites them).
//
// Nothing here reads the cluster. What must be decided by looking (how many replicas are safe, how many pods may be
// evicted, which image an existing network is pinned to) comes in with the Input; what must be random (secrets, keys)
// comes in as bytes.
//
// Changing the pod template of existing networks is a change users feel: read [TemplateVersion] first.
package desired
