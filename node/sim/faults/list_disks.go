package faults

// disks is what goes wrong below a file.
var disks = []*Fault{crash}
