package node

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/posnet/posnet/node/snapshot"
	"github.com/posnet/posnet/node/telemetry"
)

// Config says who a node is, where its durable things are and where it listens.
// The rules of the chain are not here: they are the genesis's.
type Config struct {
	// DataDir holds everything durable: keys, sign-state, write-ahead log,
	// database and the node's own copy of the genesis. One process at a time.
	DataDir string
	// Genesis is the path of the genesis file. At the first start it is checked
	// and copied into DataDir; later it must have the same hash, or be empty.
	Genesis string
	// AwaitGenesis lets the first start begin without a genesis file: the node
	// makes its keys, serves its identity, and goes on when the file appears.
	AwaitGenesis bool
	// CeremonySecret authenticates the node's identity to whoever collects it
	// for a genesis. Empty: the node answers no challenge.
	CeremonySecret []byte
	// NetworkUID and Ordinal are part of the identity: the PoSNetwork's UID and
	// the pod's number. Outside Kubernetes "" and 0.
	NetworkUID string
	Ordinal    uint64
	// KeyFile is the account key (PKCS#8 PEM, Ed25519). Empty: the node makes
	// one in DataDir.
	KeyFile string

	// IP is where the API and the peers' port listen.
	IP string
	// APIPort and PeerPort: 0 picks a free one.
	APIPort, PeerPort int
	// PrivateIP and PrivatePort serve metrics, health and logs; port -1: off,
	// 0: a free one.
	PrivateIP   string
	PrivatePort int
	// DebugAddress serves profiles and the log level; loopback only, since
	// profiles show memory and memory holds keys. Empty: off.
	DebugAddress string
	// Peers are seeds, as host:apiPort. A name stands for all its addresses.
	Peers []string
	// TrustHeight and TrustHash name a block of the chain that the user has from a source to trust, such as a node of their own:
	// its height, and its hash in hexadecimal. With them a node that has no state yet takes over that of a recent height from
	// its peers, verified from this block on, instead of executing all blocks since the genesis; it then has no blocks of
	// lower heights. A node that has a state goes on with it, and ends if the chain has another block there. 0 and "": none.
	TrustHeight uint64
	TrustHash   string
	// KeepVersions is for how many recent heights old versions of the state tree
	// are kept on the disk, of those that were written, one of each generation
	// ([store.Options].TreeBufferHeights); older ones are pruned in the background.
	KeepVersions uint64
	// CacheBytes bounds what of the state is kept in memory so as not to be read from the disk: accounts, the state tree, blocks
	// of the database's files. It fills as the state is used: 100,000 accounts take about 40 MiB. At least [LeastCache].
	CacheBytes int64

	// Log takes the node's messages.
	Log *telemetry.Logging
	// Listening, when set, is called with the API's address once it answers;
	// Ready once the node has its genesis and looks for peers.
	Listening func(api string)
	Ready     func(Ports)
}

// Ports are the TCP ports a node listens on.
type Ports struct{ API, Peer, Private int }

// Stop is how long a node takes at most to end after it was told to.
const Stop = 5 * time.Second

// LeastCache is the least a node keeps of the state in memory: less would not hold what one block touches.
const LeastCache = 16 << 20

// DefaultConfig is a node on this machine with the default ports.
func DefaultConfig() Config {
	return Config{
		DataDir: "posnet-data", IP: "0.0.0.0", APIPort: 8050, PeerPort: 8010,
		PrivateIP: "127.0.0.1", PrivatePort: 9464, KeepVersions: 1000,
		CacheBytes: 64 << 20,
	}
}

// Check refuses a configuration no node could run with.
func (c *Config) Check() error {
	switch {
	case c.DataDir == "":
		return errors.New("the data directory is missing: set --data-dir")
	case net.ParseIP(c.IP) == nil:
		return fmt.Errorf("--ip %q is not an IP address", c.IP)
	case c.PrivatePort >= 0 && net.ParseIP(c.PrivateIP) == nil:
		return fmt.Errorf("--private-ip %q is not an IP address", c.PrivateIP)
	case c.CacheBytes < LeastCache:
		return fmt.Errorf("a cache of %d MiB is too small: at least %d (--cache-mib)", c.CacheBytes>>20, LeastCache>>20)
	case c.KeepVersions < 1:
		return errors.New("at least one version of the state must be kept")
	}
	for _, p := range []struct {
		flag string
		port int
	}{{"--api-port", c.APIPort}, {"--node-port", c.PeerPort}, {"--private-port", c.PrivatePort}} {
		if p.port > 65535 || p.port < -1 || (p.port == -1 && p.flag != "--private-port") {
			return fmt.Errorf("%s %d is not a port: use 1 to 65535", p.flag, p.port)
		}
	}
	if _, err := c.trust(); err != nil {
		return err
	}
	for _, s := range c.Peers {
		if _, _, err := net.SplitHostPort(s); err != nil {
			return fmt.Errorf("--peers %q is not host:port, the port being the API's (8050): %w", s, err)
		}
	}
	return nil
}

// trust reads the trusted block; the zero value is none.
func (c *Config) trust() (t snapshot.Trust, err error) {
	switch {
	case c.TrustHeight == 0 && c.TrustHash == "":
		return t, nil
	case c.TrustHeight == 0 || c.TrustHash == "":
		return t, errors.New("--trust-height and --trust-hash name one block: give both, or none of them")
	}
	t.Height = c.TrustHeight
	if err := t.Hash.UnmarshalText([]byte(c.TrustHash)); err != nil || t.Hash.IsZero() {
		return t, fmt.Errorf("--trust-hash %q is not the hash of a block: it has 64 hexadecimal digits, as GET /api/v1/blocks/%d shows them", c.TrustHash, c.TrustHeight)
	}
	return t, nil
}
