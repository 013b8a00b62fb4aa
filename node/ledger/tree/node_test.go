package tree

import "testing"

func TestInnerQuartersAreThoseOfTheCompactRule(t *testing.T) {
	t.Parallel()
	for used := range 1 << 8 { // two neighbouring quarters in all their forms, in each place
		for leaves := range 1 << 8 {
			for shift := 0; shift <= 8; shift += 4 {
				u, l := uint16(used<<shift), uint16(leaves&used<<shift)
				want := uint8(0)
				for q := range 4 {
					if quarterKind(u, l, q) == inner {
						want |= 1 << q
					}
				}
				if got := innerQuarters(u, l); got != want {
					t.Fatalf("slots %016b with leaves %016b: quarters %04b, want %04b", u, l, got, want)
				}
			}
		}
	}
}
