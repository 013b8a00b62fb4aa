package chain

import "fmt"

// MaxStateRounds caps the rounds a [VoteState] speaks of.
const MaxStateRounds = 8

// VoteState is what a node tells its peers of an undecided height, on connect
// and periodically, so that each can send what the other lacks: no message
// between peers is lost for good.
type VoteState struct {
	_      struct{}     `cbor:",toarray"`
	Height uint64       // the undecided height; everything below is decided and stored
	Round  uint64       // the round the node is in
	Rounds []RoundState // ascending by round; those it holds messages of, the newest at most MaxStateRounds
}

// RoundState lists what a node holds of one round, as bitmaps over the set of
// the height (bit i: byte i/8, least bit first).
type RoundState struct {
	_          struct{} `cbor:",toarray"`
	Round      uint64
	Proposal   bool
	Prevotes   []byte
	Precommits []byte
}

// MaxVoteStateBytes caps an encoded [VoteState].
const MaxVoteStateBytes = 16 << 10

// DecodeVoteState reads a VoteState.
func DecodeVoteState(b []byte) (*VoteState, error) {
	var s VoteState
	if err := Decode(b, &s, MaxVoteStateBytes); err != nil {
		return nil, fmt.Errorf("read vote state: %w", err)
	}
	if len(s.Rounds) > MaxStateRounds || s.Height == 0 {
		return nil, fmt.Errorf("read vote state: height %d with %d rounds", s.Height, len(s.Rounds))
	}
	for i, r := range s.Rounds {
		if r.Round > MaxRound || (i > 0 && s.Rounds[i-1].Round >= r.Round) {
			return nil, fmt.Errorf("read vote state: rounds out of order")
		}
	}
	return &s, nil
}
