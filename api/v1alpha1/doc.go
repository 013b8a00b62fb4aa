// Package v1alpha1 is the Kubernetes API of posnet: the PoSNetwork kind in group posnet.dev.
//
// A PoSNetwork declares one proof-of-stake network: its validators and their stake, the rules of its chain, its opening
// balances, and how its pods run. The operator makes the network and reports it in status.
//
// Three kinds of field are worth telling apart:
//
//   - What the genesis fixes (chainID, params, treasury, faucet, allocations, storage) cannot change once it is set. The
//     rules that say so are on spec itself and not on each field, because a rule on a field is not evaluated when
//     somebody removes the field.
//   - What the chain decides (replicas of validators with stake) is wished for here and carried out when it is safe; a
//     condition says why not.
//   - What only concerns pods (image, resources, scheduling, telemetry) may change at any time.
//
// Amounts are decimal strings in POS with at most six decimals ("1000", "0.5"); 1 POS is 1,000,000 base units, the
// integers the chain counts in. Strings, because JSON numbers lose digits above 2^53.
//
// +kubebuilder:object:generate=true
// +groupName=posnet.dev
package v1alpha1

// The chart installs the generated CRD and RBAC rules; this copies them to where Helm can read them.
//
//go:generate cp ../../config/crd/posnet.dev_posnetworks.yaml ../../config/rbac/role.yaml ../../charts/posnet/files/
