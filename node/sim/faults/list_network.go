package faults

// network is what goes wrong between nodes.
var network = []*Fault{
	messageLoss, messageDelay, messageDuplication, messageReordering, messageCorruption, lateMessages,
	partition, partitionOneWay, partitionFlapping, isolatedNode, slowLink, bandwidth,
	burstLoss, votesOnlyLoss, proposalsOnlyLoss, lostBroadcastToSome,
}
