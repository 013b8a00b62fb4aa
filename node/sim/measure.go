package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
)

// Scale describes a measurement: networks without faults, in which every message takes the same time and computing takes
// none. What remains is the protocol: how many delays in turn a block waits for, and how much the nodes say for it.
type Scale struct {
	Seed       uint64
	Validators int    // from 1 to 200
	Link       uint64 // milliseconds that every message takes, from 1
	Heights    uint64 // of the busy network, which always has transfers waiting
	Transfers  int    // one at a time, on the idle one
	// Stopped, when set, is asked now and then whether to end early, with [ErrStopped].
	Stopped func() bool
}

// Scaled is what a measurement came to. Times are in milliseconds, and percentiles are nearest ranks: times that were
// really seen.
type Scaled struct {
	Validators int    `json:"validators"`
	Link       uint64 `json:"linkMs"`
	Heights    uint64 `json:"heights"`
	LateRounds uint64 `json:"lateRounds"` // heights that needed a round above 0
	// Block is from the moment at which a forger sends its proposal until the block is final and durable on a node: one
	// time for each height and node of the busy network.
	Block Percentiles `json:"blockMs"`
	// Transfer is from the moment at which a node takes a transfer until it is final on that node, in an idle network.
	Transfer Percentiles `json:"transferMs"`
	// Messages and Bytes are what a node sends for one block, on average over all nodes and heights of the busy network:
	// frames of consensus as they go into the stream of a peer, each peer's counted. Transactions are not in them: they
	// travel by gossip, whether or not there is a block.
	Messages Spoken `json:"messagesPerBlock"`
	Bytes    Spoken `json:"bytesPerBlock"`
	// Transactions are those in the blocks of the busy network, of which the bytes of proposals are made.
	Transactions float64 `json:"transactionsPerBlock"`
	WallSeconds  float64 `json:"wallSeconds"`
}

// Percentiles of some times, in milliseconds.
type Percentiles struct {
	P50 uint64 `json:"p50"`
	P99 uint64 `json:"p99"`
	Max uint64 `json:"max"`
}

// Spoken is a mean by kind of frame.
type Spoken struct {
	Proposals float64 `json:"proposals"`
	Votes     float64 `json:"votes"`
	States    float64 `json:"voteStates"`
	All       float64 `json:"all"`
}

// Measure measures a network twice, busy and idle. A promise that breaks on the way is an error.
func Measure(s Scale) (Scaled, error) {
	m := Scaled{Validators: s.Validators, Link: s.Link}
	if s.Validators < 1 || s.Link < 1 || s.Heights < 2 || s.Transfers < 1 {
		return m, errors.New("measure: from 1 validator, a link of 1 ms, 2 heights and 1 transfer on")
	}
	busy := &census{sent: map[uint64]uint64{}}
	cfg := Config{
		Seed: s.Seed, Profile: "measure", Nodes: s.Validators, Link: s.Link, Heights: s.Heights, TxEvery: busyEvery,
		Faults: []Fault{busy}, Checkers: []Checker{busy}, Stopped: s.Stopped,
	}
	res, err := honest(cfg)
	if err != nil {
		return m, fmt.Errorf("measure a busy network of %d: %w", s.Validators, err)
	}
	m.Heights, m.LateRounds, m.Block = busy.blocks, res.Rounds, percentiles(busy.times)
	each := 1 / float64(max(busy.blocks, 1)) / float64(s.Validators)
	m.Messages, m.Bytes = spoken(busy.messages, each), spoken(busy.bytes, each)
	m.Transactions = float64(busy.txs) / float64(max(busy.blocks, 1))
	m.WallSeconds = res.WallSeconds

	p := chain.DefaultParams()
	p.MinFee, p.MaxIdle = 0, 0 // a block is made for a transfer and for nothing else
	idle := &prober{left: s.Transfers, index: map[chain.Hash]int{}}
	cfg = Config{
		Seed: s.Seed, Profile: "measure", Nodes: s.Validators, Link: s.Link, Heights: uint64(s.Transfers), Params: &p,
		Faults: []Fault{idle}, Checkers: []Checker{idle}, Stopped: s.Stopped,
	}
	if res, err = honest(cfg); err != nil {
		return m, fmt.Errorf("measure an idle network of %d: %w", s.Validators, err)
	}
	m.Transfer = percentiles(idle.times)
	m.WallSeconds += res.WallSeconds
	return m, nil
}

// busyEvery is the mean time between two transfers to a busy network, in milliseconds: far less than a block takes.
const busyEvery = 10

