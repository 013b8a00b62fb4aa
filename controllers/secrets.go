package controllers

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/controllers/policy"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// ceremonyBytes is the length of the ceremony secret.
const ceremonyBytes = 32

// secretNamed reads a Secret from the API server itself, nil if there is none. Secrets are never cached: the operator may
// neither list nor watch them.
func (r *Reconciler) secretNamed(ctx context.Context, n *v1alpha1.PoSNetwork, name string) (*corev1.Secret, error) {
	s := &corev1.Secret{}
	err := r.Reader.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: name}, s)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get Secret %s: %w", name, err)
	}
	return s, nil
}

// ensureCeremonySecret makes the secret that pods share with the operator, once. A crash after Create leaves it for the
// next pass to read; another operator's Create makes ours fail, and the next pass reads the other's.
func (r *Reconciler) ensureCeremonySecret(ctx context.Context, p *pass) error {
	name := desired.CeremonyName(p.net.Name)
	stored, err := r.secretNamed(ctx, p.net, name)
	if err != nil {
		return err
	}
	if stored == nil {
		raw := make([]byte, ceremonyBytes)
		if _, err := rand.Read(raw); err != nil {
			return fmt.Errorf("make the ceremony secret: %w", err)
		}
		stored = desired.CeremonySecret(p.net, base64.StdEncoding.EncodeToString(raw))
		if err := r.Client.Create(ctx, stored, client.FieldOwner(FieldOwner)); err != nil {
			return fmt.Errorf("create Secret %s: %w", name, err)
		}
	}
	if p.secret, err = base64.StdEncoding.DecodeString(string(stored.Data[desired.CeremonyKey])); err != nil || len(p.secret) < ceremonyBytes {
		return blocked(v1alpha1.ReasonCeremonySecretInvalid,
			"Secret %s does not hold %d random bytes as base64 under %q: delete it, and a new one is made", name, ceremonyBytes, desired.CeremonyKey)
	}
	return nil
}

// accountAddress reads the address of the key in a treasury or faucet Secret. The key decides, not what is written
// beside it.
func accountAddress(s *corev1.Secret) (chain.Address, error) {
	key, err := keys.ParsePrivatePEM(s.Data[desired.AccountKey])
	if err != nil {
		return chain.Address{}, fmt.Errorf("%s of Secret %s: %w", desired.AccountKey, s.Name, err)
	}
	return chain.Address(key.Public()), nil
}

// ensureAccount makes the key of the treasury or the faucet, once. It must only be called as a part of a ceremony: a new
// key for an old chain would own nothing.
func (r *Reconciler) ensureAccount(ctx context.Context, p *pass, name string) (chain.Address, error) {
	stored, err := r.secretNamed(ctx, p.net, name)
	if err != nil {
		return chain.Address{}, err
	}
	if stored == nil {
		key, err := keys.Generate(nil)
		if err != nil {
			return chain.Address{}, fmt.Errorf("make the key of %s: %w", name, err)
		}
		address := chain.Address(key.Public())
		stored = desired.AccountSecret(p.net, name, keys.MarshalPrivatePEM(key), address.String())
		if err := r.Client.Create(ctx, stored, client.FieldOwner(FieldOwner)); err != nil {
			return chain.Address{}, fmt.Errorf("create Secret %s: %w", name, err)
		}
		return address, nil
	}
	address, err := accountAddress(stored)
	if err != nil {
		return chain.Address{}, blocked(v1alpha1.ReasonTreasuryMismatch, "%v; put the right key back, or delete the Secret while there is no genesis", err)
	}
	return address, nil
}

// checkAccounts says so when a key is lost or is not that of the account in the genesis. It never makes one.
func (r *Reconciler) checkAccounts(ctx context.Context, p *pass) error {
	if p.todo.Action == policy.HoldCeremony && p.genesis == nil {
		return nil
	}
	treasury := desired.TreasuryName(p.net.Name)
	stored, err := r.secretNamed(ctx, p.net, treasury)
	if err != nil {
		return err
	}
	switch {
	case stored == nil:
		p.problem(v1alpha1.ReasonTreasuryMissing,
			"Secret %s with the key of the treasury is gone: the chain goes on, but its stake cannot be changed; restore the Secret from a backup, no new one is made", treasury)
	case p.genesis != nil:
		address, err := accountAddress(stored)
		if err != nil {
			p.problem(v1alpha1.ReasonTreasuryMismatch, "%v; restore the Secret from a backup", err)
		} else if !holds(p.genesis, address) {
			p.problem(v1alpha1.ReasonTreasuryMismatch,
				"Secret %s holds the key of %s, which has nothing in the genesis; restore the right one from a backup", treasury, address)
		}
	}
	if !p.net.Spec.Faucet.Enabled {
		return nil
	}
	faucet := desired.FaucetName(p.net.Name)
	if stored, err = r.secretNamed(ctx, p.net, faucet); err != nil {
		return err
	}
	if stored == nil {
		p.problem(v1alpha1.ReasonFaucetMissing, "Secret %s with the key of the faucet is gone; restore it from a backup, no new one is made", faucet)
	}
	return nil
}

// holds reports whether an address owns a balance or a bond in a genesis.
func holds(g *chain.Genesis, a chain.Address) bool {
	for _, account := range g.Accounts {
		if account.Address == a {
			return true
		}
	}
	for _, bond := range g.Bonds {
		if bond.Staker == a {
			return true
		}
	}
	return false
}
