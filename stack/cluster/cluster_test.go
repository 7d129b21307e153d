package cluster

import (
	"testing"
	"time"
)

// TestNode goes through the life of the overlay dev as docs/kubernetes.md tells
// it, and does to it on the way what should not harm it.
func TestNode(t *testing.T) {
	asked(t)
	before := traces(t)
	s := open(t, repository+"/k8s/overlays/dev", repository+"/k8s/verdict")

	t.Run("apply brings up everything", func(t *testing.T) {
		s.run(t, "apply", "--kustomize", s.with(t, "overlays/dev"))
		s.settled(t)
	})
	if t.Failed() {
		t.FailNow() // the rest would say the same, at length
	}
	t.Run("the verdict holds", func(t *testing.T) {
		l := load{name: "first", rate: 100, duration: 10 * time.Second}
		s.begin(t, l)
		s.holds(t, l)
	})
	t.Run("it leaves nothing behind", func(t *testing.T) { s.leavesNothing(t, before) })
}
