package drills

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"plumbline/stack/drills/faultproxy"
)

// drill is one kind of harm, and what is promised for the case.
type drill struct {
	name     string
	done     string
	contract string
	run      func(*testing.T, *rig) finding
}

// drills are all of them; each leaves the rig as it found it.
func drills() []drill {
	const eachOnce = "each line stored once"
	return []drill{
		{"shipper killed", "kill -9 Filebeat three times under load, start it again", eachOnce, shipperKilled},
		{"registry wiped", "stop Filebeat, delete its registry, start it: it reads all files again", "all resent lines are refused with 409; " + eachOnce, registryWiped},
		{"log rotated by rename", "a log pipe renames its file and begins a new one, three times", eachOnce, renamed},
		{"log rotated by copy and truncate", "a log pipe's file is copied and emptied, as logrotate's copytruncate does, twice",
			"lost at most the last lines before each emptying, those not read by then; no line after it; nothing twice", copyTruncated},
		{"log deleted", "a log pipe's file is deleted under Filebeat, and a new one begun", "lost at most the last lines of the deleted file, those not read by then; nothing twice", deleted},
		{"429 storm", "answer every bulk request with 429 for 5 s", eachOnce, refused(faultproxy.TooManyRequests)},
		{"503", "answer every bulk request with 503 for 5 s", eachOnce, refused(faultproxy.Unavailable)},
		{"partial bulk failure", "refuse every third item with 429, pass the others on", eachOnce, itemsRefused},
		{"slow connection", "20 kB/s to Elasticsearch, answers 300 ms late, for 5 s", eachOnce, slowConnection},
		{"requests cut", "break each connection off after 32 KiB from Filebeat, for 5 s", eachOnce, requestsCut},
		{"answers cut", "break each connection off after 8 KiB to Filebeat, for 5 s: what is stored is not confirmed", "what was stored is resent and refused with 409; " + eachOnce, answersCut},
		{"flood stage", "read_only_allow_delete on the access stream for 5 s", "Elasticsearch says 429 for each item, Filebeat waits; " + eachOnce, floodStage},
		{"index read-only", "index.blocks.write on the access stream for 2 s", "Elasticsearch says 403: each refused line is in the dead-letter stream as text, once, and nothing is in neither", writeBlocked},
		{"wrong value", "a log pipe makes the status of every 20th line a word", "it costs the field and not the line: each line is stored once, and the verdict names just these as corrupted", wrongValue},
		{"mapping conflict", "a log pipe puts text where every 20th line has an object", "each of these is in the dead-letter stream as text, once; every other line is stored once", mappingConflict},
		{"disk full, then room", "a tmpfs under demo-app's log fills up; later there is room", "demo-app goes on answering; its lines wait; " + eachOnce, diskFull(false)},
		{"disk full, then killed", "the same, and demo-app is killed while it is full", "demo-app goes on answering; lost just the lines that are not in its file, at hop app", diskFull(true)},
		{"application killed", "kill -9 demo-app three times under load, start it again", "lost just what has no line in its log, at hop app; unanswered is indeterminate; nothing behind demo-app", appKilled},
		{"clock step", "a log pipe moves the time stamps of lines: 1 h ahead, then 1 h back", eachOnce + "; lines from the future have a negative lag, and are counted", clockStep},
		{"Elasticsearch stopped", "stop the node for 30 s under load", eachOnce, nodeStopped},
	}
}

// TestDrills does each drill in turn on one stack, and prints what came of it.
func TestDrills(t *testing.T) {
	if os.Getenv("PLUMBLINE_DRILLS") == "" {
		t.Skip("make drills runs it")
	}
	r := assemble(t)
	rows := table.NewWriter()
	rows.AppendHeader(table.Row{"drill", "what was done", "contract", "found", "held"})
	for _, d := range drills() {
		t.Run(d.name, func(t *testing.T) {
			var found finding
			done := false
			defer func() {
				o := found.outcome()
				said := found.text()
				switch {
				case t.Skipped():
					o, said = skipped, "it needs root on Linux, to mount a tmpfs"
				case !done:
					o, said = notMeasured, "it did not come to its end"
				}
				if o != held && o != skipped {
					t.Errorf("%s: %s", o, said)
				}
				rows.AppendRow(table.Row{d.name, d.done, d.contract, said, string(o)})
				r.heal(t)
			}()
			found = d.run(t, r)
			done = true
		})
	}
	show(t, rows)
}

// show prints the table, and keeps it where CI collects what is worth keeping.
func show(t *testing.T, rows table.Writer) {
	t.Helper()
	if rows.Length() == 0 {
		return // -run named none
	}
	if dir := os.Getenv("PLUMBLINE_ARTIFACTS"); dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "drills.md"), []byte(rows.RenderMarkdown()+"\n"), 0o644); err != nil {
			t.Error(err)
		}
	}
	rows.SetStyle(table.StyleLight)
	rows.Style().Options.SeparateRows = true
	rows.SetColumnConfigs([]table.ColumnConfig{
		{Number: 1, WidthMax: 18, WidthMaxEnforcer: text.WrapSoft}, {Number: 2, WidthMax: 34, WidthMaxEnforcer: text.WrapSoft},
		{Number: 3, WidthMax: 40, WidthMaxEnforcer: text.WrapSoft}, {Number: 4, WidthMax: 48, WidthMaxEnforcer: text.WrapSoft},
	})
	fmt.Println(rows.Render())
}
