package k8s

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// The load and the verdict of every night are those that one asks for by hand.
func TestTheNightlyVerdictIsTheVerdict(t *testing.T) {
	var job, nightly map[string]any
	if err := yaml.Unmarshal([]byte(read(t, "k8s/verdict/job.yaml")), &job); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(read(t, "k8s/components/nightly/cronjob.yaml")), &nightly); err != nil {
		t.Fatal(err)
	}
	template := nightly["spec"].(map[string]any)["jobTemplate"].(map[string]any)
	if diff := cmp.Diff(job["spec"], template["spec"]); diff != "" {
		t.Errorf("the Job of k8s/verdict (-) and that of every night (+):\n%s", diff)
	}
}
