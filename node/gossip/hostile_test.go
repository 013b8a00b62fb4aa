package gossip

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"testing"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/posnet/posnet/node/chain"
)

// villain is a libp2p host that knows our protocols and keeps to none of them.
type villain struct {
	host.Host
	protos protocols
	target peer.ID
}

// attack connects a villain to n. Its streams are answered by handlers that do nothing, unless changed before.
func attack(t *testing.T, n *node, prepare func(*villain)) *villain {
	t.Helper()
	cfg, err := Config{
		Key: newKey(t), Genesis: testGenesis, ListenIP: "127.0.0.1",
		OnFrame: n.onFrame, OnPeer: n.onPeer, Admit: n.admitAll, Pending: func(bool) []Pending { return n.pending() },
	}.filled()
	if err != nil {
		t.Fatal(err)
	}
	h, err := newHost(cfg, &gater{jail: newJail(time.Now, 8), cfg: cfg, connected: func() int { return 0 }, meets: func(PeerID) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	v := &villain{h, protocolsOf(testGenesis), n.ID()}
	h.SetStreamHandler(v.protos.consensus, func(s network.Stream) { _, _ = io.Copy(io.Discard, s) })
	if prepare != nil {
		prepare(v)
	}
	if err := h.Connect(t.Context(), n.host.Peerstore().PeerInfo(n.ID())); err != nil {
		t.Fatalf("connect: %v", err)
	}
	return v
}

func (v *villain) open(t *testing.T, p protocol.ID) network.Stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := v.NewStream(ctx, v.target, p)
	if err != nil {
		t.Fatalf("open stream: %v", err)
	}
	return s
}

// say writes what it can until the other side hangs up.
func say(s network.Stream, b []byte) {
	_ = s.SetWriteDeadline(time.Now().Add(patience))
	_, _ = s.Write(b)
}

func hello() []byte { return append(appendHead(nil, frameHello, bootBytes), 1, 2, 3, 4, 5, 6, 7, 8) }

func TestHostileFramesBanTheirSender(t *testing.T) {
	t.Parallel()
	uvarint := func(v uint64) []byte { return binary.AppendUvarint(nil, v) }
	with := func(parts ...[]byte) []byte { return bytes.Join(append([][]byte{hello()}, parts...), nil) }
	for _, c := range []struct {
		name  string
		bytes []byte
		want  Offence
	}{
		{"a vote above its cap", with(uvarint(MaxVoteBytes+2), []byte{byte(FrameVote)}), OffenceOversized},
		{"a proposal above its cap", with(uvarint(1<<20+2), []byte{byte(FrameProposal)}), OffenceOversized},
		{"a length of petabytes", with(bytes.Repeat([]byte{0xff}, 9), []byte{1}), OffenceOversized},
		{"a length not in its shortest form", with([]byte{0x82, 0x00, byte(FrameVote), 'x'}, []byte{0x82, 0x00, 2, 2}), OffenceMalformed},
		{"a kind nobody knows", with(uvarint(2), []byte{99, 0}, uvarint(2), []byte{99, 0}), OffenceMalformed},
		{"no kind at all", with([]byte{0}), OffenceMalformed},
		{"two greetings", with(hello()), OffenceMalformed},
		{"no greeting", []byte{2, byte(FrameVote), 'x'}, OffenceMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := start(t, nil)
			good := connect(t, n)
			together(t, n, good)
			v := attack(t, n, nil)
			// Some are forgiven once.
			eventually(t, "the villain is banned", func() bool {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if s, err := v.NewStream(ctx, v.target, v.protos.consensus); err == nil {
					say(s, c.bytes)
					_, _ = s.Read(make([]byte, 1))
					_ = s.Reset()
				}
				return n.banned(c.want) == 1
			})
			eventually(t, "it is hung up on", func() bool { return !n.connected(v.ID()) })
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := v.Connect(network.WithForceDirectDial(ctx, "test"), n.host.Peerstore().PeerInfo(n.ID())); err == nil {
				eventually(t, "and not let in again", func() bool { return v.Network().Connectedness(n.ID()) != network.Connected })
			}
			if len(n.got()) != 0 || !n.knows(good) {
				t.Fatal("the driver saw a hostile frame, or the good peer is gone")
			}
		})
	}
}

