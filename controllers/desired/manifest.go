package desired

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
)

// Manifest is the object as it is applied: what a user would write, without the fields that only a cluster fills in. With
// server-side apply every field that is present is owned, so what is left out matters.
func Manifest(o Object) (map[string]any, error) {
	m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, fmt.Errorf("write %s as a manifest: %w", o.GetName(), err)
	}
	delete(m, "status")
	if spec, ok := m["spec"].(map[string]any); ok {
		claims, _ := spec["volumeClaimTemplates"].([]any)
		for _, c := range claims {
			if claim, ok := c.(map[string]any); ok {
				delete(claim, "status")
			}
		}
	}
	return m, nil
}
