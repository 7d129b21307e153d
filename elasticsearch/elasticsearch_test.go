package elasticsearch

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
)

// template is what the tests look at in a component or index template.
type template struct {
	Meta struct {
		ManagedBy, Purpose string
	} `json:"_meta"`
	Patterns   []string        `json:"index_patterns"`
	DataStream json.RawMessage `json:"data_stream"`
	Priority   int
	ComposedOf []string `json:"composed_of"`
	Ignored    []string `json:"ignore_missing_component_templates"`
	Template   struct {
		Settings struct {
			Index struct {
				FinalPipeline string `json:"final_pipeline"`
			}
		}
		Mappings struct {
			Meta       struct{ Template string } `json:"_meta"`
			Properties map[string]struct{ Type string }
			Dynamic    []map[string]struct {
				Mapping struct{ Type string }
			} `json:"dynamic_templates"`
		}
	}
}

func templates(t *testing.T, read func() ([]Body, error)) map[string]template {
	t.Helper()
	bodies, err := read()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]template{}
	for _, b := range bodies {
		var one template
		if err := json.Unmarshal(b.JSON, &one); err != nil {
			t.Fatalf("%s: %v", b.Name, err)
		}
		all[b.Name] = one
	}
	return all
}

// portable are the field types that every distribution has; wildcard,
// constant_keyword, match_only_text and scaled_float need modules.
var portable = []string{"keyword", "text", "long", "integer", "double", "boolean", "date", "ip"}

// unportable lists the fields of types outside portable.
func (one template) unportable() (fields []string) {
	for field, p := range one.Template.Mappings.Properties {
		if !slices.Contains(portable, p.Type) {
			fields = append(fields, field+" "+p.Type)
		}
	}
	for _, d := range one.Template.Mappings.Dynamic {
		for name, p := range d {
			if !slices.Contains(portable, p.Mapping.Type) {
				fields = append(fields, name+" "+p.Mapping.Type)
			}
		}
	}
	slices.Sort(fields)
	return fields
}

func TestTemplatesUsePortableFieldTypesOnly(t *testing.T) {
	all := templates(t, ComponentTemplates)
	maps.Copy(all, templates(t, IndexTemplates))
	for name, one := range all {
		if got := one.unportable(); len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
		if one.Meta.Purpose == "" {
			t.Errorf("%s: _meta.purpose does not say what it is for", name)
		}
	}
	var bad template
	text := `{"template":{"mappings":{"properties":{"url.path":{"type":"wildcard"}},"dynamic_templates":[{"n":{"mapping":{"type":"scaled_float"}}}]}}}`
	if err := json.Unmarshal([]byte(text), &bad); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"n scaled_float", "url.path wildcard"}, bad.unportable()); diff != "" {
		t.Errorf("unportable types are not found (-want +got):\n%s", diff)
	}
}

func TestIndexTemplates(t *testing.T) {
	components := templates(t, ComponentTemplates)
	for name, one := range templates(t, IndexTemplates) {
		if one.Priority < 500 {
			t.Errorf("%s: priority %d loses against Elasticsearch's own templates for logs-*-* and metrics-*-*", name, one.Priority)
		}
		if one.DataStream == nil {
			t.Errorf("%s makes indices and no data streams", name)
		}
		if got := one.Template.Mappings.Meta.Template; got != name {
			t.Errorf("%s: mappings._meta.template is %q: setup could not tell that it applies", name, got)
		}
		for _, c := range one.ComposedOf {
			if _, ok := components[c]; !ok && !slices.Contains(one.Ignored, c) {
				t.Errorf("%s: component %s does not exist", name, c)
			}
		}
		// Who runs the stack may add settings, and they win.
		if custom := "plumbline@custom"; one.ComposedOf[len(one.ComposedOf)-1] != custom || !slices.Equal(one.Ignored, []string{custom}) {
			t.Errorf("%s: composed of %v without %v, want %s at the end, and that it may lack", name, one.ComposedOf, one.Ignored, custom)
		}
	}
}

// TestLinesAreStamped holds that every stream of lines, and no other, goes
// through a pipeline, and that setup puts it.
func TestLinesAreStamped(t *testing.T) {
	pipelines, err := Pipelines()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"": true}
	for _, p := range pipelines {
		known[p.Name] = true
	}
	components := templates(t, ComponentTemplates)
	for name, one := range templates(t, IndexTemplates) {
		pipeline := ""
		for _, c := range one.ComposedOf {
			pipeline += components[c].Template.Settings.Index.FinalPipeline
		}
		if !known[pipeline] {
			t.Errorf("%s: pipeline %s does not exist: every document would be refused", name, pipeline)
		}
		if lines := strings.HasPrefix(name, "logs-"); lines != (pipeline != "") {
			t.Errorf("%s: pipeline %q", name, pipeline)
		}
	}
}

// exampleStreams are streams of each kind that the stack writes.
func exampleStreams() []string {
	return []string{
		telemetry.StreamAccess, telemetry.StreamApp, telemetry.StreamPrometheus, telemetry.StreamOwn, telemetry.StreamLag, telemetry.StreamVerdict, telemetry.StreamLoad,
		telemetry.StreamCPU, telemetry.StreamMemory, telemetry.StreamProcess, telemetry.StreamBeats, telemetry.StreamBeatState, telemetry.StreamQueue,
	}
}

