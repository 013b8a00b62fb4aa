package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
)

// pos writes an amount for a person.
func pos(u api.Units) string { return chain.FormatPOS(uint64(u)) + " POS" }

// short keeps what tells two addresses apart on a screen.
func short(a chain.Address) string {
	s := a.String()
	return s[:9] + "…" + s[len(s)-4:]
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// group writes a number with thousands apart: 31415926 is 31,415,926.
func group(v uint64) string {
	s := strconv.FormatUint(v, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func finality(ms *int64) string {
	if ms == nil {
		return "-"
	}
	return fmt.Sprintf("%d ms", *ms)
}

func clock(t api.Timestamp) string { return t.Format("15:04:05.000") }

func since(t api.Timestamp) string { return time.Since(t.Time).Round(time.Second).String() }

// plural is "1 block", "2 blocks".
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
