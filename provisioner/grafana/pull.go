package grafana

import (
	"fmt"
	"path"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// Rendered is where the repository keeps the files for Grafana.
const Rendered = "dashboards/rendered/grafana"

// Difference is the patch that makes of our dashboard with a uid the one that was
// pulled; nothing if they are the same.
func Difference(uid string, pulled []byte) ([]byte, error) {
	files, err := Files()
	if err != nil {
		return nil, err
	}
	var known []string
	for _, f := range files {
		name, is := strings.CutSuffix(path.Base(f.Path), ".json")
		if is && name == uid {
			return diff.Diff("a/"+path.Join(Rendered, f.Path), f.Text, "b/"+path.Join(Rendered, f.Path), pulled), nil
		}
		if is {
			known = append(known, name)
		}
	}
	return nil, fmt.Errorf("dashboard %s is none of ours: want one of %s", uid, strings.Join(known, ", "))
}
