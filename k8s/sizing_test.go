package k8s

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

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
