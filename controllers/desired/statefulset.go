package desired

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/posnet/posnet/api/v1alpha1"
)

// StatefulSet runs the validators. Pods come up in parallel, because each must be there for the ceremony; a changed
// template reaches a pod only when the operator lowers the partition below its ordinal.
func StatefulSet(in Input) (*appsv1.StatefulSet, error) {
	n := in.Network
	template, err := podTemplate(in)
	if err != nil {
		return nil, err
	}
	inputs, err := PodInputs(in)
	if err != nil {
		return nil, err
	}
	rendered, err := TemplateHash(template)
	if err != nil {
		return nil, err
	}
	meta := owned(n, StatefulSetName(n.Name))
	meta.Annotations = map[string]string{PodInputsAnnotation: inputs, TemplateHashAnnotation: rendered}
	whenDeleted := appsv1.RetainPersistentVolumeClaimRetentionPolicyType
	if in.DeleteClaims {
		whenDeleted = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	}
	history := int32(5)
	return &appsv1.StatefulSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"},
		ObjectMeta: meta,
		Spec: appsv1.StatefulSetSpec{
			Replicas:             &in.Replicas,
			ServiceName:          PeerServiceName(n.Name),
			PodManagementPolicy:  appsv1.ParallelPodManagement,
			RevisionHistoryLimit: &history,
			Selector:             &metav1.LabelSelector{MatchLabels: SelectorLabels(n.Name)},
			UpdateStrategy: appsv1.StatefulSetUpdateStrategy{
				Type:          appsv1.RollingUpdateStatefulSetStrategyType,
				RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: &in.Partition},
			},
			PersistentVolumeClaimRetentionPolicy: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
				WhenDeleted: whenDeleted,
				// A validator that is scaled away keeps its keys: it may still own stake.
				WhenScaled: appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
			},
			Template:             template,
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{claim(n)},
		},
	}, nil
}

func claim(n *v1alpha1.PoSNetwork) corev1.PersistentVolumeClaim {
	s := n.Spec.Storage
	size := resource.MustParse("10Gi")
	if s.Size != nil {
		size = *s.Size
	}
	mode := corev1.PersistentVolumeAccessMode(s.AccessMode)
	if mode == "" {
		mode = corev1.ReadWriteOncePod
	}
	filesystem := corev1.PersistentVolumeFilesystem
	return corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: dataVolume, Labels: Labels(n.Name)},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes:      []corev1.PersistentVolumeAccessMode{mode},
			StorageClassName: s.StorageClassName,
			VolumeMode:       &filesystem,
			Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: size}},
		},
	}
}

// podResources of the node container; the defaults are documented at the field.
func podResources(n *v1alpha1.PoSNetwork) corev1.ResourceRequirements {
	r := n.Spec.Resources
	if r == nil {
		return corev1.ResourceRequirements{
			Requests: corev1.ResourceList{
				corev1.ResourceCPU:    resource.MustParse("100m"),
				corev1.ResourceMemory: resource.MustParse("128Mi"),
			},
			Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
		}
	}
	return corev1.ResourceRequirements{Requests: resourceList(r.Requests), Limits: resourceList(r.Limits)}
}

func resourceList(m map[string]resource.Quantity) corev1.ResourceList {
	if len(m) == 0 {
		return nil
	}
	list := corev1.ResourceList{}
	for name, q := range m {
		list[corev1.ResourceName(name)] = q
	}
	return list
}

// goMemoryLimit is 90 % of the memory limit, so that the Go runtime collects before the kernel kills; empty without limit.
func goMemoryLimit(r corev1.ResourceRequirements) string {
	limit, ok := r.Limits[corev1.ResourceMemory]
	if !ok || limit.Value() <= 0 {
		return ""
	}
	return fmt.Sprintf("%d", limit.Value()/10*9)
}
