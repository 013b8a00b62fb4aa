package hostile

import (
	"bytes"
	"fmt"
	"slices"
)

// SpoilBytes makes of any encoding what an adversary could who does not know its
// structure: every byte changed, left out and doubled, every window of two, four
// and eight bytes (a length, perhaps) set to its least and largest value, and the
// whole cut off everywhere. It is for samples of at most a few hundred bytes.
func SpoilBytes(sample []byte) []Case {
	out := []Case{
		{"zeros", make([]byte, 100)},
		{"many zeros", make([]byte, 20000)},
		{"many ones", bytes.Repeat([]byte{1}, 20000)},
		{"many set bits", bytes.Repeat([]byte{0xff}, 20000)},
		{"the sample a hundred times", bytes.Repeat(sample, 100)},
		{"a byte behind the end", append(bytes.Clone(sample), 0)},
		{"much behind the end", append(bytes.Clone(sample), make([]byte, 20000)...)},
	}
	for i := range sample {
		at := fmt.Sprintf(" at %d", i)
		for _, b := range []byte{0, 1, 0x7f, 0x80, 0xff, sample[i] ^ 1, sample[i] + 1} {
			changed := bytes.Clone(sample)
			changed[i] = b
			out = append(out, Case{fmt.Sprintf("%#x", b) + at, changed})
		}
		for _, size := range []int{2, 4, 8} {
			if i+size > len(sample) {
				continue
			}
			for _, b := range []byte{0, 0x7f, 0xff} {
				window := bytes.Repeat([]byte{b}, size)
				out = append(out, Case{fmt.Sprintf("%d times %#x", size, b) + at, slices.Concat(sample[:i], window, sample[i+size:])})
			}
		}
		out = append(out,
			Case{"cut off" + at, sample[:i]},
			Case{"one byte left out" + at, slices.Concat(sample[:i], sample[i+1:])},
			Case{"one byte twice" + at, slices.Concat(sample[:i+1], sample[i:])})
	}
	return out
}
