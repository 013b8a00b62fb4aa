package faults

// pods is what an operator or a cluster does to processes and volumes.
var pods = []*Fault{
	podReplaced, allDown, rollingRestart, longAbsence, lateJoiner, volumeRestored, twoPodsOneKey, logLost, evictedAndBack,
}