func TestAVillainThatNeverReadsHarmsOnlyItself(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	good := connect(t, n)
	together(t, n, good)
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	v := attack(t, n, func(v *villain) {
		v.SetStreamHandler(v.protos.consensus, func(network.Stream) { <-hold })
	})
	eventually(t, "the villain counts as a peer", func() bool {
		return n.link(v.ID()) != nil && n.link(v.ID()).shown.Load()
	})
	big := make([]byte, 1<<20)
	const rounds = 20
	for range rounds {
		n.Broadcast(FrameProposal, big)
		// The good peer's queue is bounded too: give it the time to be emptied.
		eventually(t, "the good peer keeps up", func() bool {
			l := n.link(good.ID())
			l.out.mu.Lock()
			defer l.out.mu.Unlock()
			return len(l.out.items) == 0
		})
	}
	eventually(t, "the good peer has all", func() bool { return len(good.got()) == rounds })
	l := n.link(v.ID())
	if l == nil {
		return // given up on already
	}
	l.out.mu.Lock()
	defer l.out.mu.Unlock()
	if l.out.bytes > l.out.maxBytes {
		t.Fatalf("%d bytes wait for the villain, at most %d may", l.out.bytes, l.out.maxBytes)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
}

func TestHalfAFrameHoldsLittleAndBlocksNobody(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	good := connect(t, n)
	together(t, n, good)
	v := attack(t, n, nil)
	s := v.open(t, v.protos.consensus)
	// A proposal of a megabyte is announced, and one byte of it comes.
	say(s, append(append(hello(), binary.AppendUvarint(nil, 1<<20)...), byte(FrameProposal), 'x'))
	for range 100 {
		good.Broadcast(FrameVote, []byte("vote"))
	}
	eventually(t, "the good peer's votes come through", func() bool { return len(n.got()) == 100 })
}

func TestAFloodOfFramesIsSlowedAndLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	good := connect(t, n)
	together(t, n, good)
	v := attack(t, n, nil)
	s := v.open(t, v.protos.consensus)
	flooding := make(chan struct{})
	go func() {
		defer close(flooding)
		one := append(appendHead(nil, FrameVote, 1), 'f')
		b := append(hello(), bytes.Repeat(one, 200_000)...)
		_ = s.SetWriteDeadline(time.Now().Add(patience))
		_, _ = s.Write(b)
	}()
	l := n.link(v.ID())
	eventually(t, "the flood is at its bound", func() bool { return l.frames.Tokens() < 1 })
	good.Broadcast(FrameVote, []byte("good"))
	eventually(t, "the good vote comes through", func() bool {
		for _, h := range n.got() {
			if h.from == good.ID() {
				return true
			}
		}
		return false
	})
	_ = s.Reset()
	<-flooding
}

func TestGarbageInTheMeshBansItsSender(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		messages [][]byte
		want     Offence
	}{
		{"not a batch", [][]byte{[]byte("garbage"), []byte("more")}, OffenceMalformed},
		{"an empty batch", [][]byte{chain.Encode([][]byte{}), {0x80, 0}}, OffenceMalformed},
		{"forged transactions", [][]byte{chain.Encode([][]byte{[]byte("bad 1")}), chain.Encode([][]byte{[]byte("tx good"), []byte("bad 2")})}, OffenceBadSignature},
		{"a batch above its cap", [][]byte{chain.Encode([][]byte{make([]byte, batchBytes)})}, OffenceOversized},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := start(t, nil)
			v := attack(t, n, nil)
			eventually(t, "the villain is banned", func() bool {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				s, err := v.NewStream(ctx, v.target, v.protos.mesh)
				if err != nil {
					return n.banned(c.want) == 1
				}
				rpc := &pb.RPC{Subscriptions: []*pb.RPC_SubOpts{{Subscribe: ptr(true), Topicid: &v.protos.topic}}}
				for _, m := range c.messages {
					rpc.Publish = append(rpc.Publish, &pb.Message{Topic: &v.protos.topic, Data: m})
				}
				b, err := rpc.Marshal()
				if err != nil {
					t.Fatal(err)
				}
				say(s, append(binary.AppendUvarint(nil, uint64(len(b))), b...))
				return n.banned(c.want) == 1
			})
		})
	}
}

