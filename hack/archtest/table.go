package archtest

// Module is the path under which all packages of the table live.
const Module = "github.com/posnet/posnet"

// Rule says what one package may import.
type Rule struct {
	// May lists the packages of the module that may be imported. "x/..." stands for x and everything below it.
	May []string
	// Pure packages compute and nothing else; see the package comment.
	Pure bool
	// Integers forbids floating point: a float that decides would round differently somewhere.
	Integers bool
	// Only, if set, lists the import path prefixes outside the module and the standard library that are allowed.
	Only []string
	// Never lists import path prefixes that must not be reached, however many steps away.
	Never []string
}

// kubernetes is what a node must never link: it would make a small static binary a large one, and give a compromised node
// a client for the cluster's API.
var kubernetes = []string{"k8s.io/client-go", "k8s.io/api", "k8s.io/apimachinery", "sigs.k8s.io/controller-runtime"}

// peerToPeer is what the operator must never link: it meets nodes over HTTP.
var peerToPeer = []string{"github.com/libp2p/", "github.com/cockroachdb/pebble", "github.com/labstack/echo"}

// kubeTypes is what the API types may need: shapes, not clients.
var kubeTypes = []string{"k8s.io/apimachinery/", "k8s.io/api/"}

// Table is section 3 of the design. A key that ends in "/..." covers the packages below a package, each of which may also
// import its own ancestors and siblings under that key.
var Table = map[string]Rule{
	// node/telemetry: docs/decisions/0002-shared-logging.md. node/keys: the init container that gives a pod its own brought keys
	// and no other's checks that they are keys.
	"cmd/operator":            {May: []string{"controllers/...", "api/...", "node/telemetry", "node/keys"}, Never: peerToPeer},
	"cmd/posnet":              {May: []string{"node/...", "cmd/posnet/internal/..."}, Never: kubernetes},
	"cmd/posnet/internal/...": {May: []string{"node/..."}, Never: kubernetes},
	"cmd/kubectl-posnet":      {May: []string{"controllers/chainclient", "api/...", "node/telemetry"}, Never: peerToPeer},

	"api/v1alpha1": {Only: kubeTypes},

	"controllers":             {May: []string{"controllers/...", "api/...", "node/chain", "node/keys"}, Never: peerToPeer},
	"controllers/desired":     {May: []string{"api/...", "node/chain", "node/keys"}, Pure: true},
	"controllers/policy":      {May: []string{"api/...", "node/chain", "node/keys"}, Pure: true},
	"controllers/chainclient": {May: []string{"node/chain", "node/keys"}, Never: peerToPeer},

	"node":                     {May: []string{"node/..."}, Never: kubernetes},
	"node/chain":               {},
	"node/keys":                {},
	"node/stake":               {May: []string{"node/chain", "node/keys"}, Pure: true, Integers: true},
	"node/consensus":           {May: []string{"node/chain", "node/keys", "node/stake"}, Pure: true, Integers: true},
	"node/ledger":              {May: []string{"node/chain", "node/keys", "node/stake", "node/ledger/tree"}, Pure: true, Integers: true},
	"node/ledger/tree":         {Pure: true, Integers: true},
	"node/store":               {May: []string{"node/chain", "node/keys", "node/ledger", "node/ledger/tree"}}, // it fills the ledger's port
	"node/wal":                 {},
	"node/wal/crashfs":         {},
	"node/replica":             {May: []string{"node/chain", "node/keys", "node/stake", "node/consensus", "node/ledger", "node/mempool", "node/signer", "node/store", "node/wal"}},
	"node/signer":              {May: []string{"node/chain", "node/keys", "node/wal"}},
	"node/mempool":             {May: []string{"node/chain", "node/keys"}},
	"node/gossip":              {May: []string{"node/chain", "node/keys", "node/telemetry"}},
	"node/catchup":             {May: []string{"node/chain", "node/keys", "node/stake", "node/gossip"}},
	"node/snapshot":            {May: []string{"node/chain", "node/keys", "node/stake", "node/consensus", "node/ledger", "node/store"}},
	"node/httpapi":             {May: []string{"node/chain", "node/keys", "node/stake", "node/ledger/tree", "node/telemetry", "node/httpapi/api"}},
	"node/httpapi/api":         {May: []string{"node/chain", "node/keys", "node/stake", "node/ledger/tree"}}, // generated shapes and stubs
	"node/httpapi/client":      {May: []string{"node/chain", "node/keys", "node/stake", "node/ledger/...", "node/httpapi/api"}},
	"node/httpapi/httpapitest": {May: []string{"node/..."}}, // for tests; no program imports it
	"node/hostile":             {},                          // for tests; no program imports it
	"node/telemetry":           {},
	"node/sim":                 {May: simulated},
	"node/sim/...":             {May: simulated},
	"hack/archtest":            {},
	"hack/mutants":             {},
	"hack/e2e":                 {May: []string{"..."}},
	"hack/e2e/...":             {May: []string{"..."}},
	"hack/benchfigures":        {May: []string{"..."}},
}

// simulated is the real parts that the deterministic world drives: everything but what wires, serves and watches them.
var simulated = []string{
	"node/sim/...", "node/chain", "node/keys", "node/stake", "node/consensus", "node/ledger/...", "node/store", "node/wal/...",
	"node/signer", "node/mempool", "node/gossip", "node/catchup", "node/replica",
}

// pureImports is what a pure package may import directly, besides the module's own packages of its rule. A path that ends
// in "/" is a prefix.
var pureImports = []string{
	"bytes", "cmp", "crypto/sha256", "encoding/base64", "encoding/binary", "encoding/hex", "encoding/json", "errors", "fmt",
	"iter", "maps", "math", "math/big", "math/bits", "slices", "sort", "strconv", "strings", "embed", "text/template",
	"unicode", "unicode/utf8",
	// Shapes of Kubernetes objects, for what is pure in the operator.
	"k8s.io/api/", "k8s.io/apimachinery/pkg/api/resource", "k8s.io/apimachinery/pkg/apis/meta/v1",
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured", "k8s.io/apimachinery/pkg/labels",
	"k8s.io/apimachinery/pkg/runtime", "k8s.io/apimachinery/pkg/runtime/schema", "k8s.io/apimachinery/pkg/types",
	"k8s.io/apimachinery/pkg/util/intstr", "k8s.io/client-go/applyconfigurations/", "k8s.io/utils/ptr", "sigs.k8s.io/yaml",
	"github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/", "sigs.k8s.io/gateway-api/apis/",
}

// impureFunctions are beginnings of names of functions, in packages that pure ones may import, that read or write the disk,
// the terminal, the clock or a random source.
var impureFunctions = map[string][]string{
	Module + "/node/keys":                  {"Generate", "Load", "Save", "Read"},
	"k8s.io/apimachinery/pkg/apis/meta/v1": {"Now"},
	"text/template":                        {"ParseFiles", "ParseGlob"},
	"fmt":                                  {"Print", "Scan"},
}
