package desired

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/node/chain"
)

// PodInputs is a hash of what the owner of a network chose about its pods. Nothing of the operator enters it. A field
// added to the API must be left out of its JSON while unset, or every hash changes with the version that adds it.
func PodInputs(in Input) (string, error) {
	s := in.Network.Spec
	return hashJSON(struct {
		Image       string                   `json:"image"`
		PullPolicy  string                   `json:"pullPolicy"`
		PullSecrets []string                 `json:"pullSecrets,omitempty"`
		Keys        *v1alpha1.SecretRef      `json:"keys,omitempty"`
		Resources   *v1alpha1.ResourcesSpec  `json:"resources,omitempty"`
		Scheduling  v1alpha1.SchedulingSpec  `json:"scheduling"`
		Telemetry   v1alpha1.TelemetrySpec   `json:"telemetry"`
		PodTemplate v1alpha1.PodTemplateSpec `json:"podTemplate"`
	}{in.Image, s.Image.PullPolicy, s.Image.PullSecrets, s.Validators.KeysSecretRef, s.Resources, s.Scheduling, s.Telemetry, s.PodTemplate})
}

// TemplateHash is a hash of a rendered pod template.
func TemplateHash(t corev1.PodTemplateSpec) (string, error) { return hashJSON(t) }

// KeepsTemplate reports whether the live StatefulSet, by its annotations, keeps its pod template although want has another
// one: its owner chose the same as before, and only a different operator version renders it differently.
func KeepsTemplate(live, want map[string]string) bool {
	return live[PodInputsAnnotation] != "" && live[PodInputsAnnotation] == want[PodInputsAnnotation] &&
		live[TemplateHashAnnotation] != want[TemplateHashAnnotation]
}

func hashJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("hash the pod template: %w", err)
	}
	return chain.Sum(b).String()[:16], nil
}

// Image is the image of a network's pods: what the spec says of it, and for what it leaves out pinned, the image the
// network already runs, else the operator's own.
func Image(n *v1alpha1.PoSNetwork, pinned, operators string) string {
	base := pinned
	if base == "" {
		base = operators
	}
	repository, tag := splitImage(base)
	if r := n.Spec.Image.Repository; r != "" {
		repository = r
	}
	if t := n.Spec.Image.Tag; t != "" {
		tag = t
	}
	switch {
	case tag == "":
		return repository
	case strings.HasPrefix(tag, "sha256:"):
		return repository + "@" + tag
	default:
		return repository + ":" + tag
	}
}

// splitImage divides an image name into repository and tag or digest. A colon before the last slash is a port.
func splitImage(image string) (repository, tag string) {
	if r, d, ok := strings.Cut(image, "@"); ok {
		return r, d
	}
	if colon := strings.LastIndex(image, ":"); colon > strings.LastIndex(image, "/") {
		return image[:colon], image[colon+1:]
	}
	return image, ""
}
