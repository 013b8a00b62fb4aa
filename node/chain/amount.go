package chain

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

const (
	// UnitsPerPOS is how many base units make 1 POS.
	UnitsPerPOS = 1_000_000
	// MaxSupply bounds the sum of all balances and stakes, in base units, so
	// that three times any stake fits 64 bits.
	MaxSupply = uint64(1) << 60
)

// ErrOverflow marks a sum beyond 64 bits or a difference below zero.
var ErrOverflow = errors.New("amount out of range")

// Add is a + b, or [ErrOverflow].
func Add(a, b uint64) (uint64, error) {
	s, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return 0, fmt.Errorf("%w: %d + %d", ErrOverflow, a, b)
	}
	return s, nil
}

// Sub is a - b, or [ErrOverflow].
func Sub(a, b uint64) (uint64, error) {
	if b > a {
		return 0, fmt.Errorf("%w: %d - %d", ErrOverflow, a, b)
	}
	return a - b, nil
}

// FormatPOS writes base units as POS without trailing zeros: 1500000 is "1.5".
func FormatPOS(units uint64) string {
	whole, part := units/UnitsPerPOS, units%UnitsPerPOS
	if part == 0 {
		return strconv.FormatUint(whole, 10)
	}
	return strings.TrimRight(fmt.Sprintf("%d.%06d", whole, part), "0")
}

// ParsePOS reads a non-negative decimal number of POS with at most six
// decimals into base units: "1.5" is 1500000.
func ParsePOS(s string) (uint64, error) {
	whole, part, hasPart := strings.Cut(s, ".")
	if len(s) > maxTextBytes || len(part) > 6 || (hasPart && part == "") || whole == "" {
		return 0, fmt.Errorf("%s is not an amount: write POS with at most 6 decimals, such as 25 or 0.5", clip(s))
	}
	digits := whole + part + strings.Repeat("0", 6-len(part))
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%s is not an amount: write POS with at most 6 decimals, such as 25 or 0.5", clip(s))
		}
	}
	v, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || v > MaxSupply {
		return 0, fmt.Errorf("%s is not an amount: more than the largest supply of %s POS", clip(s), FormatPOS(MaxSupply))
	}
	return v, nil
}
