package kibana

import (
	"strings"
	"testing"

	"plumbline/cli"
	"plumbline/dashboards/kibana/savedobject"
	"plumbline/provisioner/kibana/kibanafake"
)

func TestPullShowsWhatSomebodyChanged(t *testing.T) {
	for _, version := range []string{"8.19.7", "9.4.0"} {
		fake, s := start(t, kibanafake.Config{Version: version})
		if _, err := run(t, s); err != nil {
			t.Fatal(err)
		}
		client, err := New(s.Config)
		if err != nil {
			t.Fatal(err)
		}
		sent, _, err := savedobject.Parse(s.Objects)
		if err != nil {
			t.Fatal(err)
		}
		pulled, err := client.Pull(t.Context(), "test-red")
		if err != nil || len(pulled) != 3 { // without the saved search, to which it does not refer
			t.Fatalf("%d objects, %v", len(pulled), err)
		}
		if diff, err := Difference(sent, pulled); err != nil || diff != "" {
			t.Errorf("%s: %v: %s", version, err, diff)
		}
		fake.Edit("default", "dashboard", "test-red", "timeFrom", "now-1y")
		pulled, err = client.Pull(t.Context(), "test-red")
		if err != nil {
			t.Fatal(err)
		}
		diff, err := Difference(sent, pulled)
		if err != nil || !strings.Contains(diff, "\n-    \"timeFrom\": \"now-15m\",\n+    \"timeFrom\": \"now-1y\",\n") || strings.Count(diff, "\n+") != 2 {
			t.Errorf("%s: %v: %s", version, err, diff)
		}
		if _, err = client.Pull(t.Context(), "other"); err == nil || !strings.Contains(err.Error(), "there is no dashboard other in space default") || cli.Hint(err) == "" {
			t.Errorf("%v", err)
		}
		fake.Remove("default", "tag", "test-tag")
		if _, err = client.Pull(t.Context(), "test-red"); err == nil || !strings.Contains(err.Error(), "refers to 1 objects that are not there") {
			t.Errorf("%v", err)
		}
	}
}
