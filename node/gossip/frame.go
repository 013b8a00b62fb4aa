package gossip

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/posnet/posnet/node/chain"
)

// FrameKind says what a consensus frame holds. Numbers are part of the protocol.
type FrameKind byte

// The kinds of frame.
const (
	FrameProposal  FrameKind = 1 // chain.SignedProposal
	FrameVote      FrameKind = 2 // chain.SignedVote, at most MaxVoteBytes
	FrameVoteState FrameKind = 3 // chain.VoteState
	FrameEvidence  FrameKind = 4 // chain.Evidence

	// frameHello opens a stream: 8 bytes the sender drew when its process started.
	frameHello FrameKind = 0
)

// MaxVoteBytes caps an encoded vote.
const MaxVoteBytes = 1 << 10

// String is the word metrics use.
func (k FrameKind) String() string {
	switch k {
	case FrameProposal:
		return "proposal"
	case FrameVote:
		return "vote"
	case FrameVoteState:
		return "vote_state"
	case FrameEvidence:
		return "evidence"
	}
	return "other"
}

// caps is the most bytes of a payload by kind; a kind that is not there is unknown.
type caps map[FrameKind]int

func frameCaps(maxProposal int) caps {
	return caps{
		frameHello: bootBytes, FrameProposal: maxProposal, FrameVote: MaxVoteBytes,
		FrameVoteState: chain.MaxVoteStateBytes, FrameEvidence: chain.MaxEvidenceBytes,
	}
}

// What a frame from the wire is refused for.
var (
	errOversized = errors.New("frame is above the cap of its kind")
	errMalformed = errors.New("frame is malformed")
)

// A frame is: uvarint n ‖ kind (1 byte) ‖ payload (n-1 bytes).

// appendHead appends what goes before a payload of size bytes.
func appendHead(b []byte, kind FrameKind, size int) []byte {
	return append(binary.AppendUvarint(b, uint64(size)+1), byte(kind))
}

// readHead reads the beginning of a frame and returns the size of the payload, which is within its cap.
func readHead(r io.ByteReader, limits caps) (kind FrameKind, size int, err error) {
	n, err := readUvarint(r)
	if err != nil {
		return 0, 0, err
	}
	if n == 0 {
		return 0, 0, fmt.Errorf("%w: it has no kind", errMalformed)
	}
	b, err := r.ReadByte()
	if err != nil {
		return 0, 0, unexpected(err)
	}
	kind = FrameKind(b)
	limit, known := limits[kind]
	if !known {
		return kind, 0, fmt.Errorf("%w: kind %d is unknown", errMalformed, b)
	}
	if n-1 > uint64(limit) {
		return kind, 0, fmt.Errorf("%w: a %s of %d bytes, at most %d are allowed", errOversized, kind, n-1, limit)
	}
	return kind, int(n - 1), nil
}

// maxUvarint bounds the encoding of a length: four bytes reach beyond every cap.
const maxUvarint = 4

// readUvarint reads a length in its shortest form. Only at its very first byte is the end of the stream an io.EOF.
func readUvarint(r io.ByteReader) (uint64, error) {
	var v uint64
	for i := range maxUvarint {
		b, err := r.ReadByte()
		if err != nil {
			if i > 0 {
				err = unexpected(err)
			}
			return 0, err
		}
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if b == 0 && i > 0 {
				return 0, fmt.Errorf("%w: its length is not in the shortest form", errMalformed)
			}
			return v, nil
		}
	}
	return 0, fmt.Errorf("%w: its length has more than %d bytes", errOversized, maxUvarint)
}

// chunk is how much memory a sender gets on its word alone; more only follows what has arrived.
const chunk = 64 << 10

// readBody reads size bytes, allocating as they arrive.
func readBody(r *bufio.Reader, size int) ([]byte, error) {
	body := make([]byte, min(size, chunk))
	for got := 0; ; {
		if _, err := io.ReadFull(r, body[got:]); err != nil {
			return nil, unexpected(err)
		}
		if got = len(body); got == size {
			return body, nil
		}
		grown := make([]byte, min(size, 2*got))
		copy(grown, body)
		body = grown
	}
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