func TestEachStreamHasExactlyOneTemplate(t *testing.T) {
	for _, stream := range exampleStreams() {
		var match []string
		for name, one := range templates(t, IndexTemplates) {
			for _, pattern := range one.Patterns {
				if ok, _ := path.Match(pattern, stream); ok {
					match = append(match, name)
				}
			}
		}
		if len(match) != 1 {
			t.Errorf("%s: templates %v, want one", stream, match)
		}
	}
}

func TestEachTelemetryFieldIsMapped(t *testing.T) {
	mapped := map[string]bool{}
	all := templates(t, ComponentTemplates)
	maps.Copy(all, templates(t, IndexTemplates))
	for _, one := range all {
		for field := range one.Template.Mappings.Properties {
			mapped[field] = true
		}
	}
	fields := telemetryFields(t)
	if len(fields) < 30 {
		t.Fatalf("only %d constants Field… found in package telemetry", len(fields))
	}
	for _, hop := range telemetry.Hops() {
		for i := range len(telemetry.LagBounds()) + 1 {
			fields[fmt.Sprintf("FieldLagBucket(%s, %d)", hop, i)] = telemetry.FieldLagBucket(hop, i)
		}
	}
	for constant, field := range fields {
		if !mapped[field] {
			t.Errorf("telemetry.%s: no template maps %s", constant, field)
		}
	}
}

// telemetryFields reads the constants Field… from the source of telemetry.
func telemetryFields(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../demo-app/telemetry/*.go")
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(spec.Names[0].Name, "Field") || len(spec.Values) != 1 {
				return true
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				fields[spec.Names[0].Name], _ = strconv.Unquote(lit.Value)
			}
			return true
		})
	}
	return fields
}

func TestRolesHoldNoMoreThanTheyNeed(t *testing.T) {
	type indices struct {
		Names, Privileges []string
	}
	type role struct {
		Metadata struct{ Purpose string }
		Cluster  []string
		Indices  []indices
	}
	add, read := []string{"create_doc", "auto_configure"}, []string{"read", "view_index_metadata"}
	ours := []string{"logs-icat.*", "logs-plumbline.lines-*", "metrics-icat.*", "metrics-system.*", "metrics-beats.*", "metrics-kubernetes.*", "metrics-plumbline.*", "metrics-loadgen.*"}
	want := map[string]role{
		"loadgen":         {Cluster: []string{}, Indices: []indices{{[]string{"metrics-loadgen.run-*"}, add}}},
		"shipper_logs":    {Cluster: []string{"monitor"}, Indices: []indices{{ours[:2], add}}},
		"shipper_metrics": {Cluster: []string{"monitor"}, Indices: []indices{{append(ours[2:6:6], "metrics-plumbline.prometheus-*"), add}}},
		"provisioner":     {Cluster: []string{"monitor", "manage_index_templates"}, Indices: []indices{{ours[6:7], add}, {ours, read}}},
		"reader":          {Cluster: []string{"monitor"}, Indices: []indices{{ours, read}}},
	}
	bodies, err := Roles()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]role{}
	for _, b := range bodies {
		var r role
		if err := json.Unmarshal(b.JSON, &r); err != nil {
			t.Fatalf("%s: %v", b.Name, err)
		}
		if r.Metadata.Purpose == "" {
			t.Errorf("%s: metadata.purpose does not say what it is for", b.Name)
		}
		r.Metadata.Purpose = ""
		got[b.Name] = r
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}

func TestVersionIsTheSameForMavenAndForTheRest(t *testing.T) {
	find := func(file, pattern string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(pattern).FindSubmatch(text)
		if m == nil {
			t.Fatalf("%s: nothing matches %s", file, pattern)
		}
		return string(m[1])
	}
	maven, env := find("pom.xml", `<elastic.version>(.*)</elastic.version>`), find("../.env", `(?m)^ELASTIC_VERSION=(.*)$`)
	if maven != env {
		t.Errorf("pom.xml says %s, .env says %s", maven, env)
	}
}

// TestBodiesFollowTheAPI holds the top level of each body against Elastic's
// OpenAPI document, where one lies beside the repository.
func TestBodiesFollowTheAPI(t *testing.T) {
	text, err := os.ReadFile("../../shared/specs/elasticsearch-openapi-819.json")
	if err != nil {
		t.Skip("no OpenAPI document of Elasticsearch beside the repository")
	}
	type schema struct {
		Ref        string `json:"$ref"`
		Properties map[string]json.RawMessage
	}
	var api struct {
		Components struct {
			RequestBodies map[string]struct {
				Content map[string]struct{ Schema schema }
			}
			Schemas map[string]schema
		}
	}
	if err := json.Unmarshal(text, &api); err != nil {
		t.Fatal(err)
	}
	for body, read := range map[string]func() ([]Body, error){
		"security.put_role":              Roles,
		"cluster.put_component_template": ComponentTemplates,
		"indices.put_index_template":     IndexTemplates,
	} {
		known := api.Components.RequestBodies[body].Content["application/json"].Schema
		if known.Ref != "" {
			known = api.Components.Schemas[path.Base(known.Ref)]
		}
		if len(known.Properties) == 0 {
			t.Fatalf("the document does not describe %s", body)
		}
		bodies, err := read()
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range bodies {
			var keys map[string]json.RawMessage
			if err := json.Unmarshal(b.JSON, &keys); err != nil {
				t.Fatal(err)
			}
			for key := range keys {
				if _, ok := known.Properties[key]; !ok {
					t.Errorf("%s: %s is not a member of %s", b.Name, key, body)
				}
			}
		}
	}
}
