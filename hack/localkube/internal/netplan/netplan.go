// Package netplan chooses the addresses of the cluster so that they meet nothing the machine already talks to. PURE.
//
// One /16 is taken and cut:
//
//	x.y.0.0/30     the link: .1 the machine, .2 the node
//	x.y.64.0/18    pods
//	x.y.128.0/18   services; .1 is the API server, .10 the DNS
package netplan

import (
	"errors"
	"fmt"
	"net/netip"
)

// Plan is the addresses of one cluster.
type Plan struct {
	Block    netip.Prefix `json:"block"`    // all of it; the machine routes this to Node
	Link     netip.Prefix `json:"link"`     // the /30 between the machine and the node
	Host     netip.Addr   `json:"host"`     // the machine's end
	Node     netip.Addr   `json:"node"`     // the node's end, the API server's and the DNS server's address
	Pods     netip.Prefix `json:"pods"`     // pod addresses
	Services netip.Prefix `json:"services"` // virtual addresses
	API      netip.Addr   `json:"api"`      // the service "kubernetes"
	DNS      netip.Addr   `json:"dns"`      // the service "kube-dns"
}

// ErrTaken says that every candidate meets something in use.
var ErrTaken = errors.New("every address block this program knows is in use by a route, an address or a name server of this machine")

// Candidates are the /16 blocks tried, in order: the middle of 10/8, which few networks use, then the last of 172.16/12.
func Candidates() []netip.Prefix {
	var all []netip.Prefix
	for second := 213; second < 223; second++ {
		all = append(all, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(second), 0, 0}), 16))
	}
	return append(all, netip.MustParsePrefix("172.30.0.0/16"), netip.MustParsePrefix("172.31.0.0/16"))
}

// Choose returns the plan on the first candidate that overlaps nothing in taken. A prefix of length 0 is a default route, which
// overlaps everything and means nothing; it is passed over.
func Choose(taken []netip.Prefix) (Plan, error) {
	for _, block := range Candidates() {
		if free(block, taken) {
			return on(block), nil
		}
	}
	return Plan{}, ErrTaken
}

func free(block netip.Prefix, taken []netip.Prefix) bool {
	for _, t := range taken {
		if t.Bits() > 0 && t.Overlaps(block) {
			return false
		}
	}
	return true
}

func on(block netip.Prefix) Plan {
	b := block.Addr().As4()
	at := func(third, fourth byte) netip.Addr { return netip.AddrFrom4([4]byte{b[0], b[1], third, fourth}) }
	return Plan{
		Block:    block,
		Link:     netip.PrefixFrom(at(0, 0), 30),
		Host:     at(0, 1),
		Node:     at(0, 2),
		Pods:     netip.PrefixFrom(at(64, 0), 18),
		Services: netip.PrefixFrom(at(128, 0), 18),
		API:      at(128, 1),
		DNS:      at(128, 10),
	}
}

// Server is the URL of the API server, from the machine and from the node.
func (p Plan) Server() string { return fmt.Sprintf("https://%s:6443", p.Node) }
