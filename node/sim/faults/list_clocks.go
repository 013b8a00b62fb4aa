package faults

// clocks is what goes wrong with a node's time.
var clocks = []*Fault{clockSkew, clockSkewHour, clockJump, clockFreeze, drift, pause}
