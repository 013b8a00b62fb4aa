package chain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// ErrJSONForm marks JSON that would take far more memory than it has bytes, or
// that nests deeper than anything of this project.
var ErrJSONForm = errors.New("JSON of an unreasonable form")

const (
	maxJSONLevels = 16
	fewMembers    = 64
	maxJSONWord   = 64  // bytes of a number, or of true, false and null
	maxGenesisStr = 256 // bytes of a string in a genesis file; none is half as long
)

// CheckJSON refuses JSON from a stranger in which a list or an object has many
// members and few bytes for each: three bytes of it may become hundreds in memory.
// Up to 64 members are allowed whatever they are, and one more for every 64 bytes
// that they bring. It refuses what is not UTF-8, and numbers that are no numbers of
// ours, too, since what does not fit ends up in the text of an error, several
// times. It looks at nothing else; json.Unmarshal comes after it. It allocates
// nothing unless it refuses.
func CheckJSON(b []byte) error { return walkJSON(b, len(b), nil) }

// walkJSON is CheckJSON with a cap on strings; list is told how many elements each
// list has that is a member of the outermost object.
func walkJSON(b []byte, maxString int, list func(key []byte, n int)) error {
	if !utf8.Valid(b) { // json.Unmarshal would replace each wrong byte by three
		return fmt.Errorf("%w: it is not UTF-8", ErrJSONForm)
	}
	type level struct {
		start, members int // where it begins, and its members: commas and one
		list           bool
	}
	var stack [maxJSONLevels]level
	var key []byte // the last string of the outermost object
	depth, word := 0, 0
	for i := 0; i < len(b); i++ {
		c := b[i]
		if word++; endsWord(c) {
			word = 0
		}
		if word > maxJSONWord {
			return fmt.Errorf("%w: a number of more than %d digits", ErrJSONForm, maxJSONWord)
		}
		switch c {
		case '"':
			start := i + 1
			if i = stringEnd(b, start); i-start > maxString {
				return fmt.Errorf("%w: a string of %d bytes", ErrJSONForm, i-start)
			}
			if depth == 1 && !stack[0].list {
				key = b[start:min(i, len(b))]
			}
		case '{', '[':
			if depth == maxJSONLevels {
				return fmt.Errorf("%w: more than %d levels", ErrJSONForm, maxJSONLevels)
			}
			stack[depth] = level{start: i, members: 1, list: c == '['}
			depth++
		case ',':
			if depth > 0 {
				stack[depth-1].members++ //nolint:gosec // depth is from 1 to maxJSONLevels
			}
		case '}', ']':
			if depth == 0 {
				continue // no JSON; the reader will say so
			}
			depth--
			l := &stack[depth] //nolint:gosec // depth is below maxJSONLevels
			if l.members > fewMembers && i-l.start < (l.members-fewMembers)*elementBytes {
				return fmt.Errorf("%w: %d members in %d bytes", ErrJSONForm, l.members, i-l.start)
			}
			if depth == 1 && l.list && list != nil {
				list(key, l.members)
			}
		}
	}
	if depth > 0 { // a reader of streams would begin all the same
		return io.ErrUnexpectedEOF
	}
	return nil
}

// endsWord reports whether a byte ends a number or a name.
func endsWord(c byte) bool {
	return c <= ' ' || c == ',' || c == ':' || c == '"' || c == ']' || c == '}'
}

// stringEnd is where the string that begins at i has its closing quote, or the end.
func stringEnd(b []byte, i int) int {
	for ; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i
}

// decodeGenesis reads strictly. Its lists get the room that they need at once: a
// slice that grows takes several times as much.
func decodeGenesis(b []byte, g *Genesis) error {
	err := walkJSON(b, maxGenesisStr, func(key []byte, n int) {
		switch string(key) {
		case "accounts":
			g.Accounts = make([]GenesisAccount, 0, n)
		case "validators":
			g.Validators = make([]GenesisValidator, 0, n)
		case "bonds":
			g.Bonds = make([]GenesisBond, 0, n)
		}
	})
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(g); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something follows the closing brace")
	}
	return nil
}
