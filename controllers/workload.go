package controllers

import (
	"context"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/node/chain"
)

// appliedAnnotation holds a hash of what was applied, so that a pass sees without a write that nothing changed.
const appliedAnnotation = v1alpha1.Group + "/applied"

// applyWorkload brings the objects of package desired about.
func (r *Reconciler) applyWorkload(ctx context.Context, p *pass) error {
	objects, err := desired.Objects(p.input(r.Config))
	if err != nil {
		return blocked(v1alpha1.ReasonInvalidSpec, "%v", err)
	}
	policyWanted := false
	for _, o := range objects {
		if _, ok := o.(*networkingv1.NetworkPolicy); ok {
			policyWanted = true
		}
		if set, ok := o.(*appsv1.StatefulSet); ok && p.set != nil && desired.KeepsTemplate(p.set.Annotations, set.Annotations) {
			if err := r.resizeSet(ctx, p.set, set); err != nil {
				return err
			}
			continue
		}
		if err := r.apply(ctx, p.net, o); err != nil {
			return err
		}
	}
	if !policyWanted {
		return r.removePolicy(ctx, p.net)
	}
	return nil
}

// apply writes o by server-side apply if the cluster has it differently. An object of the same name that belongs to
// somebody else is left alone.
func (r *Reconciler) apply(ctx context.Context, n *v1alpha1.PoSNetwork, o desired.Object) error {
	kind := o.GetObjectKind().GroupVersionKind().Kind
	manifest, err := desired.Manifest(o)
	if err != nil {
		return err
	}
	u := &unstructured.Unstructured{Object: manifest}
	text, err := u.MarshalJSON()
	if err != nil {
		return fmt.Errorf("write %s %s: %w", kind, o.GetName(), err)
	}
	annotations := map[string]string{appliedAnnotation: chain.Sum(text).String()[:16]}
	for k, v := range o.GetAnnotations() {
		annotations[k] = v
	}
	u.SetAnnotations(annotations)

	live, err := r.live(ctx, o)
	if err != nil {
		return fmt.Errorf("get %s %s: %w", kind, o.GetName(), err)
	}
	if live != nil {
		if !metav1.IsControlledBy(live, n) {
			return blocked(v1alpha1.ReasonConflict, "%s %s exists and does not belong to this network: rename or delete one of them", kind, o.GetName())
		}
		have, err := desired.Manifest(live)
		if err != nil {
			return err
		}
		at := missing(u.Object, have, "")
		if at == "" {
			return nil
		}
		log.FromContext(ctx).V(1).Info("object differs from what is declared", "kind", kind, "name", o.GetName(), "at", at)
	}
	if err := r.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(FieldOwner), client.ForceOwnership); err != nil {
		if apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err) {
			return blocked(v1alpha1.ReasonObjectRefused, "the API server refuses %s %s: %v", kind, o.GetName(), err)
		}
		return fmt.Errorf("apply %s %s: %w", kind, o.GetName(), err)
	}
	return nil
}

// live is the object of o's kind and name in the cluster, nil if there is none. The cache holds only what carries the
// operator's label, so an absence is looked up.
func (r *Reconciler) live(ctx context.Context, o desired.Object) (desired.Object, error) {
	for _, from := range []client.Reader{r.Client, r.Reader} {
		live := o.DeepCopyObject().(desired.Object)
		err := from.Get(ctx, client.ObjectKeyFromObject(o), live)
		if err == nil {
			live.GetObjectKind().SetGroupVersionKind(o.GetObjectKind().GroupVersionKind())
			return live, nil
		}
		if !apierrors.IsNotFound(err) {
			return nil, err
		}
	}
	return nil, nil
}

// missing is the path of the first thing that want says and have does not hold, "" if have covers want: every key, and for
// every element of a list one that covers it. What have holds beyond that are defaults and what others added.
func missing(want, have any, path string) string {
	switch w := want.(type) {
	case map[string]any:
		h, _ := have.(map[string]any)
		for _, k := range slices.Sorted(maps.Keys(w)) {
			if at := missing(w[k], h[k], path+"."+k); at != "" {
				return at
			}
		}
		return ""
	case []any:
		h, _ := have.([]any)
		for i, v := range w {
			if !slices.ContainsFunc(h, func(candidate any) bool { return missing(v, candidate, path) == "" }) {
				return fmt.Sprintf("%s[%d]", path, i)
			}
		}
		return ""
	default:
		if want != have {
			return path
		}
		return ""
	}
}

// resizeSet changes what does not touch the pod template, which stays as an older operator version wrote it.
func (r *Reconciler) resizeSet(ctx context.Context, live, want *appsv1.StatefulSet) error {
	next := live.DeepCopy()
	next.Spec.Replicas = want.Spec.Replicas
	next.Spec.UpdateStrategy = want.Spec.UpdateStrategy
	next.Spec.PersistentVolumeClaimRetentionPolicy = want.Spec.PersistentVolumeClaimRetentionPolicy
	return r.patchIfChanged(ctx, live, next)
}

// patchIfChanged sends the difference between two versions of an object, if there is one; a third version in between is a
// conflict.
func (r *Reconciler) patchIfChanged(ctx context.Context, old, next client.Object) error {
	patch := client.MergeFromWithOptions(old, client.MergeFromWithOptimisticLock{})
	plain, err := client.MergeFrom(old).Data(next)
	if err != nil {
		return fmt.Errorf("compare two versions of %s: %w", old.GetName(), err)
	}
	if string(plain) == "{}" {
		return nil
	}
	if err := r.Client.Patch(ctx, next, patch, client.FieldOwner(FieldOwner)); err != nil {
		return fmt.Errorf("patch %s: %w", old.GetName(), err)
	}
	return nil
}

func (r *Reconciler) removePolicy(ctx context.Context, n *v1alpha1.PoSNetwork) error {
	live := &networkingv1.NetworkPolicy{}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: n.Namespace, Name: n.Name}, live)
	if apierrors.IsNotFound(err) || (err == nil && !metav1.IsControlledBy(live, n)) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("get NetworkPolicy: %w", err)
	}
	if err := client.IgnoreNotFound(r.Client.Delete(ctx, live)); err != nil {
		return fmt.Errorf("delete NetworkPolicy: %w", err)
	}
	return nil
}
