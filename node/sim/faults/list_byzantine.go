package faults

// byzantine is what a validator does on purpose.
var byzantine = []*Fault{}
