package k8s

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dustin/go-humanize"

	"plumbline/stack/size"
)

// `stack size` computes with the lifecycle that production has.
func TestSizingKnowsTheLifecycle(t *testing.T) {
	var ilm struct {
		Policy struct {
			Phases struct {
				Hot struct {
					Actions struct {
						Rollover struct {
							Size string `json:"max_primary_shard_size"`
							Age  string `json:"max_age"`
						}
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(read(t, "k8s/components/lifecycle/ilm.json")), &ilm); err != nil {
		t.Fatal(err)
	}
	rollover, figures := ilm.Policy.Phases.Hot.Actions.Rollover, size.Usual()
	if want := fmt.Sprintf("%ggb", figures.ShardBytes.Value/size.GiB); rollover.Size != want {
		t.Errorf("a shard is full with %s, and with %s for stack size", rollover.Size, want)
	}
	if want := fmt.Sprintf("%gd", figures.RolloverMost.Value/(24*time.Hour).Seconds()); rollover.Age != want {
		t.Errorf("an index is rolled over after %s, and after %s for stack size", rollover.Age, want)
	}
}

// docs/sizing.md says what production carries: its nodes are those that the answer
// wants, and no larger than that.
func TestProductionIsAsLargeAsItsRate(t *testing.T) {
	const days = 24 * time.Hour
	want := size.Answer(size.Question{Rate: 120, Peak: 2, Bytes: size.Usual().EventBytes.Value, Retention: 30 * days, Hot: 30 * days,
		Replicas: 1, Memory: 8 * size.GiB, Cores: 4}, size.Usual())
	if !strings.Contains(read(t, "docs/sizing.md"), "\n$ bin/stack size -rate 120 -retention 30d -memory 8GiB -cores 4\n") {
		t.Error("docs/sizing.md asks something else")
	}
	var set struct {
		Spec struct {
			Replicas int
			Template struct {
				Spec struct {
					Containers []struct {
						Env       []struct{ Name, Value string }
						Resources struct{ Limits map[string]string }
					}
				}
			}
			VolumeClaimTemplates []struct {
				Spec struct {
					Resources struct{ Requests map[string]string }
				}
			}
		}
	}
	for _, o := range rendered(t, "production") {
		if o.Kind == "StatefulSet" && o.Metadata.Name == "elasticsearch" {
			from(t, o, &set)
		}
	}
	if set.Spec.Replicas != want.Tiers[0].Nodes {
		t.Fatalf("%d nodes, want %d", set.Spec.Replicas, want.Tiers[0].Nodes)
	}
	node := set.Spec.Template.Spec.Containers[0]
	if node.Resources.Limits["memory"] != "8Gi" || node.Resources.Limits["cpu"] != "4" {
		t.Errorf("a node has %v", node.Resources.Limits)
	}
	heap := fmt.Sprintf("-Xmx%gg ", want.Heap/size.GiB)
	if !slices.ContainsFunc(node.Env, func(e struct{ Name, Value string }) bool {
		return e.Name == "ES_JAVA_OPTS" && strings.Contains(e.Value, heap)
	}) {
		t.Errorf("no heap of %s", heap)
	}
	disk, err := humanize.ParseBytes(set.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests["storage"] + "B")
	if spare := float64(disk) / want.Tiers[0].NodeDisk; err != nil || spare < 1 || spare > 1.1 {
		t.Errorf("a disk of %d is %.2f times what it takes, %v", disk, spare, err)
	}
}
