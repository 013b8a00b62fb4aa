// Package proc starts the processes that are measured, watches what they take, and takes them away.
//
// Every process leaves a record in the run directory before anything else happens to it: its id, its executable, and when
// the kernel says it began. Whatever ends the benchmark, the next start reads the records and ends what is left, but only
// processes that still are what the record says: a process id may long belong to somebody else.
//
// Processor time, memory and children are read from /proc, so the package is for Linux.
package proc
