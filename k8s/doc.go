// Package k8s holds the manifests of the stack, and tests of the two ways to run
// it in containers: they load compose.yaml and the manifests as their own tools
// do, hold every container against the same rules, and compare ports, names,
// settings and flags with the files that own them.
//
// No container is started here.
package k8s
