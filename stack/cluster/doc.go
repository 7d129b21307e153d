// Package cluster proves the manifests under k8s with real Kubernetes: an API
// server takes every overlay, and a node of its own runs four of them: what
// a user does with kubectl, what happens when a part is killed, renewed or moved,
// and whether every line arrives meanwhile. It holds tests alone, and `make
// test-k8s` runs them.
//
// The node is containerd and Kubernetes' own programs in namespaces of their own:
// it shares no network, no mount and no process with the machine, and nothing in
// it can reach a registry. The images are those of package images.
package cluster
