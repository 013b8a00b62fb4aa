package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// Case is one input.
type Case struct {
	Name  string
	Bytes []byte
}

// head is the beginning of a CBOR item in its longest form.
func head(major byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{major<<5 | 27}, n)
}

// short is the beginning of a CBOR item in its shortest form, up to 65535.
func short(major byte, n int) []byte {
	switch {
	case n < 24:
		return []byte{major<<5 | byte(n)}
	case n < 256:
		return []byte{major<<5 | 24, byte(n)}
	}
	return []byte{major<<5 | 25, byte(n >> 8), byte(n)}
}

// Items are single CBOR items that say more than they bring, or say it in
// another way than the shortest.
func Items() []Case {
	var out []Case
	add := func(name string, parts ...[]byte) { out = append(out, Case{name, slices.Concat(parts...)}) }
	for major, what := range map[byte]string{2: "byte string", 3: "text", 4: "array", 5: "map"} {
		for _, n := range []uint64{1 << 7, 1<<16 - 1, 1 << 24, 1<<32 - 1, 1 << 62, 1 << 63, 1<<64 - 1} {
			add(fmt.Sprintf("a %s that claims %d", what, n), head(major, n))
		}
		add("an indefinite "+what+" that does not end", []byte{major<<5 | 31})
		add("an indefinite "+what+" of nothing", []byte{major<<5 | 31, 0xff})
	}
	add("a byte string in two chunks", []byte{0x5f, 0x41, 1, 0x41, 2, 0xff})
	add("an integer in two bytes", []byte{0x18, 1})
	add("an integer in nine bytes", head(0, 1))
	add("the largest integer", head(0, 1<<64-1))
	add("the least integer", head(1, 1<<64-1))
	add("minus one", []byte{0x20})
	add("a bignum", []byte{0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0})
	add("a tag", []byte{0xd9, 0xd9, 0xf7, 0})
	add("a time", []byte{0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0})
	add("half a float", []byte{0xf9, 0x7e, 0})
	add("a double", []byte{0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0})
	for _, b := range []byte{0x00, 0x40, 0x60, 0x80, 0xa0, 0xf4, 0xf5, 0xf6, 0xf7, 0xe0, 0xff, 0x1c, 0xfc} {
		add(fmt.Sprintf("the byte %#x", b), []byte{b})
	}
	add("a long empty byte string", []byte{0x58, 0})
	add("text that is not UTF-8", []byte{0x62, 0xff, 0xfe})
	add("a map with a key twice", []byte{0xa2, 0, 0, 0, 1})
	add("a map out of order", []byte{0xa2, 1, 0, 0, 0})
	return out
}

// Structures are larger CBOR items: many tiny elements, and nesting.
func Structures() []Case {
	var out []Case
	add := func(name string, parts ...[]byte) { out = append(out, Case{name, slices.Concat(parts...)}) }
	for _, n := range []int{16, 128, 129, 1000, 20000} {
		for _, element := range [][]byte{{0x00}, {0x40}, {0x60}, {0x80}, {0xa0}, {0xf6}, {0x81, 0}, {0x41, 7}} {
			add(fmt.Sprintf("an array of %d times %x", n, element), short(4, n), bytes.Repeat(element, n))
		}
		add(fmt.Sprintf("an indefinite array of %d", n), []byte{0x9f}, make([]byte, n), []byte{0xff})
		add(fmt.Sprintf("an indefinite byte string of %d chunks", n), []byte{0x5f}, bytes.Repeat([]byte{0x40}, n), []byte{0xff})
		add(fmt.Sprintf("a byte string of %d", n), short(2, n), make([]byte, n))
		add(fmt.Sprintf("text of %d", n), short(3, n), bytes.Repeat([]byte{'x'}, n))
		add(fmt.Sprintf("a map of %d times one key", n), short(5, n), make([]byte, 2*n))
		add(fmt.Sprintf("arrays %d deep", n), bytes.Repeat([]byte{0x81}, n), []byte{0})
		add(fmt.Sprintf("indefinite arrays %d deep", n), bytes.Repeat([]byte{0x9f}, n))
		add(fmt.Sprintf("maps %d deep", n), bytes.Repeat([]byte{0xa1, 0}, n), []byte{0})
		add(fmt.Sprintf("tags %d deep", n), bytes.Repeat([]byte{0xc1}, n), []byte{0})
	}
	// A reader that allows elements by the size of the input: one long one pays for many.
	for _, n := range []int{100, 1000} {
		for _, element := range [][]byte{{0x00}, {0x40}, {0x80}, {0xf6}} {
			for _, each := range []int{31, 63, 127} {
				add(fmt.Sprintf("a byte string of %d and %d times %x", each*n, n, element),
					short(4, n+1), short(2, each*n), make([]byte, each*n), bytes.Repeat(element, n))
			}
		}
	}
	for _, fields := range []int{2, 3, 4, 5, 6, 9} {
		inner := append(short(4, fields), make([]byte, fields)...)
		add(fmt.Sprintf("an array of 1000 arrays of %d zeros", fields), short(4, 1000), bytes.Repeat(inner, 1000))
	}
	return out
}

