package cluster

import (
	"testing"
	"time"
)

// first is the load that a newcomer sends first.
var first = load{name: "first", rate: 100, duration: 10 * time.Second}

// TestNode goes through the life of the overlay dev as docs/kubernetes.md tells
// it, and does to it on the way what should not harm it. With -short it leaves out
// what shows what other rows show in a similar way.
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
		s.begin(t, first)
		s.holds(t, first)
	})
	if t.Failed() {
		t.FailNow()
	}
	t.Run("a rolling update under load costs no request and no line", s.renewed)
	t.Run("and one without what makes it safe costs some", s.carelessly)
	t.Run("Filebeat killed under load loses and doubles nothing", s.shipper)
	t.Run("demo-app killed under load: what it wrote arrives once", s.application)
	t.Run("its worker killed under load costs nothing", func(t *testing.T) {
		atLength(t)
		s.worker(t)
	})
	t.Run("a budget holds an eviction until it can be spared", s.held)
	t.Run("a changed setting comes with new pods", func(t *testing.T) {
		atLength(t)
		s.configured(t)
	})
	t.Run("what a StatefulSet stores outlives its pod", s.kept)
	t.Run("it leaves nothing behind", func(t *testing.T) { s.leavesNothing(t, before) })
}

func atLength(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes long: without -short only")
	}
}
