// Package disk is a disk that lies as disks do: what was not synced may be gone after a crash, whole, in part or torn;
// names may be lost without their files and files without their names; and every operation can be watched, failed or made
// the last one.
//
// [Disk] implements Pebble's file system port, which everything durable in a node is written through. It is made for long
// simulations: a sync costs nothing, however large the file. It is not a model of one file system but of what POSIX
// promises, which is less than any of them gives:
//
//   - written data is durable once the file has been synced, and no sooner;
//   - a name (made, linked, renamed, removed) is durable once its directory has been synced;
//   - each change of a directory is there or not, never in between; without a sync any of them may be missing;
//   - an unsynced write may come to the disk in any part, sector by sector, in any order.
package disk
