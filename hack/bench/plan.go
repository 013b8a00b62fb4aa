package main

// turn is one round of one system.
type turn struct {
	round  int // from 1
	system string
}

// plan lets the systems take turns, A B A B A B: whatever changes on the
// machine in the meantime meets both.
func plan(rounds int, systems []string) []turn {
	var out []turn
	for round := 1; round <= rounds; round++ {
		for _, s := range systems {
			out = append(out, turn{round, s})
		}
	}
	return out
}
