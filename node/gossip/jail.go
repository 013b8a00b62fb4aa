package gossip

import (
	"sync"
	"time"
)

// Offence is why a peer loses its good name. The values are the reasons metrics know.
type Offence string

// The offences.
const (
	OffenceMalformed    Offence = "malformed"     // could not be decoded, or not in canonical form
	OffenceBadSignature Offence = "bad_signature" // a signature or proof did not hold
	OffenceOversized    Offence = "oversized"     // above a cap that the sender knew
	OffenceFlood        Offence = "flood"         // above a rate that the sender knew
	OffenceWrongGenesis Offence = "wrong_genesis" // of another network
	OffenceInvalid      Offence = "invalid"       // well-formed, but against a rule
	OffenceFalseState   Offence = "false_state"   // a state that is not the chain's, given to a node that joined
)

const (
	banScore    = 100              // from here on a peer is banned
	forgiveness = time.Minute      // a score halves in this time
	banTime     = 5 * time.Minute  // long enough to be no burden, short enough to heal an honest mistake
	strayTime   = 30 * time.Second // for a node of another network: it may have been set up wrongly, and soon not be
	jailSize    = 1024             // peers remembered
)

// weights says how much an offence counts. What no honest node ever sends weighs most.
var weights = map[Offence]float64{
	OffenceMalformed: 50, OffenceBadSignature: 50, OffenceOversized: banScore,
	OffenceFlood: 20, OffenceInvalid: 20, OffenceWrongGenesis: banScore,
	OffenceFalseState: banScore,
}

// jail remembers who misbehaved, in memory and for a time. It judges peer ids: making a new one is free, so the bounds
// that hold against every peer matter more than what is written here; but a neighbour that went mad is kept away.
type jail struct {
	now func() time.Time
	max int

	mu      sync.Mutex
	records map[PeerID]record
}

type record struct {
	score float64
	at    time.Time // when score was that
	until time.Time // banned until then
}

func newJail(now func() time.Time, maxPeers int) *jail {
	return &jail{now: now, max: maxPeers, records: map[PeerID]record{}}
}

// charge adds an offence and reports whether it brought about a ban.
func (j *jail) charge(id PeerID, what Offence) (banned bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.now()
	r, known := j.records[id]
	if now.Before(r.until) {
		return false // already serving
	}
	if !known {
		j.makeRoom(now)
	}
	weight, ok := weights[what]
	if !ok {
		weight = 20
	}
	r.score = r.scoreAt(now) + weight
	r.at = now
	if banned = r.score >= banScore; banned {
		r.score, r.until = 0, now.Add(banTime)
		if what == OffenceWrongGenesis {
			r.until = now.Add(strayTime)
		}
	}
	j.records[id] = r
	return banned
}

// banned reports whether a peer is to be kept away now.
func (j *jail) banned(id PeerID) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	r, ok := j.records[id]
	return ok && j.now().Before(r.until)
}

func (r record) scoreAt(now time.Time) float64 {
	for at := r.at.Add(forgiveness); r.score >= 1; at = at.Add(forgiveness) {
		if at.After(now) {
			return r.score
		}
		r.score /= 2
	}
	return 0
}

// makeRoom forgets who is neither banned nor suspect, and if nobody is, the one whose case is the lightest.
func (j *jail) makeRoom(now time.Time) {
	if len(j.records) < j.max {
		return
	}
	var lightest PeerID
	var least float64
	for id, r := range j.records {
		score := r.scoreAt(now)
		if left := r.until.Sub(now); left > 0 {
			score += banScore + left.Seconds()
		} else if score == 0 {
			delete(j.records, id)
			continue
		}
		if lightest == "" || score < least {
			lightest, least = id, score
		}
	}
	if len(j.records) >= j.max {
		delete(j.records, lightest)
	}
}
