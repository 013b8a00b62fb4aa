package chain

import (
	"fmt"
	"strconv"

	"github.com/btcsuite/btcd/btcutil/bech32"
)

// AddressPrefix is the human-readable part of an address (BIP 173).
const AddressPrefix = "pos"

// Address names an account: it IS the account's 32-byte Ed25519 public key,
// so whoever knows an address can check its signatures. A validator is named
// by the address of the account that registered it.
type Address [32]byte

// IsZero reports whether no account is named.
func (a Address) IsZero() bool { return a == Address{} }

// String is the bech32m form (BIP 350), `pos1…`.
func (a Address) String() string {
	five, err := bech32.ConvertBits(a[:], 8, 5, true)
	if err != nil {
		panic(err) // 8 to 5 with padding takes any bytes
	}
	s, err := bech32.EncodeM(AddressPrefix, five)
	if err != nil {
		panic(err) // five has only 5-bit values
	}
	return s
}

// ParseAddress reads the bech32m form. A mistyped character is always noticed.
func ParseAddress(s string) (Address, error) {
	if len(s) > maxTextBytes {
		return Address{}, fmt.Errorf("%s is not an address: it is too long", clip(s))
	}
	prefix, five, version, err := bech32.DecodeGeneric(s)
	if err != nil {
		return Address{}, fmt.Errorf("%s is not an address: %w", clip(s), err)
	}
	if prefix != AddressPrefix || version != bech32.VersionM {
		return Address{}, fmt.Errorf("%s is not an address: it must be bech32m and start with %s1", clip(s), AddressPrefix)
	}
	raw, err := bech32.ConvertBits(five, 5, 8, false)
	if err != nil {
		return Address{}, fmt.Errorf("%s is not an address: %w", clip(s), err)
	}
	if len(raw) != len(Address{}) {
		return Address{}, fmt.Errorf("%s is not an address: it holds %d bytes, not %d", clip(s), len(raw), len(Address{}))
	}
	return Address(raw), nil
}

// maxTextBytes is more than any address, amount or word that is read has.
const maxTextBytes = 128

// clip quotes what somebody sent, so that an error is no longer than it helps.
func clip(s string) string {
	if len(s) > maxTextBytes {
		return strconv.Quote(s[:maxTextBytes]) + "…"
	}
	return strconv.Quote(s)
}

// MarshalText writes the bech32m form.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the bech32m form.
func (a *Address) UnmarshalText(b []byte) error {
	v, err := ParseAddress(string(b))
	if err != nil {
		return err
	}
	*a = v
	return nil
}
