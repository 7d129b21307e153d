package kibana

import (
	"net/http"
	"os"
	"path/filepath"
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

// The bodies for /api/dashboards are taken as well, by a fake that knows the kinds
// of panels and the grid; nobody has shown them to a Kibana.
func TestBodiesAreTaken(t *testing.T) {
	files, err := filepath.Glob("../../dashboards/rendered/kibana/api/*.json")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	fake, s := start(t, kibanafake.Config{Version: "9.4.0"})
	client, err := New(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		id := strings.TrimSuffix(filepath.Base(file), ".json")
		if _, err := client.do(t.Context(), request{op: id, method: http.MethodPut, path: "/api/dashboards/" + id, body: body}); err != nil {
			t.Error(err)
		}
	}
	if got := fake.Refusals(); len(got) > 0 {
		t.Errorf("refused: %+v", got)
	}
}
