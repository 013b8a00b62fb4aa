package chain

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/bech32"
)

// The valid and invalid strings of BIP 350 hold for the library this package
// rests on.
func TestBech32mVectorsOfBIP350(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"A1LQFN3A", "a1lqfn3a", "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
		"abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx", "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8",
		"split1checkupstagehandshakeupstreamerranterredcaperredlc445v", "?1v759aa",
	} {
		if _, _, version, err := bech32.DecodeGeneric(s); err != nil || version != bech32.VersionM {
			t.Errorf("%q: version %v, %v", s, version, err)
		}
	}
	for _, s := range []string{
		"\x201xj0phk", "\x7f1g6xzxy", "\x801vctc34", "qyrz8wqd2c9m", "1qyrz8wqd2c9m", "y1b0jsk6g", "lt1igcx5c0", "in1muywd", "mm1crxm3i", "au1s5cgom", "M1VUXWEZ", "16plkw9", "1p2gdwpf",
	} {
		if _, _, version, err := bech32.DecodeGeneric(s); err == nil && version == bech32.VersionM {
			t.Errorf("%q is read", s)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	a := Address(fill(0xa1))
	s := a.String()
	if !strings.HasPrefix(s, "pos1") || len(s) != 62 {
		t.Fatalf("%q", s)
	}
	golden(t, "address.txt", s+"\n")
	for _, good := range []string{s, strings.ToUpper(s)} {
		if got, err := ParseAddress(good); err != nil || got != a {
			t.Errorf("%q: %v", good, err)
		}
	}
	five, _ := bech32.ConvertBits(a[:], 8, 5, true)
	encode := func(prefix string, data []byte) string {
		out, err := bech32.EncodeM(prefix, data)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	old, _ := bech32.Encode(AddressPrefix, five)
	padded := append([]byte(nil), five...)
	padded[len(padded)-1] |= 1 // the bits beyond the last byte must be zero
	for why, bad := range map[string]string{
		"of another network":            encode("bc", five),
		"with bech32's checksum":        old,
		"with padding that is not zero": encode(AddressPrefix, padded),
		"too short":                     encode(AddressPrefix, five[:50]),
		"too long":                      encode(AddressPrefix, append(append([]byte(nil), five...), 0, 0)),
		"in mixed case":                 strings.ToUpper(s[:20]) + s[20:],
		"with a space":                  " " + s,
		"empty":                         "",
		"hexadecimal":                   Hash(a).String(),
	} {
		if _, err := ParseAddress(bad); err == nil {
			t.Errorf("an address %s is read: %q", why, bad)
		}
	}
	// Any one mistyped character is noticed.
	for i := 4; i < len(s); i++ {
		for _, c := range "qpzry9x8gf2tvdw0s3jn54khce6mua7l" {
			if bad := s[:i] + string(c) + s[i+1:]; bad != s {
				if _, err := ParseAddress(bad); err == nil {
					t.Fatalf("%q is read", bad)
				}
			}
		}
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]uint64{
		"0": 0, "1": 1_000_000, "0.5": 500_000, "25.000001": 25_000_001, "007": 7_000_000, "0.000000": 0, "1152921504606.846976": MaxSupply,
	} {
		if got, err := ParsePOS(s); err != nil || got != want {
			t.Errorf("%q is %d (%v), want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", ".", "1.", ".5", "-1", "+1", "1e6", "0x10", "1,5", " 1", "1 ", "1.0000001", "1152921504606.846977", "99999999999999999999", "1.5.5", "٣", "NaN", "Inf", "1_000"} {
		if got, err := ParsePOS(s); err == nil {
			t.Errorf("%q is read as %d", s, got)
		}
	}
	for v, want := range map[uint64]string{0: "0", 1: "0.000001", 1_500_000: "1.5", 1_000_000: "1", MaxSupply: "1152921504606.846976"} {
		if got := FormatPOS(v); got != want {
			t.Errorf("%d is written %q, want %q", v, got, want)
		}
	}
	if _, err := Add(1<<64-1, 1); err == nil {
		t.Error("a sum beyond 64 bits")
	}
	if _, err := Sub(1, 2); err == nil {
		t.Error("a difference below zero")
	}
	if s, err := Add(1<<63, 1<<63-1); err != nil || s != 1<<64-1 {
		t.Errorf("%d %v", s, err)
	}
}

func TestTextForms(t *testing.T) {
	t.Parallel()
	type all struct {
		H Hash
		K PublicKey
		S Signature
		A Address
		T TxKind
	}
	v := all{fill(1), PublicKey(fill(2)), Signature{3}, Address(fill(4)), TxStake}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var got all
	if err := json.Unmarshal(b, &got); err != nil || got != v {
		t.Fatalf("%s: %v", b, err)
	}
	for _, bad := range []string{
		`{"H":"01"}`, `{"H":"` + strings.Repeat("0", 65) + `"}`, `{"H":"` + strings.Repeat("g", 64) + `"}`, `{"K":""}`, `{"S":"00"}`, `{"A":"pos1"}`, `{"T":"mint"}`, `{"T":"kind(9)"}`, `{"T":1}`,
	} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
	if TxKind(9).String() != "kind(9)" || VoteKind(9).String() != "vote(9)" || Prevote.String() != "prevote" || Precommit.String() != "precommit" {
		t.Error("names of kinds")
	}
	if fill(0xab).Short() != "abababab" {
		t.Error("short hash")
	}
}
