package wal

import "fmt"

// Sizes of the file's parts in bytes.
const (
	headerSize  = 512 // one disk sector
	frameHeader = 32
	alignment   = 8 // of frames without Slot; recovery looks for frames at multiples of it
)

// MaxRecord is the largest record of consensus's log in bytes: a proposal with the largest block a genesis may allow (8 MiB
// and 256 bytes) and 64 KiB for what the record has around it, which is also what recovery decodes.
const MaxRecord = 8<<20 + 256 + 64<<10

// Options say how a log is laid out. Those of an existing file must be what it was created with (Label and Slot are in
// its header and are compared).
type Options struct {
	// Label is what the log is for, 1 to 64 bytes. A file with another label is refused with ErrVersion.
	Label string
	// MaxRecord is the largest record in bytes; 0 means the constant MaxRecord. With Slot it is Slot less the 32 bytes of the frame.
	MaxRecord int
	// MaxSize is the largest file in bytes that is written or read; 0 means 256 MiB. It bounds the memory of recovery.
	MaxSize int64
	// Chunk is how many bytes are filled with zeros at a time, ahead of use; 0 means 1 MiB. More makes growing rarer and
	// each growth slower (one write and sync of Chunk bytes).
	Chunk int64
	// Slot, if not 0, gives each record exactly this many bytes: 64, 128, 256 or 512. See the package comment.
	Slot int
}

// withDefaults fills in what is zero and refuses what makes no sense.
func (o Options) withDefaults() (Options, error) {
	if o.MaxRecord == 0 {
		o.MaxRecord = MaxRecord
	}
	if o.MaxSize == 0 {
		o.MaxSize = 256 << 20
	}
	if o.Chunk == 0 {
		o.Chunk = 1 << 20
	}
	switch o.Slot {
	case 0:
	case 64, 128, 256, 512:
		o.MaxRecord = o.Slot - frameHeader
	default:
		return o, fmt.Errorf("wal options: slot of %d bytes, must be 64, 128, 256 or 512", o.Slot)
	}
	if len(o.Label) == 0 || len(o.Label) > 64 {
		return o, fmt.Errorf("wal options: label of %d bytes, must be 1 to 64", len(o.Label))
	}
	if o.MaxRecord < 0 || o.MaxRecord > 1<<30 || o.Chunk < headerSize || o.Chunk%headerSize != 0 || o.MaxSize < o.Chunk {
		return o, fmt.Errorf("wal options: sizes do not fit together: %+v", o)
	}
	return o, nil
}

// frameSize is the room a record of n bytes takes.
func (o *Options) frameSize(n int) int64 {
	if o.Slot != 0 {
		return int64(o.Slot)
	}
	return (int64(frameHeader) + int64(n) + alignment - 1) / alignment * alignment
}

// step is the distance of places where a frame may begin.
func (o *Options) step() int64 {
	if o.Slot != 0 {
		return int64(o.Slot)
	}
	return alignment
}
