package faults

// peers is what goes wrong with those that a node catches up from.
var peers = []*Fault{
	catchupWrongHeight, catchupWrongBlock, catchupWrongState, catchupWrongCertificate, catchupEndless, catchupSlow,
	catchupNothing, catchupTooMany, catchupHalf, catchupFlipFlop, catchupClaimsLow,
}
