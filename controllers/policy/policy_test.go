package policy_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/controllers/policy"
	"github.com/posnet/posnet/node/chain"
)

func total(stakes []uint64) (t uint64) {
	for _, s := range stakes {
		t += s
	}
	return t
}

func TestMaxUnavailable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stakes   []uint64
		outside  uint64 // stake of validators that are not pods
		k        int32
		tolerant bool
	}{
		"one validator can never go, and its drain is not blocked": {[]uint64{10}, 0, 1, false},
		"of three equal ones none can go":                          {[]uint64{10, 10, 10}, 0, 1, false},
		"of four equal ones one can go":                            {[]uint64{10, 10, 10, 10}, 0, 1, true},
		"of seven equal ones two can go":                           {[]uint64{1, 1, 1, 1, 1, 1, 1}, 0, 2, true},
		"of ten equal ones three can go":                           {[]uint64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 0, 3, true},
		"a heavy one counts first":                                 {[]uint64{1, 1, 1, 1, 1, 4}, 0, 1, false},
		"pods without stake may all go with the one that may":      {[]uint64{0, 10, 10, 10, 10, 0}, 0, 1, true},
		"stake elsewhere keeps the quorum":                         {[]uint64{10, 10, 10}, 100, 3, true},
		"nobody has stake":                                         {[]uint64{0, 0}, 0, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, tolerant := policy.MaxUnavailable(c.stakes, total(c.stakes)+c.outside)
			if k != c.k || tolerant != c.tolerant {
				t.Errorf("k is %d, tolerant %t; want %d, %t", k, tolerant, c.k, c.tolerant)
			}
		})
	}
}

// Whatever k pods go, the rest is a quorum; and k is the largest such number.
func TestMaxUnavailableHoldsForAnyPods(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stakes := rapid.SliceOfN(rapid.Uint64Range(0, 1<<50), 1, 9).Draw(t, "stakes")
		sum := total(stakes)
		k, tolerant := policy.MaxUnavailable(stakes, sum)
		worst := func(k int32) (left uint64) { // by trying every subset of size k
			left = sum
			for set := range 1 << len(stakes) {
				gone, count := uint64(0), int32(0)
				for i, s := range stakes {
					if set>>i&1 == 1 {
						gone += s
						count++
					}
				}
				if count == k && sum-gone < left {
					left = sum - gone
				}
			}
			return left
		}
		if tolerant && !policy.Quorum(worst(k), sum) {
			t.Fatalf("%d of %v may go, and that can leave no quorum", k, stakes)
		}
		if tolerant && int(k) < len(stakes) && policy.Quorum(worst(k+1), sum) {
			t.Fatalf("%d of %v may go, and one more could", k, stakes)
		}
		if !tolerant && policy.Quorum(worst(1), sum) {
			t.Fatalf("%v tolerates a loss and is said not to", stakes)
		}
	})
}

func TestScale(t *testing.T) {
	t.Parallel()
	four := []uint64{10, 10, 10, 10}
	for name, c := range map[string]struct {
		current, wanted int32
		stakes          []uint64
		total           uint64
		replicas        int32
		refused         bool
	}{
		"growing is always allowed":                          {4, 9, four, 40, 9, false},
		"the same size is no change":                         {4, 4, four, 40, 4, false},
		"one of four may go":                                 {4, 3, four, 40, 3, false},
		"two of four may not, and none goes":                 {4, 2, four, 40, 4, true},
		"all may not":                                        {4, 0, four, 40, 4, true},
		"exactly a third may not, for the rest is no quorum": {3, 2, []uint64{10, 10, 10}, 30, 3, true},
		"pods without stake may go, all at once":             {9, 4, append([]uint64{10, 10, 10, 10}, 0, 0, 0, 0, 0), 40, 4, false},
		"a pod without stake may go from three":              {4, 3, []uint64{10, 10, 10, 0}, 30, 3, false},
		"without a chain any size may be taken":              {4, 1, nil, 0, 1, false},
		"what is staked elsewhere keeps the quorum":          {4, 2, four, 400, 2, false},
		"the heavy one is the last":                          {4, 3, []uint64{1, 1, 1, 10}, 13, 4, true},
		"the largest supply does not overflow":               {2, 1, []uint64{chain.MaxSupply / 2, chain.MaxSupply / 2}, chain.MaxSupply, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.Scale(c.current, c.wanted, c.stakes, c.total)
			if d.Replicas != c.replicas || d.Refused != c.refused {
				t.Errorf("decided %+v; want %d replicas, refused %t", d, c.replicas, c.refused)
			}
			if d.Refused && (d.Reason == "" || !strings.Contains(d.Message, "spec.validators.replicas")) {
				t.Errorf("refused without saying what to do: %+v", d)
			}
		})
	}
}