// SpoilCBOR makes of a CBOR value what an adversary could: every item of it replaced
// by every one of [Items], every list and byte string by every one of
// [Structures], left out, doubled, and cut off there.
func SpoilCBOR(sample []byte) []Case {
	var out []Case
	places := walk(sample)
	for _, p := range places {
		put := func(name string, with []byte) {
			out = append(out, Case{fmt.Sprintf("%s in place of bytes %d to %d", name, p.from, p.to),
				slices.Concat(sample[:p.from], with, sample[p.to:])})
		}
		for _, c := range Items() {
			put(c.Name, c.Bytes)
		}
		if major := sample[p.from] >> 5; major >= 2 && major <= 5 || p.from == 0 {
			for _, c := range Structures() {
				put(c.Name, c.Bytes)
			}
		}
		if b := sample[p.from:p.to]; b[0]>>5 == 4 && len(b) > 32 {
			// Some honest elements pay for many that are not.
			put("ten of it and a hundred of null in a list", slices.Concat(short(4, 110), bytes.Repeat(b, 10), bytes.Repeat([]byte{0xf6}, 100)))
			put("a hundred of it and as many nulls as its bytes pay for", slices.Concat(short(4, 100+3*len(b)), bytes.Repeat(b, 100), bytes.Repeat([]byte{0xf6}, 3*len(b))))
		}
		put("nothing", nil)
		put("the same twice", slices.Concat(sample[p.from:p.to], sample[p.from:p.to]))
		out = append(out, Case{fmt.Sprintf("cut off at %d", p.from), sample[:p.from]})
	}
	return append(out, Case{"a byte behind the end", append(bytes.Clone(sample), 0)})
}

type place struct{ from, to int }

// walk lists the items of a CBOR value, outer before inner. In a long list of
// structures the first two and the last stand for all.
func walk(b []byte) []place {
	var out []place
	var item func(at int, note bool) int
	item = func(at int, note bool) int {
		major, info := b[at]>>5, b[at]&31
		n, next := uint64(info), at+1
		if info >= 24 && info <= 27 {
			size := 1 << (info - 24)
			var full [8]byte
			copy(full[8-size:], b[next:next+size])
			n, next = binary.BigEndian.Uint64(full[:]), next+size
		}
		mine := len(out)
		if note {
			out = append(out, place{from: at})
		}
		switch major {
		case 2, 3:
			next += int(n)
		case 4:
			for i := range int(n) {
				alike := n > 8 && b[next]>>5 == 4 && i > 1 && i < int(n)-1
				next = item(next, note && !alike)
			}
		}
		if note {
			out[mine].to = next
		}
		return next
	}
	if len(b) > 0 {
		item(0, true)
	}
	return out
}
