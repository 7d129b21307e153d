package grafana

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/dashboards"
	"plumbline/dashboards/grafana/schema"
	"plumbline/demo-app/telemetry"
)

var update = flag.Bool("update", false, "write the rendered dashboards anew")

const rendered = "../rendered/grafana/dashboards"

func all(t *testing.T) []Dashboard {
	t.Helper()
	all, err := Dashboards()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The dashboards that are shipped are those that would be rendered now.
func TestRenderedDashboardsAreGolden(t *testing.T) {
	for _, d := range all(t) {
		golden := filepath.Join(rendered, d.UID+".json")
		if *update {
			if err := os.WriteFile(golden, d.Text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(d.Text)); diff != "" {
			t.Errorf("%s: go test ./dashboards/grafana -update (-want +got):\n%s", d.UID, diff)
		}
	}
}

func TestGrafanasOwnSchemasAcceptTheDashboards(t *testing.T) {
	schemas, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all(t) {
		faults, err := schemas.Faults(d.Text)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults {
			t.Errorf("%s: %.300s", d.UID, fault)
		}
	}
}

// shown is what of a panel a reader sees, and whom it asks.
type shown struct {
	ID                 uint32
	Title, Description string
	Datasource         struct{ UID string }
	GridPos            position
	Targets            []struct {
		Exemplar bool
		Expr     string
		Query    string
	}
	FieldConfig struct {
		Defaults struct {
			Links []struct{ URL string }
		}
		Overrides []struct {
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
}

func read(t *testing.T, d Dashboard) (panels []shown) {
	t.Helper()
	var of struct{ Panels []shown }
	if err := json.Unmarshal(d.Text, &of); err != nil {
		t.Fatal(err)
	}
	return of.Panels
}

// Each panel of the model is there, under one number, says what it is for and what
// to do, and asks Prometheus if that has its signal.
func TestEveryPanelIsThere(t *testing.T) {
	numbers := map[uint32]string{}
	for i, d := range all(t) {
		panels := read(t, d)
		for j, p := range dashboards.All()[i].Panels {
			got := panels[j]
			if got.Title != p.Title || !strings.Contains(got.Description, p.Purpose) || !strings.Contains(got.Description, p.Advice) {
				t.Errorf("%s: %q says %q", p.ID, got.Title, got.Description)
			}
			if p.Kind != dashboards.Note && (got.Datasource.UID == Prometheus) != p.Source.Counterpart() {
				t.Errorf("%s asks %s", p.ID, got.Datasource.UID)
			}
		}
		for _, p := range panels {
			if of, twice := numbers[p.ID]; twice {
				t.Errorf("%s and %s have number %d", of, p.Title, p.ID)
			}
			numbers[p.ID] = d.UID + " " + p.Title
		}
	}
}

// overlaps are pairs of panels that cover each other, and panels that stick out.
func overlaps(panels []shown) (found []string) {
	for i, p := range panels {
		if p.GridPos.X < 0 || p.GridPos.X+p.GridPos.W > 24 || p.GridPos.W <= 0 || p.GridPos.H <= 0 {
			found = append(found, p.Title+" sticks out")
		}
		for _, q := range panels[i+1:] {
			a, b := p.GridPos, q.GridPos
			if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				found = append(found, p.Title+" covers "+q.Title)
			}
		}
	}
	return found
}

func TestNoPanelCoversAnother(t *testing.T) {
	for _, d := range all(t) {
		for _, fault := range overlaps(read(t, d)) {
			t.Errorf("%s: %s", d.UID, fault)
		}
	}
	bad := []shown{{Title: "a", GridPos: position{0, 0, 13, 4}}, {Title: "b", GridPos: position{12, 3, 13, 4}}}
	if got := overlaps(bad); !slices.Equal(got, []string{"a covers b", "b sticks out"}) {
		t.Errorf("a bad layout: %q", got)
	}
}

// A group leads on to its dashboard, percentiles to the lines of single requests.
func TestPanelsLeadOn(t *testing.T) {
	drills, exemplars := 0, 0
	for i, d := range all(t) {
		for j, p := range dashboards.All()[i].Panels {
			got := read(t, d)[j]
			text := fmt.Sprint(got.FieldConfig)
			if p.By.Drill != "" {
				drills++
				if want := "/d/" + UID(p.By.Drill) + "?${__url_time_range}&var-route="; !strings.Contains(text, want) {
					t.Errorf("%s leads nowhere: %s", p.ID, text)
				}
			}
			for _, c := range p.Columns {
				if c.Field == telemetry.FieldTraceID && !strings.Contains(text, TraceLink("${__value.raw}")) {
					t.Errorf("%s: no trace leads to its lines", p.ID)
				}
			}
			for _, target := range got.Targets {
				if target.Exemplar {
					exemplars++
				}
			}
		}
	}
	if drills < 3 || exemplars != 2 {
		t.Errorf("%d panels lead on, %d have exemplars", drills, exemplars)
	}
}

func TestLucene(t *testing.T) {
	for proves, row := range map[string]struct {
		source dashboards.Source
		want   string
	}{
		"all":             {dashboards.Source{}, "*"},
		"none of some":    {dashboards.Source{Where: []dashboards.Condition{dashboards.NoneOf("a", "/x", `q"`)}}, `NOT a:("/x" OR "q\"")`},
		"one of some":     {dashboards.Source{Where: []dashboards.Condition{dashboards.OneOf("a", "x")}}, `a:("x")`},
		"a value at all":  {dashboards.Source{Where: []dashboards.Condition{dashboards.Has("a")}}, "_exists_:a"},
		"from one on":     {dashboards.Source{Where: []dashboards.Condition{dashboards.AtLeast("a", 500)}}, "a:>=500"},
		"below one":       {dashboards.Source{Where: []dashboards.Condition{dashboards.Between("a", 0, 500)}}, "a:[0 TO 500}"},
		"several":         {dashboards.Source{Where: []dashboards.Condition{dashboards.Has("a"), dashboards.Has("b")}}, "_exists_:a AND _exists_:b"},
		"what a run left": {dashboards.Source{Narrow: []string{telemetry.FieldRunID, telemetry.FieldRoute}}, "(run.id:/${run:regex}/)"},
	} {
		e := encoder{dashboard: dashboards.Dashboard{Panels: []dashboards.Panel{{Source: row.source}}}}
		if got := e.lucene(row.source); got != row.want {
			t.Errorf("%s: %s, want %s", proves, got, row.want)
		}
	}
}

// What cannot be said in Grafana's query is refused when it is rendered, and not
// left out.
func TestWhatCannotBeAskedIsRefused(t *testing.T) {
	plain := dashboards.Source{Stream: telemetry.StreamLag}
	groups := dashboards.Breakdown{Label: "x", Groups: []dashboards.Group{{Key: "a", Where: dashboards.Has("a")}}}
	for proves, p := range map[string]dashboards.Panel{
		"a heatmap of documents":    {Kind: dashboards.Heatmap, Source: plain, Measures: []dashboards.Measure{dashboards.Count("n")}},
		"named groups in a table":   {Kind: dashboards.Table, Source: plain, By: groups, Measures: []dashboards.Measure{dashboards.Count("n")}},
		"a ratio in a table":        {Kind: dashboards.Table, Source: plain, By: dashboards.Breakdown{Label: "x", Field: "x", Size: 1}, Measures: []dashboards.Measure{dashboards.Ratio("n", dashboards.Has("a"))}},
		"the last value of a field": {Kind: dashboards.Stat, Source: plain, Measures: []dashboards.Measure{dashboards.Last("n", "f", dashboards.UnitCount)}},
	} {
		p.ID, p.Limits = "x", dashboards.Limits{None: "x"}
		if _, err := encode(dashboards.Dashboard{ID: "x", Panels: []dashboards.Panel{p}}); err == nil {
			t.Errorf("%s is rendered", proves)
		}
	}
	if _, err := encode(dashboards.Dashboard{ID: "x", Next: []string{"y"}}); err == nil {
		t.Error("a link to nowhere is rendered")
	}
	note := dashboards.Panel{ID: "x", Kind: dashboards.Note, Title: "n", Text: "# words", Width: 12}
	if m, err := encode(dashboards.Dashboard{ID: "x", Panels: []dashboards.Panel{note}}); err != nil || m.Panels[0].Type != "text" || m.Panels[0].Options["content"] != "# words" {
		t.Errorf("a note: %v, %+v", err, m.Panels)
	}
}
