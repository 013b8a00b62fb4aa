package store

import (
	"encoding/binary"
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger/tree"
)

// Every key begins with one of these bytes. Heights are 8 bytes big-endian.
const (
	metaSpace        = 0x00 // name -> see below
	blockSpace       = 0x01 // height -> block
	certificateSpace = 0x02 // height -> certificate
	hashSpace        = 0x03 // block hash -> height
	txSpace          = 0x04 // transaction id -> uvarint height ‖ uvarint index; of blocks that format 1 or 2 wrote
	stateSpace       = 0x05 // the ledger's key -> value at the tip
	treeSpace        = 0x06 // tree.NodeKey -> node
	staleSpace       = 0x07 // tree.AppendStaleIndexKey -> tree.AppendStale
	changedSpace     = 0x08 // height -> appendChanged, of the heights whose tree is not written yet
	placeSpace       = 0x09 // appendPlace -> nothing
)

// format is the layout this package writes; a higher one is refused.
// In format 1 the tree of every height was written with its block, and up to format 2 the places of transactions were found by
// their whole ids. A store of those formats is taken over as it is.
const format = 3

var (
	formatKey      = metaKey("format")       // format, one byte
	genesisHashKey = metaKey("genesis-hash") // 32 bytes
	genesisKey     = metaKey("genesis")      // the genesis as the caller gave it
	tipKey         = metaKey("tip")          // height ‖ block hash
	writtenKey     = metaKey("written")      // the newest version of the tree that is whole, 8 bytes; absent in format 1
	baseKey        = metaKey("base")         // the first height it has; not there: 1
)

func metaKey(name string) []byte { return append([]byte{metaSpace}, name...) }

func heightKey(space byte, height uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{space}, height)
}

func hashKey(space byte, hash *chain.Hash) []byte {
	return append([]byte{space}, hash[:]...)
}

func appendStateKey(dst, key []byte) []byte { return append(append(dst, stateSpace), key...) }

func appendTreeKey(dst []byte, key tree.NodeKey) []byte {
	return key.AppendTo(append(dst, treeSpace))
}

func appendStaleKey(dst []byte, since tree.Version, chunk uint32) []byte {
	return tree.AppendStaleIndexKey(append(dst, staleSpace), since, chunk)
}

func encodeTip(t Tip) []byte {
	return append(binary.BigEndian.AppendUint64(nil, t.Height), t.Hash[:]...)
}

func decodeTip(b []byte) (Tip, error) {
	if len(b) != 8+32 {
		return Tip{}, fmt.Errorf("tip record of %d bytes: %w", len(b), ErrCorrupt)
	}
	return Tip{Height: binary.BigEndian.Uint64(b), Hash: chain.Hash(b[8:])}, nil
}

// A place says where a transaction is, by the first bytes of its id: placePrefix of it ‖ height, 6 bytes ‖ index, 2 bytes. Ids
// come in no order, so that compactions write each entry again and again: a short key that says it all is a third of the
// whole id and a value. Two transactions with the same first bytes have two entries, and whoever asks looks at both.
const (
	placePrefix = 8
	placeSize   = 1 + placePrefix + 6 + 2
)

func appendPlace(dst []byte, id *chain.Hash, l TxLocation) []byte {
	dst = appendPlacePrefix(dst, id)
	return binary.BigEndian.AppendUint64(dst, l.Height<<16|uint64(l.Index))
}

func appendPlacePrefix(dst []byte, id *chain.Hash) []byte {
	return append(append(dst, placeSpace), id[:placePrefix]...)
}

func decodePlace(key []byte) (TxLocation, error) {
	if len(key) == placeSize && key[0] == placeSpace {
		n := binary.BigEndian.Uint64(key[1+placePrefix:])
		if l := (TxLocation{Height: n >> 16, Index: uint32(n & 0xffff)}); l.Index < chain.MaxBlockTxs {
			return l, nil
		}
	}
	return TxLocation{}, fmt.Errorf("place of a transaction %x: %w", key, ErrCorrupt)
}

// decodeTxLocation reads a value of txSpace.
func decodeTxLocation(b []byte) (TxLocation, error) {
	height, n := binary.Uvarint(b)
	if n > 0 {
		if index, m := binary.Uvarint(b[n:]); m > 0 && n+m == len(b) && index < chain.MaxBlockTxs {
			return TxLocation{Height: height, Index: uint32(index)}, nil
		}
	}
	return TxLocation{}, fmt.Errorf("transaction index entry %x: %w", b, ErrCorrupt)
}
