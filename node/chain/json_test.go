package chain

import (
	"errors"
	"strings"
	"testing"
)

func TestJSONThatWouldSwellIsRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", elementBytes)
	for name, c := range map[string]struct {
		json string
		good bool
	}{
		"nothing":                                  {"", true},
		"sixty-four members of nothing":            {"[" + strings.Repeat("{},", 63) + "{}]", true},
		"sixty-five members of nothing":            {"[" + strings.Repeat("{},", 64) + "{}]", true}, // their own bytes pay for one more
		"a hundred members of nothing":             {"[" + strings.Repeat("{},", 99) + "{}]", false},
		"a thousand that bring their bytes":        {"[" + strings.Repeat(`"`+long+`",`, 999) + "0]", true},
		"an object of a thousand members":          {"{" + strings.Repeat(`"a":0,`, 999) + `"a":0}`, false},
		"commas within a string":                   {`["` + strings.Repeat(",", 1000) + `"]`, true},
		"brackets within a string":                 {`["` + strings.Repeat("[", 1000) + `"]`, true},
		"a quote within a string":                  {`["\"` + strings.Repeat("[", 1000) + `"]`, true},
		"sixteen levels":                           {strings.Repeat("[", 16) + strings.Repeat("]", 16), true},
		"seventeen levels":                         {strings.Repeat("[", 17) + strings.Repeat("]", 17), false},
		"a number of twenty digits":                {`{"a":18446744073709551615}`, true},
		"a number of a hundred digits":             {`{"a":` + strings.Repeat("9", 100) + "}", false},
		"many members deep inside":                 {`{"a":[{"b":[` + strings.Repeat("0,", 100) + "0]}]}", false},
		"brackets that were not opened":            {"]]]}", true}, // no JSON, for the reader to say
		"a long string that people may have typed": {`"` + strings.Repeat("x", 5000) + `"`, true},
	} {
		if err := CheckJSON([]byte(c.json)); (err == nil) != c.good || err != nil && !errors.Is(err, ErrJSONForm) {
			t.Errorf("%s: got %v, accepting it should be %v", name, err, c.good)
		}
	}
}

func TestTheFormOfAnEncodingIsJudgedBeforeItIsDecoded(t *testing.T) {
	t.Parallel()
	list := func(n int, each []byte) []byte {
		b := []byte{0x99, byte(n >> 8), byte(n)}
		for range n {
			b = append(b, each...)
		}
		return b
	}
	signature := Encode(Signature{1})
	for name, c := range map[string]struct {
		raw  []byte
		good bool
	}{
		"twenty-four small elements":   {append([]byte{0x98, 24}, make([]byte, 24)...), true},
		"twenty-five small elements":   {append([]byte{0x98, 25}, make([]byte, 25)...), false},
		"a thousand signatures":        {list(1000, signature), true},
		"a thousand hashes":            {list(1000, Encode(Hash{})), false},
		"four nulls":                   {[]byte{0x84, 0xf6, 0xf6, 0xf6, 0xf6}, true},
		"five nulls":                   {[]byte{0x85, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6}, false},
		"eight levels":                 {append([]byte(strings.Repeat("\x81", 8)), 0), true},
		"nine levels":                  {append([]byte(strings.Repeat("\x81", 9)), 0), false},
		"an empty map":                 {[]byte{0xa0}, false},
		"a tag":                        {[]byte{0xc1, 0}, false},
		"a float":                      {[]byte{0xf9, 0, 0}, false},
		"an indefinite list":           {[]byte{0x9f, 0xff}, false},
		"a list that claims more":      {[]byte{0x82, 0}, false},
		"a byte string of 2^64-1":      {[]byte{0x5b, 255, 255, 255, 255, 255, 255, 255, 255}, false},
		"a head that ends early":       {[]byte{0x19, 1}, false},
		"a number in too many bytes":   {[]byte{0x19, 0, 255}, false},
		"the largest number":           {[]byte{0x1b, 255, 255, 255, 255, 255, 255, 255, 255}, true},
		"something behind it":          {[]byte{0, 0}, false},
		"text":                         {[]byte("\x63abc"), true},
		"nothing":                      {nil, false},
		"true and false and undefined": {[]byte{0x83, 0xf4, 0xf5, 0xf7}, false},
	} {
		if err := checkForm(c.raw); (err == nil) != c.good || err != nil && !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: got %v, accepting it should be %v", name, err, c.good)
		}
	}
}
