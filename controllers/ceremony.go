package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/chainclient"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/controllers/policy"
	"github.com/posnet/posnet/node/chain"
)

// holdCeremony collects the identity of every validator pod and makes the genesis of them. It is all or nothing: until
// every pod has said, twice and in the same words, who it is and that it has no genesis, nothing is written.
func (r *Reconciler) holdCeremony(ctx context.Context, p *pass) error {
	if p.waiting = notYet(p, desired.Replicas(p.net)); p.waiting != "" {
		return nil
	}
	first, err := r.collect(ctx, p)
	if err != nil || p.waiting != "" {
		return err
	}
	ok, err := r.stillNone(ctx, p)
	if err != nil {
		return err
	}
	if !ok {
		p.waiting = "the network changed during the ceremony"
		return nil
	}
	// Asked again, everybody must be the same: a pod that was replaced in between has other keys or another network.
	// collect compares, and says so.
	if _, err := r.collect(ctx, p); err != nil || p.waiting != "" {
		return err
	}
	var accounts desired.Accounts
	if accounts.Treasury, err = r.ensureAccount(ctx, p, desired.TreasuryName(p.net.Name)); err != nil {
		return err
	}
	if p.net.Spec.Faucet.Enabled {
		if accounts.Faucet, err = r.ensureAccount(ctx, p, desired.FaucetName(p.net.Name)); err != nil {
			return err
		}
	}
	g, file, err := makeGenesis(p, accounts, first)
	if err != nil {
		return err
	}
	if err := r.storeGenesis(ctx, p, g, file); err != nil {
		return err
	}
	ceremonies.Inc()
	r.forgetIdentities(p.net.UID)
	r.Events.Eventf(p.net, p.genesisMap, corev1.EventTypeNormal, "GenesisCreated", "HoldCeremony",
		"Made the genesis of %d validators: %s", len(first), p.todo.Hash)
	return nil
}

// makeGenesis is the genesis of these identities and its file.
func makeGenesis(p *pass, accounts desired.Accounts, identities []chain.Identity) (*chain.Genesis, []byte, error) {
	g, err := desired.Genesis(p.net, accounts, identities)
	if err != nil {
		return nil, nil, blocked(v1alpha1.ReasonInvalidSpec, "%v", err)
	}
	file, err := g.MarshalFile()
	if err != nil {
		return nil, nil, err
	}
	if len(file) > chain.MaxGenesisBytes {
		return nil, nil, blocked(v1alpha1.ReasonInvalidSpec,
			"the genesis would have %d bytes, at most %d are allowed: declare fewer allocations", len(file), chain.MaxGenesisBytes)
	}
	return g, file, nil
}

// remakeGenesis puts back a genesis that was lost before any node took it. The same network, accounts and identities make
// the same genesis; it is stored if its hash is the one that status remembers, and never otherwise. No key is made here.
func (r *Reconciler) remakeGenesis(ctx context.Context, p *pass) error {
	missing := func() error {
		p.problem(p.todo.Reason, "%s", p.todo.Message)
		return nil
	}
	if notYet(p, desired.Replicas(p.net)) != "" {
		return missing()
	}
	identities, err := r.collect(ctx, p)
	if err != nil || p.waiting != "" {
		return errors.Join(err, missing())
	}
	var accounts desired.Accounts
	for name, address := range map[string]*chain.Address{
		desired.TreasuryName(p.net.Name): &accounts.Treasury, desired.FaucetName(p.net.Name): &accounts.Faucet,
	} {
		s, err := r.secretNamed(ctx, p.net, name)
		if err != nil {
			return err
		}
		if s == nil {
			continue // another hash will come out if it was needed
		}
		if *address, err = accountAddress(s); err != nil {
			return missing()
		}
	}
	g, file, err := makeGenesis(p, accounts, identities)
	if err != nil || g.Hash().String() != p.todo.Hash {
		return missing()
	}
	if err := r.storeGenesis(ctx, p, g, file); err != nil {
		return err
	}
	r.forgetIdentities(p.net.UID)
	r.Events.Eventf(p.net, p.genesisMap, corev1.EventTypeWarning, "GenesisRemade", "RemakeGenesis",
		"The genesis was gone before any node had it; the same one was made of the same identities: %s", p.todo.Hash)
	return nil
}

// notYet says what the ceremony waits for before identities can be collected; empty when nothing is missing.
func notYet(p *pass, wanted int32) string {
	if p.set == nil {
		return "the StatefulSet was just created"
	}
	if len(p.pods) != int(wanted) {
		return fmt.Sprintf("%d of %d validator pods exist", len(p.pods), wanted)
	}
	var missing []string
	for i, v := range p.pods {
		switch {
		case v.ordinal != int32(i):
			missing = append(missing, fmt.Sprintf("validator %d has no pod", i))
		case !v.bound:
			missing = append(missing, fmt.Sprintf("the volume of validator %d is not bound", i))
		case !v.running():
			missing = append(missing, fmt.Sprintf("validator %d does not run yet", i))
		case v.node == nil:
			missing = append(missing, fmt.Sprintf("validator %d does not answer yet", i))
		case v.node.State != policy.StateAwaitingGenesis:
			missing = append(missing, fmt.Sprintf("validator %d is %s", i, v.node.State))
		}
	}
	const show = 3
	if len(missing) > show {
		return strings.Join(missing[:show], ", ") + fmt.Sprintf(" and %d more", len(missing)-show)
	}
	return strings.Join(missing, ", ")
}

// collect asks every pod to prove its identity, by ordinal. What is missing becomes p.waiting, what is refused a problem.
func (r *Reconciler) collect(ctx context.Context, p *pass) ([]chain.Identity, error) {
	list := make([]chain.Identity, len(p.pods))
	failures := make([]error, len(p.pods))
	each(p.pods, func(v *podView) {
		list[v.ordinal], failures[v.ordinal] = r.Nodes.Attest(ctx, v.pod.Status.PodIP, p.secret, string(p.net.UID), v.ordinal)
	})
	p.waiting = ""
	for ordinal, err := range failures {
		switch {
		case errors.Is(err, chainclient.ErrRefused):
			nodeErrors.Inc()
			p.problem(v1alpha1.ReasonIdentityRefused, "validator %d: %v", ordinal, err)
			p.waiting = fmt.Sprintf("the identity of validator %d is refused", ordinal)
		case err != nil:
			nodeErrors.Inc()
			if p.waiting == "" {
				p.waiting = fmt.Sprintf("validator %d does not prove its identity yet", ordinal)
			}
		}
	}
	if p.waiting != "" {
		return nil, ctx.Err()
	}
	r.noteIdentities(p, list)
	return list, nil
}

// noteIdentities compares with what was collected before and says so when a pod is another one now; the collection then
// starts anew.
func (r *Reconciler) noteIdentities(p *pass, list []chain.Identity) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen[p.net.UID]
	now := map[int32]chain.Identity{}
	for i, id := range list {
		ordinal := int32(i)
		if before, ok := seen[ordinal]; ok && before != id {
			p.waiting = fmt.Sprintf("validator %d changed its identity; collecting again", ordinal)
			r.Events.Eventf(p.net, nil, corev1.EventTypeWarning, "IdentityChanged", "HoldCeremony",
				"Validator %d changed its identity from %s to %s during the ceremony, which starts again", ordinal, before.Address, id.Address)
		}
		now[ordinal] = id
	}
	if r.seen == nil {
		r.seen = map[types.UID]map[int32]chain.Identity{}
	}
	r.seen[p.net.UID] = now
}

func (r *Reconciler) forgetIdentities(uid types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.seen, uid)
}
