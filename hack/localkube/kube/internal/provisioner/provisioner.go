// Package provisioner makes volumes for claims out of directories of the node.
//
// It is the smallest dynamic provisioner that keeps the promises of one:
//
//   - A claim gets a volume when a pod that uses it has been scheduled (WaitForFirstConsumer), of the size, access modes and
//     class it asked for, bound to it by UID: a claim deleted and made again under its name gets a new, empty volume.
//   - The volume is a "local" one with node affinity, so that fsGroup works and the scheduler knows where it is.
//   - A volume whose claim is gone is deleted, directory first, if its reclaim policy is Delete; one of Retain is left alone.
//
// The size is written down and not enforced: a directory has no quota.
package provisioner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedv1 "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

const (
	// provisionedBy says who made a volume, and so who may delete it.
	provisionedBy = "pv.kubernetes.io/provisioned-by"
	// selectedNode is set on a claim by the scheduler once a pod that uses it has a node.
	selectedNode = "volume.kubernetes.io/selected-node"
)

// Config says for whom and where volumes are made.
type Config struct {
	Name      string // the provisioner of the storage classes that are served
	Node      string // the node this runs on
	Directory string // absolute; one directory a volume is made in it
}

// Provisioner turns claims into volumes.
type Provisioner struct {
	config  Config
	client  kubernetes.Interface
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	classes storagelisters.StorageClassLister
	factory informers.SharedInformerFactory
	queue   workqueue.TypedRateLimitingInterface[key]
	events  record.EventRecorder
}

// key is one thing to look at: a claim if it has a namespace, else a volume.
type key struct{ namespace, name string }

// New returns a Provisioner; Run makes it work.
func New(client kubernetes.Interface, config Config) (*Provisioner, error) {
	factory := informers.NewSharedInformerFactory(client, 0)
	broadcaster := record.NewBroadcaster()
	broadcaster.StartRecordingToSink(&typedv1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	p := &Provisioner{
		config:  config,
		client:  client,
		claims:  factory.Core().V1().PersistentVolumeClaims().Lister(),
		volumes: factory.Core().V1().PersistentVolumes().Lister(),
		classes: factory.Storage().V1().StorageClasses().Lister(),
		factory: factory,
		queue:   workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[key](200*time.Millisecond, time.Minute)),
		events:  broadcaster.NewRecorder(scheme.Scheme, v1.EventSource{Component: config.Name}),
	}
	add := func(obj any) {
		if o, ok := obj.(metav1.Object); ok {
			p.queue.Add(key{o.GetNamespace(), o.GetName()})
		}
	}
	// A deleted object needs nothing done: its volume's own change says what does.
	handler := cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, obj any) { add(obj) }}
	for _, informer := range []cache.SharedIndexInformer{
		factory.Core().V1().PersistentVolumeClaims().Informer(),
		factory.Core().V1().PersistentVolumes().Informer(),
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return nil, fmt.Errorf("watch claims and volumes: %w", err)
		}
	}
	factory.Storage().V1().StorageClasses().Informer()
	return p, nil
}

// Run serves until ctx ends.
func (p *Provisioner) Run(ctx context.Context) error {
	defer p.queue.ShutDown()
	p.factory.Start(ctx.Done())
	for kind, synced := range p.factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("learn of every %s: %w", kind, context.Cause(ctx))
		}
	}
	go func() {
		<-ctx.Done()
		p.queue.ShutDown()
	}()
	for {
		k, stopped := p.queue.Get()
		if stopped {
			return nil
		}
		if err := p.sync(ctx, k); err != nil {
			klog.ErrorS(err, "volume not made or deleted, trying again", "namespace", k.namespace, "name", k.name)
			p.queue.AddRateLimited(k)
		} else {
			p.queue.Forget(k)
		}
		p.queue.Done(k)
	}
}

func (p *Provisioner) sync(ctx context.Context, k key) error {
	if k.namespace == "" {
		volume, err := p.volumes.Get(k.name)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, p.reclaim(ctx, volume))
	}
	claim, err := p.claims.PersistentVolumeClaims(k.namespace).Get(k.name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return errors.Join(err, p.provision(ctx, claim))
}

