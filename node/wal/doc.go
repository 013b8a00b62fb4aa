// Package wal is a write-ahead log: an append-only file of checksummed records that says after a crash exactly what it
// still knows. Consensus keeps the votes and locks of its undecided height in one ([Open]); the signer keeps what it has
// signed in another ([Create], [OpenFile]).
//
// # What is durable when
//
// [Log.Append] hands records to the operating system: they survive the death of the process, not of the machine.
// [Log.Sync] makes everything appended before it durable. Records are recovered in order, and a record is recovered only
// if all before it are.
//
// # The file
//
// A header block of 512 bytes (magic, version, label, how records are laid out, checksum), then frames. A frame is 32
// bytes, big-endian, then the record's bytes, then zeros up to the alignment:
//
//	 0  uint32  CRC-32C of bytes 4 to 31
//	 4  uint32  CRC-32C of the record's bytes
//	 8  uint32  length of the record
//	12  uint8   type of the record; 0 is the log's own (see Truncate); then three zero bytes
//	16  uint64  offset of this frame in the file
//	24  uint64  offset below which everything was durable when this frame was written
//
// Room is filled with zeros and synced ahead of use, so that a record overwrites blocks that exist: fdatasync then writes
// data and leaves the file system's journal alone, which is what makes one signature cost about a millisecond.
//
// # What recovery does with bytes that are no frame
//
// A machine that dies while records are unsynced leaves any mixture of old and new blocks behind the last synced record:
// a torn tail. Nobody was promised those records, so recovery drops them, zeroes the place, and says how much it dropped
// ([Recovery]). Bytes that were durable and are no longer what they were are another matter: the disk lost something
// that was relied on. The last field of a frame tells the two apart: a bad place below an offset that a later frame calls
// durable is damage, and opening fails with [ErrCorrupt].
//
// With [Options].Slot every record lies within one disk sector, which disks write whole or not at all. There a tail
// cannot be torn, so any bytes that are neither zero nor a record are damage. The signer uses it: dropping a damaged last
// record could mean signing against it.
//
// # Errors
//
// A failed fsync leaves the kernel's and the disk's ideas of the file different, and a second fsync may report success
// for data that is gone ("fsyncgate", 2018). So the first such error is final: the log is poisoned ([ErrFailed]), every
// later call returns that error, and the process should end and recover from what the disk really has. A full disk is
// not such an error: [ErrNoSpace] leaves the log as it was and the call may be repeated.
package wal

// BUG(posnet): without Options.Slot, damage to the last records that were synced, with nothing appended after them, looks
// like a torn tail and is dropped. A disk that silently loses acknowledged writes is outside what a log can promise.
