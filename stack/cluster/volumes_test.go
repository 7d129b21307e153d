package cluster

import (
	"fmt"
	"os"
	"testing"
)

// offer gives the node volumes for claims: directories of its own, since nothing
// here makes them when they are asked for.
func (r *running) offer(t *testing.T, volumes int) {
	t.Helper()
	all := manifest{{
		"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
		"metadata":    map[string]any{"name": "directories", "annotations": map[string]any{"storageclass.kubernetes.io/is-default-class": "true"}},
		"provisioner": "kubernetes.io/no-provisioner",
	}}
	for number := range volumes {
		name := fmt.Sprintf("directory-%d", number)
		dir := r.path("volumes", name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		all = append(all, object{
			"apiVersion": "v1", "kind": "PersistentVolume", "metadata": map[string]any{"name": name},
			"spec": map[string]any{
				"capacity": map[string]any{"storage": "10Gi"}, "accessModes": []any{"ReadWriteOnce"},
				"storageClassName": "directories", "local": map[string]any{"path": dir},
				"nodeAffinity": map[string]any{"required": map[string]any{"nodeSelectorTerms": []any{map[string]any{
					"matchExpressions": []any{map[string]any{"key": "kubernetes.io/hostname", "operator": "In", "values": []any{nodeName}}},
				}}}},
			},
		})
	}
	r.kubectl().apply(t, all)
}
