// Package desired says which Kubernetes objects one PoSNetwork wants. It is pure: the same [Input] gives the same objects,
// byte for byte, which the golden files in testdata show (`go test ./controllers/desired -update` rewrites them).
//
// Nothing here reads the cluster. What must be decided by looking (how many replicas are safe, how many pods may be
// evicted, which image an existing network is pinned to) comes in with the Input; what must be random (secrets, keys)
// comes in as bytes.
//
// A new operator version may render another pod template from the same spec. That must not restart a node, so the
// StatefulSet is annotated with a hash of what its owner chose and one of what was rendered ([PodInputs], [TemplateHash]),
// and [KeepsTemplate] tells a new version to leave the template alone until the owner's choice changes.
package desired
