package kibana

import (
	"strings"
	"testing"

	"plumbline/dashboards/kibana/savedobject"
	rendered "plumbline/dashboards/rendered/kibana"
	"plumbline/provisioner/kibana/kibanafake"
)

// The stack's own dashboards go into every version, and are found as they were
// sent.
func TestTheStacksDashboardsAreTaken(t *testing.T) {
	objects, _, err := savedobject.Parse(rendered.Objects)
	if err != nil || len(objects) < 20 {
		t.Fatalf("%d objects, %v", len(objects), err)
	}
	for _, version := range []string{"8.19.7", "9.0.1", "9.4.0"} {
		fake, s := start(t, kibanafake.Config{Version: version})
		s.Objects = rendered.Objects
		for _, want := range []string{"imported", "as they were"} {
			got, err := run(t, s)
			if err != nil || !strings.HasSuffix(got["saved objects"], want) {
				t.Errorf("%s: %v, %q", version, err, got["saved objects"])
			}
		}
		if got := fake.Refusals(); len(got) > 0 {
			t.Errorf("%s: refused: %+v", version, got)
		}
	}
}
