// Package containers proves compose.yaml with real containers and without a
// network: what a user does with `docker compose`, what happens when a part is
// killed, and whether the limits and rules in that file hold once an engine
// applies them. It holds tests alone, and `make test-containers` runs them.
//
// The tests start a Docker Engine of their own, in namespaces of their own: it
// shares no bridge, no firewall rule, no mount and no process with the machine,
// and nothing in it can reach a registry. The images that cannot be pulled are
// stood in for: package images says by what.
package containers
