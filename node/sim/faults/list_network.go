package faults

// network is what goes wrong between nodes.
var network = []*Fault{messageLoss, partitionOneWay}
