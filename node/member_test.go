package node

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
)

func TestNodesDoNotFlushAtTheSameTime(t *testing.T) {
	t.Parallel()
	var low, high chain.Address
	high[0] = 255
	a, b := memTableBytes(&low), memTableBytes(&high)
	if a < 8<<20 || b > 16<<20 || b < a+a/4 {
		t.Errorf("memtables of %d to %d bytes", a, b)
	}
}
