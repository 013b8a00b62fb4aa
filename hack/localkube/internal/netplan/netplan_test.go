package netplan

import (
	"errors"
	"net/netip"
	"testing"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	prefixes := func(ss ...string) (out []netip.Prefix) {
		for _, s := range ss {
			out = append(out, netip.MustParsePrefix(s))
		}
		return out
	}
	for _, c := range []struct {
		name  string
		taken []netip.Prefix
		block string
		err   error
	}{
		{"an empty machine gets the first block", nil, "10.213.0.0/16", nil},
		{"a default route takes nothing", prefixes("0.0.0.0/0"), "10.213.0.0/16", nil},
		{"a host inside the first block moves the choice on", prefixes("10.213.4.7/32"), "10.214.0.0/16", nil},
		{"a wide corporate route over 10/8 moves the choice to 172", prefixes("10.0.0.0/8"), "172.30.0.0/16", nil},
		{"an IPv6 route takes nothing", prefixes("fd00::/64"), "10.213.0.0/16", nil},
		{"no block left is an error", prefixes("10.0.0.0/8", "172.16.0.0/12"), "", ErrTaken},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := Choose(c.taken)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if err == nil && got.Block.String() != c.block {
				t.Fatalf("block %s, want %s", got.Block, c.block)
			}
		})
	}
}

func TestTheCutsOfEveryBlockAreDisjointAndInside(t *testing.T) {
	t.Parallel()
	for _, block := range Candidates() {
		p := on(block)
		parts := []netip.Prefix{p.Link, p.Pods, p.Services}
		for i, a := range parts {
			if !block.Overlaps(a) || a.Bits() <= block.Bits() {
				t.Errorf("%s is not inside %s", a, block)
			}
			for _, b := range parts[i+1:] {
				if a.Overlaps(b) {
					t.Errorf("%s overlaps %s", a, b)
				}
			}
		}
		if !p.Link.Contains(p.Host) || !p.Link.Contains(p.Node) || !p.Services.Contains(p.API) || !p.Services.Contains(p.DNS) {
			t.Errorf("an address of %+v lies outside its range", p)
		}
	}
}
