package wal

import "fmt"

// Recovery says what opening a log found.
type Recovery struct {
	// Records is how many records were recovered: those since the last Truncate or Rotate.
	Records int
	// TornBytes is how many bytes of unsynced records a crash had left and recovery dropped; 0 after a clean end. A value
	// above 0 is worth a line in the log of the program and nothing more: none of those records was ever promised.
	TornBytes int64
}

// scan reads the contents of a log: its records, and the offset where they end and the next goes. Records share file's
// memory.
func scan(file []byte, o *Options) (recs []Record, end int64, found Recovery, err error) {
	if err := checkHeader(file, o); err != nil {
		return nil, 0, found, err
	}
	end = headerSize
	for end < int64(len(file)) {
		frame, ok := parseFrame(file, end, o)
		if !ok || !frame.whole {
			break
		}
		if frame.typ == typeTruncate {
			if recs, err = decodeNested(frame.data); err != nil {
				return nil, 0, found, fmt.Errorf("record at offset %d: %w", end, err)
			}
		} else {
			recs = append(recs, Record{Type: frame.typ, Data: frame.data[:len(frame.data):len(frame.data)]})
		}
		end += frame.size
	}
	torn, err := judgeTail(file, end, o)
	if err != nil {
		return nil, 0, found, err
	}
	return recs, end, Recovery{Records: len(recs), TornBytes: torn}, nil
}

// judgeTail looks at what is behind the last good record: zeros (0, nil), a torn tail (its length, nil), or damage.
func judgeTail(file []byte, end int64, o *Options) (torn int64, err error) {
	last := int64(len(file))
	for last > end {
		n := min(last-end, int64(len(zeros)))
		if isZero(file[last-n : last]) {
			last -= n
		} else if file[last-1] == 0 {
			last--
		} else {
			break
		}
	}
	if last == end {
		return 0, nil
	}
	for at := end; at < last; at += o.step() {
		frame, ok := parseFrame(file, at, o)
		if ok && frame.durable > end {
			return 0, fmt.Errorf("%w: the record at offset %d is wrong although it was durable when the one at %d was written",
				ErrCorrupt, end, at)
		}
		if o.Slot != 0 && !(ok && frame.whole) && !isZero(file[at:min(at+o.step(), int64(len(file)))]) {
			return 0, fmt.Errorf("%w: the bytes at offset %d are no record and no crash leaves such", ErrCorrupt, at)
		}
	}
	return last - end, nil
}