// honest runs a world in which nothing may break.
func honest(cfg Config) (Result, error) {
	res, err := Run(cfg)
	if err == nil && len(res.Violations) > 0 {
		err = errors.New(res.Violations[0])
	}
	return res, err
}

func percentiles(times []uint64) (p Percentiles) {
	if len(times) == 0 {
		return p
	}
	slices.Sort(times)
	at := func(percent int) uint64 { return times[max((len(times)*percent+99)/100, 1)-1] }
	return Percentiles{at(50), at(99), times[len(times)-1]}
}

func spoken(sum [replica.FrameEvidence + 1]uint64, each float64) (s Spoken) {
	s.Proposals, s.Votes = float64(sum[replica.FrameProposal])*each, float64(sum[replica.FrameVote])*each
	s.States = float64(sum[replica.FrameState]) * each
	s.All = s.Proposals + s.Votes + s.States + float64(sum[replica.FrameEvidence])*each
	return s
}

// census counts what is said for the blocks of a run, and times them. The first block is left out: before it the nodes
// meet. It is a [Fault] so that it gets to see messages, and none otherwise.
type census struct {
	Watching
	w               *World
	counting        bool
	sent            map[uint64]uint64 // by height: when its first proposal left its forger
	blocks, txs     uint64
	last            uint64 // height that was counted last
	times           []uint64
	messages, bytes [replica.FrameEvidence + 1]uint64
}

// Name implements [Fault].
func (*census) Name() string { return "census" }

// Plan implements [Fault].
func (c *census) Plan(w *World, _ *rand.Rand) {
	c.w = w
	w.OnSendAlways(func(m *Message) {
		if c.counting && int(m.Kind) < len(c.messages) {
			c.messages[m.Kind]++
			c.bytes[m.Kind] += frameBytes(len(m.Payload))
		}
	})
}

// frameBytes is the length of a frame in a stream: see package gossip.
func frameBytes(payload int) uint64 {
	n := uint64(payload) + 1
	for head := uint64(1); ; head++ {
		if n>>(7*head) == 0 {
			return n + head
		}
	}
}

// Released implements [Checker].
func (c *census) Released(_ *Node, kind byte, payload []byte) {
	if kind != replica.FrameProposal {
		return
	}
	var p chain.SignedProposal
	if err := chain.Decode(payload, &p, chain.MaxProposalBytes); err != nil || p.ValidRound >= 0 {
		return
	}
	if _, again := c.sent[p.Height]; !again { // a peer that lacks it is sent it by others too
		c.sent[p.Height] = c.w.now
	}
}

// Decided implements [Checker].
func (c *census) Decided(_ *Node, d replica.Decision) {
	h := d.Block.Header.Height
	if h > c.last {
		c.last = h
		if c.counting {
			c.blocks++
			c.txs += uint64(len(d.Block.Txs))
		}
		c.counting = true // from the first decision of block 1 on
	}
	if at, ok := c.sent[h]; ok && h > 1 {
		c.times = append(c.times, c.w.now-at)
	}
}

// prober sends one transfer after the other to the nodes in turn, each when the one before is final everywhere.
type prober struct {
	Watching
	w     *World
	left  int
	nonce uint64
	asked *Node
	began uint64
	index map[chain.Hash]int // by block of the transfer: how many nodes have decided it
	times []uint64
}

// Name implements [Fault].
func (*prober) Name() string { return "prober" }

// Plan implements [Fault].
func (p *prober) Plan(w *World, r *rand.Rand) {
	p.w = w
	w.After(settling+r.Uint64N(1000), p.send)
}

// settling is how long nodes may take to meet before the first transfer, in milliseconds.
const settling = 5000

func (p *prober) send() {
	if p.left--; p.left < 0 {
		return
	}
	p.asked, p.began = p.w.nodes[p.left%len(p.w.nodes)], p.w.now
	p.nonce++
	tx := chain.Tx{Kind: chain.TxTransfer, From: senderKey(p.w.cfg.Seed, 1).Public(), Nonce: p.nonce, To: receivers()[p.left%1000], Amount: 1, Fee: p.w.genesis.Params.MinFee}
	p.w.SubmitTo(p.asked, p.w.SignTx(senderKey(p.w.cfg.Seed, 1), &tx))
}

// Decided implements [Checker].
func (p *prober) Decided(n *Node, d replica.Decision) {
	if n == p.asked {
		p.times = append(p.times, p.w.now-p.began)
	}
	if p.index[d.Hash]++; p.index[d.Hash] == len(p.w.nodes) {
		delete(p.index, d.Hash)
		p.w.After(p.w.between(1, 1000), p.send) // at any time of what the nodes do regularly
	}
}
