package provisioner

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
)

const provisionerName = "example.com/local"

func ptr[T any](v T) *T { return &v }

func class() *storagev1.StorageClass {
	return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "local"}, Provisioner: provisionerName,
		VolumeBindingMode: ptr(storagev1.VolumeBindingWaitForFirstConsumer)}
}

func claim(change func(*v1.PersistentVolumeClaim)) *v1.PersistentVolumeClaim {
	c := &v1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "data", UID: "u1", Annotations: map[string]string{selectedNode: "node"}},
		Spec: v1.PersistentVolumeClaimSpec{
			StorageClassName: ptr("local"),
			AccessModes:      []v1.PersistentVolumeAccessMode{v1.ReadWriteOncePod},
			Resources:        v1.VolumeResourceRequirements{Requests: v1.ResourceList{v1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	change(c)
	return c
}

// start returns a Provisioner that knows objects, and its directory.
func start(t *testing.T, objects ...runtime.Object) (*Provisioner, *fake.Clientset, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "volumes")
	client := fake.NewClientset(objects...)
	p, err := New(client, Config{Name: provisionerName, Node: "node", Directory: dir})
	if err != nil {
		t.Fatal(err)
	}
	p.factory.Start(t.Context().Done())
	for kind, ok := range p.factory.WaitForCacheSync(t.Context().Done()) {
		if !ok {
			t.Fatalf("no cache of %s", kind)
		}
	}
	return p, client, dir
}

func volumes(t *testing.T, client *fake.Clientset) []v1.PersistentVolume {
	t.Helper()
	list, err := client.CoreV1().PersistentVolumes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func TestOnlyAClaimThatIsDueGetsAVolume(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*v1.PersistentVolumeClaim)
		want   int
	}{
		"a claim whose pod is scheduled here": {func(*v1.PersistentVolumeClaim) {}, 1},
		"a claim no pod uses yet":             {func(c *v1.PersistentVolumeClaim) { c.Annotations = nil }, 0},
		"a claim of another node":             {func(c *v1.PersistentVolumeClaim) { c.Annotations[selectedNode] = "other" }, 0},
		"a claim of another class":            {func(c *v1.PersistentVolumeClaim) { c.Spec.StorageClassName = ptr("fast") }, 0},
		"a claim that has its volume":         {func(c *v1.PersistentVolumeClaim) { c.Spec.VolumeName = "v" }, 0},
		"a claim being deleted": {func(c *v1.PersistentVolumeClaim) {
			c.DeletionTimestamp = ptr(metav1.Now())
			c.Finalizers = []string{"x"}
		}, 0},
		"a claim of a block device": {func(c *v1.PersistentVolumeClaim) { c.Spec.VolumeMode = ptr(v1.PersistentVolumeBlock) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, client, _ := start(t, class(), claim(c.change))
			if err := p.sync(t.Context(), key{"ns", "data"}); err != nil {
				t.Fatal(err)
			}
			if got := len(volumes(t, client)); got != c.want {
				t.Fatalf("%d volumes, want %d", got, c.want)
			}
		})
	}
}

func TestTheVolumeIsWhatTheClaimAskedFor(t *testing.T) {
	t.Parallel()
	p, client, dir := start(t, class(), claim(func(*v1.PersistentVolumeClaim) {}))
	for range 2 { // asked twice, it is made once
		if err := p.sync(t.Context(), key{"ns", "data"}); err != nil {
			t.Fatal(err)
		}
	}
	all := volumes(t, client)
	if len(all) != 1 {
		t.Fatalf("%d volumes, want 1", len(all))
	}
	spec := all[0].Spec
	if spec.Capacity.Storage().String() != "1Gi" || spec.AccessModes[0] != v1.ReadWriteOncePod || spec.StorageClassName != "local" ||
		spec.PersistentVolumeReclaimPolicy != v1.PersistentVolumeReclaimDelete || spec.ClaimRef.UID != "u1" {
		t.Errorf("volume %+v", spec)
	}
	info, err := os.Stat(spec.Local.Path)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(spec.Local.Path) != dir || info.Mode().Perm() != 0o777 {
		t.Errorf("directory %s of mode %v", spec.Local.Path, info.Mode())
	}
}

func TestReclaim(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*v1.PersistentVolume)
		gone   bool
	}{
		"a released volume goes":             {func(*v1.PersistentVolume) {}, true},
		"a bound volume stays":               {func(v *v1.PersistentVolume) { v.Status.Phase = v1.VolumeBound }, false},
		"a retained volume stays":            {func(v *v1.PersistentVolume) { v.Spec.PersistentVolumeReclaimPolicy = v1.PersistentVolumeReclaimRetain }, false},
		"another's volume stays":             {func(v *v1.PersistentVolume) { v.Annotations = nil }, false},
		"a path outside the directory stays": {func(v *v1.PersistentVolume) { v.Spec.Local.Path += "/../../precious" }, false},
		"the directory itself stays":         {func(v *v1.PersistentVolume) { v.Spec.Local.Path = filepath.Dir(v.Spec.Local.Path) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, client, dir := start(t, class())
			path := filepath.Join(dir, "pvc-u1")
			for _, d := range []string{path, filepath.Join(filepath.Dir(dir), "precious")} {
				if err := os.MkdirAll(d, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			volume := &v1.PersistentVolume{
				ObjectMeta: metav1.ObjectMeta{Name: "pvc-u1", UID: "v1", Annotations: map[string]string{provisionedBy: provisionerName}},
				Spec: v1.PersistentVolumeSpec{
					PersistentVolumeReclaimPolicy: v1.PersistentVolumeReclaimDelete,
					PersistentVolumeSource:        v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: path}},
				},
				Status: v1.PersistentVolumeStatus{Phase: v1.VolumeReleased},
			}
			c.change(volume)
			if _, err := client.CoreV1().PersistentVolumes().Create(t.Context(), volume, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := p.reclaim(t.Context(), volume); err != nil {
				t.Fatal(err)
			}
			_, err := os.Stat(path)
			if kept := err == nil; kept == c.gone {
				t.Errorf("directory kept=%v, want gone=%v", kept, c.gone)
			}
			if left := len(volumes(t, client)); (left == 0) != c.gone {
				t.Errorf("%d volumes left, want gone=%v", left, c.gone)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "precious")); err != nil {
				t.Error("a directory of somebody else is gone")
			}
		})
	}
}

func TestRunServesAClaimThatComesLaterAndEndsWhenTold(t *testing.T) {
	t.Parallel()
	p, client, _ := start(t, class())
	made := make(chan struct{}, 1)
	_, err := p.factory.Core().V1().PersistentVolumes().Informer().AddEventHandler(
		cache.ResourceEventHandlerFuncs{AddFunc: func(any) { made <- struct{}{} }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	if _, err := client.CoreV1().PersistentVolumeClaims("ns").Create(t.Context(), claim(func(*v1.PersistentVolumeClaim) {}), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-made:
	case <-time.After(30 * time.Second):
		t.Fatal("no volume was made")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
