package faults

// pods is what an operator or a cluster does to processes and volumes.
var pods = []*Fault{}
