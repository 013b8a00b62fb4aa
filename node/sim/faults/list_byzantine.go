package faults

// byzantine is what a validator does on purpose.
var byzantine = []*Fault{
	equivocatingVoter, equivocatingForger, equivocatingReproposal, amnesia,
	silent, silentVotes, withheldBlock, lateProposal, splitPrecommit,
	staleVotes, futureVotes, roundRush, voteForUnknownBlock, impersonation, futureTimeForger, blockFlood,
	invalidVRF, invalidStateRoot, invalidResultsRoot, invalidTxRoot, invalidGenesis, invalidSet, invalidNextSet, invalidVersion, invalidHeight,
	invalidParent, invalidTimePast, invalidTimeFuture, invalidNotTheWinner, invalidRound,
	invalidCertificate, invalidNoCertificate, invalidDuplicatedSigner,
	invalidTooManyTxs, invalidTooLarge, invalidBadSignature, invalidUsedNonce, invalidOverspending, invalidStakeToNobody, invalidFalseEvidence, invalidWithoutCause,
	lyingVoteState, evidenceSpam, mempoolSpam, oversizedFrames, garbageFrames,
}
