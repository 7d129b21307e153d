package grafana

import (
	"strings"
	"testing"

	"plumbline/provisioner/grafana/grafanafake"
)

func TestPull(t *testing.T) {
	g, c := start(t, grafanafake.Options{})
	if _, err := run(t, setup(t, c)); err != nil {
		t.Fatal(err)
	}
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	pull := func() string {
		t.Helper()
		text, err := client.Pull(t.Context(), "plumbline-red")
		if err != nil {
			t.Fatal(err)
		}
		patch, err := Difference("plumbline-red", text)
		if err != nil {
			t.Fatal(err)
		}
		return string(patch)
	}
	if patch := pull(); patch != "" {
		t.Errorf("what was just put differs:\n%s", patch)
	}
	g.EditDashboard("plumbline-red", func(m map[string]any) { m["refresh"] = "1m" })
	if patch := pull(); !strings.Contains(patch, "\n-  \"refresh\": \"10s\",\n+  \"refresh\": \"1m\",\n") || strings.Count(patch, "\n-") != 2 {
		t.Errorf("the one line that was changed is not the patch:\n%s", patch)
	}
	if _, err := client.Pull(t.Context(), "nobodys"); err == nil || !strings.Contains(err.Error(), "there is no dashboard nobodys") {
		t.Errorf("a dashboard that is not there: %v", err)
	}
	if _, err := Difference("nobodys", nil); err == nil || !strings.Contains(err.Error(), "want one of plumbline-red, ") {
		t.Errorf("a dashboard that is none of ours: %v", err)
	}
}
