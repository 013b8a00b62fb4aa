package replica_test

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/store"
)

// A value is damaged behind the store's back: the tree that is made from it at the start is not the one that was decided.
func TestANodeDoesNotStartOnAStateThatIsNotItsLastBlocks(t *testing.T) {
	t.Parallel()
	fsys := newDisk(t)
	m, err := boot(fsys, newWitness(), true)
	must(t, err)
	must(t, m.reach(3))
	crashed := fsys.CrashClone(vfs.CrashCloneCfg{}) // who ends in order has written the tree
	must(t, m.close())
	fsys = crashed
	db, err := pebble.Open("db", &pebble.Options{FS: fsys, FormatMajorVersion: pebble.FormatValueSeparation})
	must(t, err)
	const stateSpace = 0x05
	key := append([]byte{stateSpace}, ledger.AccountKey(account.Public())...)
	must(t, db.Set(key, chain.Encode(ledger.Account{Balance: 1 << 40}), pebble.Sync))
	must(t, db.Close())
	if _, err := boot(fsys, newWitness(), true); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("got %v, want %v", err, store.ErrCorrupt)
	}
}
