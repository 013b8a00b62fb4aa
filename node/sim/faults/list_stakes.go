package faults

// stakes is what changes the set while the network runs.
var stakes = []*Fault{stakeMoves, validatorJoins, stakeFlood, stakeDuringCrashes}