func TestGenesisDecision(t *testing.T) {
	t.Parallel()
	const a, b = "aaaa", "bbbb"
	for name, c := range map[string]struct {
		facts  policy.GenesisFacts
		action policy.GenesisAction
		hash   string
		reason string
	}{
		"no trace anywhere: a ceremony may begin":           {policy.GenesisFacts{}, policy.HoldCeremony, "", ""},
		"stored: it is used":                                {policy.GenesisFacts{Stored: a}, policy.UseGenesis, a, ""},
		"stored and known to status and nodes":              {policy.GenesisFacts{Stored: a, InStatus: a, Reported: []string{a, a}}, policy.UseGenesis, a, ""},
		"lost, a node has it":                               {policy.GenesisFacts{InStatus: a, Reported: []string{a}}, policy.TakeBackGenesis, a, ""},
		"lost with status, a node has it":                   {policy.GenesisFacts{Reported: []string{a, a}}, policy.TakeBackGenesis, a, ""},
		"lost, no node answers: never a new one":            {policy.GenesisFacts{InStatus: a}, policy.LeaveGenesis, a, "GenesisMissing"},
		"nodes disagree":                                    {policy.GenesisFacts{Reported: []string{b, a}}, policy.LeaveGenesis, "", "GenesisConflict"},
		"nodes disagree, whatever is stored":                {policy.GenesisFacts{Stored: a, InStatus: a, Reported: []string{a, b}}, policy.LeaveGenesis, "", "GenesisConflict"},
		"another one was put in the place of the right one": {policy.GenesisFacts{Stored: b, InStatus: a}, policy.LeaveGenesis, "", "GenesisConflict"},
		"nodes run on another one than is stored":           {policy.GenesisFacts{Stored: a, Reported: []string{b}}, policy.LeaveGenesis, "", "GenesisConflict"},
		"nodes run on another one than status remembers":    {policy.GenesisFacts{InStatus: a, Reported: []string{b}}, policy.LeaveGenesis, "", "GenesisConflict"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.Genesis(c.facts)
			if d.Action != c.action || d.Hash != c.hash || d.Reason != c.reason {
				t.Errorf("decided %+v; want action %d, hash %q, reason %q", d, c.action, c.hash, c.reason)
			}
			if (d.Reason == "") != (d.Message == "") {
				t.Errorf("a reason needs a message and the other way round: %+v", d)
			}
		})
	}
}

// The rule that matters most: with any trace of a genesis there is no ceremony.
func TestATraceOfAGenesisPreventsACeremony(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hash := rapid.SampledFrom([]string{"", "aaaa", "bbbb"})
		known := rapid.SampledFrom([]string{"aaaa", "bbbb"})
		f := policy.GenesisFacts{
			Stored: hash.Draw(t, "stored"), InStatus: hash.Draw(t, "status"), Reported: rapid.SliceOfN(known, 0, 4).Draw(t, "reported"),
		}
		d := policy.Genesis(f)
		trace := f.Stored != "" || f.InStatus != "" || len(f.Reported) > 0
		if (d.Action == policy.HoldCeremony) == trace {
			t.Fatalf("%+v: decided %+v", f, d)
		}
		if d.Action == policy.TakeBackGenesis && f.InStatus != "" && d.Hash != f.InStatus {
			t.Fatalf("%+v: takes back another genesis than status remembers: %+v", f, d)
		}
	})
}

func TestRoll(t *testing.T) {
	t.Parallel()
	pods := func(outdated, sick string) (list []policy.RollPod) {
		for i := range int32(4) {
			digit := string('0' + i)
			list = append(list, policy.RollPod{
				Ordinal: i, Stake: 10, Outdated: strings.Contains(outdated, digit), Voting: !strings.Contains(sick, digit),
			})
		}
		return list
	}
	for name, c := range map[string]struct {
		pods      []policy.RollPod
		settled   bool
		before    bool // before the genesis
		halt      bool
		total     uint64
		partition int32
		waits     string
	}{
		"nothing is outdated: nothing may move":                   {pods: pods("", ""), settled: true, total: 40, partition: 4},
		"the last one is done, the old revision still recorded":   {pods: pods("", ""), total: 40, partition: 0},
		"the highest goes first":                                  {pods: pods("0123", ""), total: 40, partition: 3},
		"then the next":                                           {pods: pods("012", ""), total: 40, partition: 2},
		"not before the last one is back":                         {pods: pods("012", "3"), total: 40, partition: 3, waits: "validator 3 is not back"},
		"not while another is away, which keeps its old revision": {pods: pods("0123", "1"), total: 40, partition: 4, waits: "validator 1 is not back"},
		"a sick one may be replaced itself":                       {pods: pods("0123", "3"), total: 40, partition: 3},
		"not while a pod is missing":                              {pods: pods("0123", "")[:3], total: 40, partition: 3, waits: "3 of 4 pods"},
		"not if the rest is no quorum":                            {pods: pods("0123", ""), total: 46, partition: 4, waits: "the chain would halt"},
		"unless the owner accepts a halt":                         {pods: pods("0123", ""), total: 46, halt: true, partition: 3},
		"before the genesis everything may restart":               {pods: pods("0123", "0123"), before: true, partition: 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := policy.Roll(policy.RollFacts{
				Replicas: 4, Pods: c.pods, Settled: c.settled, Began: !c.before, TotalStake: c.total, HaltAllowed: c.halt,
			})
			if d.Partition != c.partition || (d.Waits == "") != (c.waits == "") || !strings.Contains(d.Waits, c.waits) {
				t.Errorf("decided %+v; want partition %d, waiting for %q", d, c.partition, c.waits)
			}
		})
	}
}
