package faults

// disks is what goes wrong below a file.
var disks = []*Fault{
	crash, crashUnsyncedLost, crashMixed, crashBeforeWrite, crashInWrite, crashAfterWrite, crashBeforeSync, crashAfterSync,
	crashBeforeCommit, crashAfterCommit, crashNamesLost, crashAtStart, crashLoop, powerLoss,
	fsyncError, writeError, noSpace, noSpaceLong, noSpacePartial, slowDisk, bitFlipOnRead, shortRead, staleLog,
}
