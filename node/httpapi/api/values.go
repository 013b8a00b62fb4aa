package api

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// Units is an amount in base units. In JSON it is a string of decimal digits:
// a number would lose digits above 2^53 in a browser.
type Units uint64

// String is the JSON form without its quotes.
func (u Units) String() string { return strconv.FormatUint(uint64(u), 10) }

// MarshalJSON writes a string of digits.
func (u Units) MarshalJSON() ([]byte, error) { return []byte(`"` + u.String() + `"`), nil }

// UnmarshalJSON reads a string of digits without sign, point or leading zero.
func (u *Units) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return &ValueError{fmt.Sprintf(`%s is not an amount: write base units as a JSON string of digits; 1.5 POS is "1500000"`, clip(string(b)))}
	}
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil || s[0] == '+' || (len(s) > 1 && s[0] == '0') {
		return &ValueError{s2amount(s)}
	}
	*u = Units(v)
	return nil
}

func s2amount(s string) string {
	text := fmt.Sprintf(`%q is not an amount: write base units as a string of digits, at most %d`, clip(s), chain.MaxSupply)
	if units, err := chain.ParsePOS(s); err == nil {
		text = fmt.Sprintf(`%q is not an amount in base units; %s POS is "%d"`, s, s, units)
	}
	return text
}

// Bytes is hexadecimal in JSON.
type Bytes []byte

// MarshalText writes lower-case hexadecimal.
func (h Bytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

// UnmarshalText reads hexadecimal.
func (h *Bytes) UnmarshalText(b []byte) error {
	out := make([]byte, hex.DecodedLen(len(b)))
	if _, err := hex.Decode(out, b); err != nil {
		return fmt.Errorf("%q is not hexadecimal: %w", clip(string(b)), err)
	}
	*h = out
	return nil
}

// Timestamp is a time in UTC with exactly milliseconds.
type Timestamp struct{ time.Time }

const timestampLayout = "2006-01-02T15:04:05.000Z"

// TimeOf is t in the API's form.
func TimeOf(t time.Time) Timestamp { return Timestamp{t.UTC().Truncate(time.Millisecond)} }

// TimeOfMillis is a block's time, Unix milliseconds.
func TimeOfMillis(ms uint64) Timestamp { return TimeOf(time.UnixMilli(int64(ms))) }

// String is the JSON form without its quotes.
func (t Timestamp) String() string { return t.UTC().Format(timestampLayout) }

// MarshalJSON writes RFC 3339 with three decimals.
func (t Timestamp) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

// UnmarshalJSON reads any RFC 3339 time.
func (t *Timestamp) UnmarshalJSON(b []byte) error { return t.Time.UnmarshalJSON(b) }

// ValueError says what is wrong with a JSON value, in words for its sender.
type ValueError struct{ Message string }

// Error is the message.
func (e *ValueError) Error() string { return e.Message }

// clip keeps what a stranger sent from filling an error message.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
