package cluster

import (
	"testing"
	"time"
)

// TestOverlays has one node run the overlays in which others than dev's Filebeat take
// the lines, or more than Metricbeat counts requests: one in place of the other, as who
// changes from one to the next has it.
func TestOverlays(t *testing.T) {
	asked(t)
	atLength(t)
	before := traces(t)
	const k8s = repository + "/k8s/"
	s := open(t, k8s+"overlays/hints", k8s+"overlays/sidecar", k8s+"overlays/prometheus", k8s+"verdict")

	t.Run("hints: a Filebeat that asks which pods there are", s.hinted)
	if t.Failed() {
		t.FailNow() // what all share is not there
	}
	t.Run("sidecar: a Filebeat in each pod", s.accompanied)
	t.Run("prometheus: who counts besides", s.watched)
	t.Run("it leaves nothing behind", func(t *testing.T) { s.leavesNothing(t, before) })
}

// ready applies an overlay and waits until all of it is.
func (s *stack) ready(t *testing.T, overlay string) {
	t.Helper()
	s.run(t, "apply", "--kustomize", s.with(t, "overlays/"+overlay))
	s.settled(t)
}

// hinted has pods come, which Filebeat has to learn of, and go, and Filebeat killed,
// which then has to learn of all again and go on where it was.
func (s *stack) hinted(t *testing.T) {
	s.ready(t, "hints")
	t.Run("a rolling update under load costs no request and no line", func(t *testing.T) {
		l := load{name: "hints-renewed", rate: 50, duration: 40 * time.Second}
		s.restartUnder(t, l)
		s.holds(t, l)
	})
	t.Run("Filebeat killed under load loses and doubles nothing", func(t *testing.T) {
		l := load{name: "hints-killed", rate: 50, duration: 20 * time.Second}
		s.begin(t, l)
		s.awaitLines(t, l.name, 4*l.rate)
		s.kill(t, "plumbline-node", "filebeat")
		s.holds(t, l)
	})
}

// accompanied replaces pods whose lines go with them, unless the Filebeat in each
// ends after demo-app has.
func (s *stack) accompanied(t *testing.T) {
	s.ready(t, "sidecar")
	// An apply takes nothing away; and nobody else shall have read a line.
	s.run(t, "--namespace=plumbline-node", "delete", "daemonset/filebeat", "--cascade=foreground", "--wait")
	t.Run("a rolling update under load costs no request and no line", func(t *testing.T) {
		l := load{name: "sidecar-renewed", rate: 50, duration: 40 * time.Second}
		s.restartUnder(t, l)
		s.holds(t, l)
	})
}