func TestWhatIsOnlyTooLateIsNoOffence(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	msg := &pubsub.Message{Message: &pb.Message{Data: chain.Encode([][]byte{[]byte("late"), []byte("tx new")})}}
	if r := n.mesh.judge(t.Context(), mustID(t), msg); r != pubsub.ValidationIgnore {
		t.Fatalf("a message that is good in part is not passed on as it is, got %v", r)
	}
	if !n.has("tx new") {
		t.Fatal("its good part is taken")
	}
	if r := n.mesh.judge(t.Context(), mustID(t), &pubsub.Message{Message: &pb.Message{Data: chain.Encode([][]byte{[]byte("tx other")})}}); r != pubsub.ValidationAccept {
		t.Fatalf("a message that is all new is passed on, got %v", r)
	}
	if len(n.jail.records) != 0 {
		t.Fatal("somebody was charged")
	}
}

func mustID(t *testing.T) PeerID {
	t.Helper()
	id, err := IDOf(newKey(t).Public())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func ptr[T any](v T) *T { return &v }

func TestTooManyRequestsAtOnceAreAFlood(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *Config) { c.Blocks = chainOf{tip: 3, size: 10} })
	v := attack(t, n, nil)
	eventually(t, "the villain is banned", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if s, err := v.NewStream(ctx, v.target, v.protos.blocks); err == nil {
			say(s, []byte{0x82}) // the beginning of a request, and never more
		}
		return n.banned(OffenceFlood) == 1
	})
}

func TestHostileAnswersEndTheQuestion(t *testing.T) {
	t.Parallel()
	endless := func(part []byte) func(network.Stream) {
		return func(s network.Stream) {
			for {
				if _, err := s.Write(append(binary.AppendUvarint(nil, uint64(len(part))), part...)); err != nil {
					return
				}
			}
		}
	}
	say := func(b []byte) func(network.Stream) {
		return func(s network.Stream) { say(s, b); _ = s.CloseWrite() }
	}
	for _, c := range []struct {
		name   string
		answer func(network.Stream)
	}{
		{"a part above every cap", say([]byte{0xff, 0xff, 0xff, 0x7f})},
		{"a length that never ends", say(bytes.Repeat([]byte{0xff}, 64))},
		{"half a part", say([]byte{100, 'x'})},
		{"an endless answer", endless(make([]byte, 60_000))},
		{"nothing at all", say(nil)},
		{"nothing, rudely", func(s network.Stream) { _ = s.Reset() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := start(t, nil)
			v := attack(t, n, func(v *villain) {
				for _, p := range []protocol.ID{v.protos.blocks, v.protos.pool, v.protos.peers} {
					v.SetStreamHandler(p, c.answer)
				}
			})
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			got, err := n.FetchBlocks(ctx, v.ID(), 1, 8)
			if len(got) > 8 || (err == nil && len(got) != 8 && c.name != "nothing at all") {
				t.Errorf("blocks: got %d, %v", len(got), err)
			}
			if _, err := n.SyncPool(ctx, v.ID()); err == nil && c.name != "nothing at all" {
				t.Error("pool: want an error")
			}
			if infos, err := n.askPeers(ctx, v.ID()); err == nil {
				t.Errorf("peers: want an error, got %v", infos)
			}
			if ctx.Err() != nil {
				t.Error("the questions took until the deadline")
			}
		})
	}
}

func TestASilentAnswerEndsWithItsContext(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	hold, asked := make(chan struct{}), make(chan struct{}, 8)
	t.Cleanup(func() { close(hold) })
	v := attack(t, n, func(v *villain) {
		v.SetStreamHandler(v.protos.blocks, func(network.Stream) { asked <- struct{}{}; <-hold })
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if _, err := n.FetchBlocks(ctx, v.ID(), 1, 8); err == nil {
		t.Fatal("want an error")
	}
}
