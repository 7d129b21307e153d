package doctor

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func findings() []Finding {
	return []Finding{
		Finding{Check: "go", Fix: "install it"}.With(OK, "go%d", 1),
		Finding{Check: "disk", Fix: "docker system prune >/dev/null"}.With(Fail, "full"),
		Finding{Check: "memory", Fix: "buy some"}.With(Warn, "scarce"),
	}
}

func TestWhatIsFineNeedsNoFix(t *testing.T) {
	want := []Finding{
		{"go", OK, "go1", ""}, {"disk", Fail, "full", "docker system prune >/dev/null"}, {"memory", Warn, "scarce", "buy some"},
	}
	if diff := cmp.Diff(want, findings()); diff != "" {
		t.Error(diff)
	}
}

func TestFailedAndAside(t *testing.T) {
	all := findings()
	if got := Failed(all); len(got) != 1 || got[0].Check != "disk" {
		t.Errorf("failed: %+v", got)
	}
	want := []Finding{
		{"docker: go", OK, "go1", ""}, {"docker: disk", Info, "full", "docker system prune >/dev/null"}, {"docker: memory", Info, "scarce", "buy some"},
	}
	if diff := cmp.Diff(want, Aside("docker", all)); diff != "" {
		t.Errorf("aside (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(findings(), all); diff != "" {
		t.Errorf("what was looked at has changed:\n%s", diff)
	}
}

func TestWrite(t *testing.T) {
	var table, object bytes.Buffer
	Write(&table, findings()[:2])
	want := " ok    go    go1                                 \n fail  disk  full                                \n             fix: docker system prune >/dev/null \n"
	if diff := cmp.Diff(want, table.String()); diff != "" {
		t.Error(diff)
	}
	if err := WriteJSON(&object, findings()[1:2]); err != nil {
		t.Fatal(err)
	}
	want = `[
  {
    "check": "disk",
    "level": "fail",
    "message": "full",
    "fix": "docker system prune >/dev/null"
  }
]
`
	if diff := cmp.Diff(want, object.String()); diff != "" {
		t.Error(diff)
	}
}
