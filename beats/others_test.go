package beats

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/demo-app/telemetry"
)

// Whatever is on trial ships to the stream that the verdict reads.
func TestOthersShipToTheStreamOfLines(t *testing.T) {
	files, err := filepath.Glob("others/*")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), telemetry.StreamLines) {
			t.Errorf("%s does not name %s", file, telemetry.StreamLines)
		}
	}
}

func TestFilebeatOnTrialEnvironment(t *testing.T) {
	for name, fallback := range load(t, "others/filebeat.yml").environment() {
		switch name {
		case "LINES", "ES_URL", "ES_CA", "ES_API_KEY":
		default:
			t.Errorf("%s, default %q, is not in the file's list of variables", name, fallback)
		}
	}
}
