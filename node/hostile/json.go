package hostile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Values are JSON values that say more than they bring, and some that are none.
func Values() []Case {
	var out []Case
	add := func(name, value string) { out = append(out, Case{name, []byte(value)}) }
	for _, n := range []int{100, 20000} {
		for _, element := range []string{"{}", "0", "null", `""`, "[]", `{"a":{}}`} {
			add(fmt.Sprintf("a list of %d times %s", n, element), "["+strings.Repeat(element+",", n)+element+"]")
		}
		add(fmt.Sprintf("lists %d deep", n), strings.Repeat("[", n)+strings.Repeat("]", n))
		add(fmt.Sprintf("lists %d deep that do not end", n), strings.Repeat("[", n))
		add(fmt.Sprintf("objects %d deep", n), strings.Repeat(`{"a":`, n)+"0"+strings.Repeat("}", n))
		add(fmt.Sprintf("a string of %d", n), `"`+strings.Repeat("x", n)+`"`)
		add(fmt.Sprintf("a string of %d bytes that are not UTF-8", n), `"`+strings.Repeat("\xff", n)+`"`)
		add(fmt.Sprintf("a string of %d escapes", n), `"`+strings.Repeat(`\u0000`, n)+`"`)
		add(fmt.Sprintf("a number of %d digits", n), strings.Repeat("9", n))
		add(fmt.Sprintf("one key %d times", n), "{"+strings.Repeat(`"a":0,`, n)+`"a":0}`)
	}
	for _, v := range []string{
		"null", "true", "0", "-0", "-1", "1.5", "1e3", "1e400", "1e-400", "18446744073709551616", "00", "01", "+1", "NaN", "[]", "{}", `""`, `"0"`,
		`"-1"`, `"1e3"`, `"\ud800"`, `"`, "[", "{", "{]", "", "[,]", "[1,]", `{"a"}`, `{"a":}`, "\x00", "\ufeff0", "//", "0 0",
	} {
		add(fmt.Sprintf("%q", v), v)
	}
	return out
}

// SpoilJSON makes of a JSON value what an adversary could: [Values] as a whole, and
// every value in it replaced by every small one of them and some large ones.
func SpoilJSON(sample []byte) []Case {
	out := Values()
	var inner []Case
	for _, c := range out {
		if len(c.Bytes) < 1<<11 || slices.Contains([]string{"a list of 20000 times {}", "lists 20000 deep", "a string of 20000", "a number of 20000 digits"}, c.Name) {
			inner = append(inner, c)
		}
	}
	const mark = `"@here@"`
	var tree any
	d := json.NewDecoder(bytes.NewReader(sample))
	d.UseNumber()
	if d.Decode(&tree) != nil {
		return out
	}
	replace := func(where string) {
		b, err := json.Marshal(tree)
		if err != nil {
			return
		}
		for _, c := range inner {
			out = append(out, Case{c.Name + " in place of " + where, bytes.Replace(b, []byte(mark), c.Bytes, 1)})
		}
	}
	var visit func(where string, v any, set func(any))
	visit = func(where string, v any, set func(any)) {
		set("@here@")
		replace(where)
		set(v)
		switch v := v.(type) {
		case map[string]any:
			for k, inner := range v {
				visit(where+"."+k, inner, func(x any) { v[k] = x })
			}
		case []any:
			for i, inner := range v[:min(len(v), 2)] {
				visit(fmt.Sprint(where, "[", i, "]"), inner, func(x any) { v[i] = x })
			}
		}
	}
	visit("all", tree, func(x any) { tree = x })
	return append(out, Case{"cut off", sample[:len(sample)/2]}, Case{"something behind the end", append(bytes.Clone(sample), "{}"...)})
}