// provision makes the volume of a claim that is due one.
func (p *Provisioner) provision(ctx context.Context, claim *v1.PersistentVolumeClaim) error {
	if claim == nil || claim.DeletionTimestamp != nil || claim.Spec.VolumeName != "" || claim.Spec.StorageClassName == nil {
		return nil
	}
	class, err := p.classes.Get(*claim.Spec.StorageClassName)
	if apierrors.IsNotFound(err) {
		return nil // another's, or one yet to be made; the claim is then changed by the controller manager
	}
	if err != nil {
		return fmt.Errorf("look up the class of claim %s/%s: %w", claim.Namespace, claim.Name, err)
	}
	if class.Provisioner != p.config.Name {
		return nil
	}
	waits := class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
	if node := claim.Annotations[selectedNode]; waits && node != p.config.Node {
		return nil
	}
	if claim.Spec.VolumeMode != nil && *claim.Spec.VolumeMode == v1.PersistentVolumeBlock {
		p.events.Event(claim, v1.EventTypeWarning, "ProvisioningFailed", "class "+class.Name+" makes file systems, not block devices")
		return nil
	}
	volume := p.volume(claim, class)
	if _, err := p.volumes.Get(volume.Name); err == nil {
		return nil // made, and soon bound
	}
	dir := volume.Spec.Local.Path
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("make the directory of volume %s: %w", volume.Name, err)
	}
	// A pod that sets no fsGroup may run as anybody; MkdirAll's mode is cut by the umask.
	if err := os.Chmod(dir, 0o777); err != nil {
		return fmt.Errorf("open the directory of volume %s to its pod: %w", volume.Name, err)
	}
	if _, err := p.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("make volume %s: %w", volume.Name, err)
	}
	p.events.Event(claim, v1.EventTypeNormal, "ProvisioningSucceeded", "made volume "+volume.Name)
	return nil
}

// volume is what a claim gets.
func (p *Provisioner) volume(claim *v1.PersistentVolumeClaim, class *storagev1.StorageClass) *v1.PersistentVolume {
	reclaim := v1.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		reclaim = *class.ReclaimPolicy
	}
	name := "pvc-" + string(claim.UID)
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: p.config.Name}},
		Spec: v1.PersistentVolumeSpec{
			Capacity:                      v1.ResourceList{v1.ResourceStorage: claim.Spec.Resources.Requests[v1.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: reclaim,
			StorageClassName:              class.Name,
			MountOptions:                  class.MountOptions,
			ClaimRef: &v1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
			PersistentVolumeSource: v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{
				Path: filepath.Join(p.config.Directory, name+"_"+claim.Namespace+"_"+claim.Name)}},
			NodeAffinity: &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{
				MatchExpressions: []v1.NodeSelectorRequirement{{
					Key: v1.LabelHostname, Operator: v1.NodeSelectorOpIn, Values: []string{p.config.Node}}}}}}},
		},
	}
}

// reclaim deletes a volume nobody claims any more.
func (p *Provisioner) reclaim(ctx context.Context, volume *v1.PersistentVolume) error {
	if volume == nil || volume.DeletionTimestamp != nil || volume.Annotations[provisionedBy] != p.config.Name ||
		volume.Status.Phase != v1.VolumeReleased || volume.Spec.PersistentVolumeReclaimPolicy != v1.PersistentVolumeReclaimDelete {
		return nil
	}
	// The path comes from an object others can write: nothing but a directory made here is deleted.
	if volume.Spec.Local == nil || filepath.Dir(filepath.Clean(volume.Spec.Local.Path)) != filepath.Clean(p.config.Directory) {
		p.events.Event(volume, v1.EventTypeWarning, "VolumeFailedDelete", "the volume's path lies outside "+p.config.Directory)
		return nil
	}
	if err := os.RemoveAll(volume.Spec.Local.Path); err != nil {
		return fmt.Errorf("delete the directory of volume %s: %w", volume.Name, err)
	}
	err := p.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(volume.UID))})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete volume %s: %w", volume.Name, err)
	}
	return nil
}
