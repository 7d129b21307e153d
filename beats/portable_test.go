package beats

import (
	"fmt"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// refused are the options that one of the supported versions (7.17, 8.19, 9.x)
// does not know or does not allow. Beats ignore most unknown options without a
// word, so only such a list can tell.
var refused = []struct{ path, value, why string }{
	{`^filebeat\.inputs\.\d+\.type$`, `^(log|container)$`, "off from 9.0 on: use filestream"},
	{`^filebeat\.inputs\.\d+\.type$`, `^docker$`, "removed in 8.0: use filestream"},
	{`^filebeat\.inputs\.\d+\.(scan_frequency|tail_files|harvester_buffer_size|max_bytes|max_backoff|backoff_factor|symlinks)$`, ``, "of the log input: filestream ignores it"},
	{`^filebeat\.inputs\.\d+\.(close_\w+|json|multiline|recursive_glob)\b`, ``, "of the log input: filestream ignores it"},
	{`^filebeat\.inputs\.\d+\.parsers\.\d+\.ndjson\b`, ``, "7.17 and later differ in target: use decode_json_fields"},
	{`^filebeat\.(prospectors|registry_file|registry_flush)\b`, ``, "renamed in 7.0"},
	{`^queue\.spool\b`, ``, "removed in 8.0"},
	{`^logging\.(json|ecs)$`, ``, "removed in 8.0"},
	{`^xpack\.monitoring\b`, ``, "removed in 8.0: monitoring"},
	{`^setup\.dsl\b`, ``, "unknown to 7.17"},
	{`^output\.elasticsearch\.(ilm|template)\b`, ``, "moved to setup in 7.0"},
	{`^output\.elasticsearch\.(preset|queue|allow_older_versions|idle_connection_timeout|ssl\.ca_trusted_fingerprint)\b`, ``, "unknown to 7.17"},
	{`\bprocessors\.\d+\.((then|else)\.\d+\.)?(append|cache|decode_duration|lowercase|move_fields|syslog|uppercase)\b`, ``, "unknown to 7.17"},
}

// objections are the reasons why a configuration does not mean the same to
// every supported version.
func objections(config settings) []string {
	var found []string
	for _, path := range config.paths() {
		for _, option := range refused {
			if regexp.MustCompile(option.path).MatchString(path) && regexp.MustCompile(option.value).MatchString(config.text(path)) {
				found = append(found, fmt.Sprintf("%s: %s", path, option.why))
			}
		}
	}
	for i, input := range config.list("filebeat.inputs") {
		path := fmt.Sprintf("filebeat.inputs.%d", i)
		if input.text("type") != "filestream" {
			continue
		}
		if input.text("id") == "" {
			found = append(found, path+".id: missing: from 9.0 on the input does not start")
		}
		_, native := input["file_identity.native"]
		if native != (input.text("prospector.scanner.fingerprint.enabled") == "false") {
			found = append(found, path+".file_identity.native: goes with prospector.scanner.fingerprint.enabled: false, or files below 1024 bytes stay unread from 9.0 on")
		}
	}
	return found
}

func TestOptionsAreValidInEverySupportedVersion(t *testing.T) {
	files := []string{"filebeat.yml", "metricbeat.yml", "profiles/fast.yml", "profiles/balanced.yml", "filebeat-docker.yml"}
	for _, glob := range []string{"../k8s/base/beats/*.yml", "../k8s/components/*/filebeat-*.yml"} {
		merged, err := filepath.Glob(glob)
		if err != nil || len(merged) < 2 {
			t.Fatalf("%s: %v, %v", glob, merged, err)
		}
		files = append(files, merged...)
	}
	for _, file := range files {
		for _, objection := range objections(load(t, file)) {
			t.Errorf("%s: %s", file, objection)
		}
	}
}

func TestObjectionsAreRaised(t *testing.T) {
	for _, row := range []struct {
		proves, config string
		want           []string
	}{
		{"a filestream input with both switches is accepted",
			"filebeat.inputs: [{type: filestream, id: a, file_identity.native: ~, prospector.scanner.fingerprint.enabled: false}]", nil},
		{"the log input is refused", "filebeat.inputs: [{type: log}]",
			[]string{"filebeat.inputs.0.type: off from 9.0 on: use filestream"}},
		{"the container input is refused wherever it stands", "filebeat:\n  inputs:\n    - {type: stdin}\n    - {type: container}",
			[]string{"filebeat.inputs.1.type: off from 9.0 on: use filestream"}},
		{"the docker input is refused", "filebeat.inputs: [{type: docker}]",
			[]string{"filebeat.inputs.0.type: removed in 8.0: use filestream"}},
		{"options of the log input are refused", "filebeat.inputs: [{type: stdin, scan_frequency: 1s, close_inactive: 1m, json.keys_under_root: true}]",
			[]string{
				"filebeat.inputs.0.close_inactive: of the log input: filestream ignores it",
				"filebeat.inputs.0.json.keys_under_root: of the log input: filestream ignores it",
				"filebeat.inputs.0.scan_frequency: of the log input: filestream ignores it",
			}},
		{"the ndjson parser is refused", "filebeat.inputs: [{type: stdin, parsers: [{ndjson: {target: ''}}]}]",
			[]string{"filebeat.inputs.0.parsers.0.ndjson.target: 7.17 and later differ in target: use decode_json_fields"}},
		{"a filestream input without id is refused", "filebeat.inputs: [{type: filestream}]",
			[]string{"filebeat.inputs.0.id: missing: from 9.0 on the input does not start"}},
		{"half a file identity is refused", "filebeat.inputs: [{type: filestream, id: a, file_identity.native: ~}]",
			[]string{"filebeat.inputs.0.file_identity.native: goes with prospector.scanner.fingerprint.enabled: false, or files below 1024 bytes stay unread from 9.0 on"}},
		{"the spool queue is refused, nested as well", "queue: {spool: {file: {size: 1}}}",
			[]string{"queue.spool.file.size: removed in 8.0"}},
		{"the 7.17 switch for JSON logs is refused", "logging.json: true", []string{"logging.json: removed in 8.0"}},
		{"the old name of monitoring is refused", "xpack.monitoring.enabled: true",
			[]string{"xpack.monitoring.enabled: removed in 8.0: monitoring"}},
		{"a preset is refused", "output.elasticsearch.preset: latency", []string{"output.elasticsearch.preset: unknown to 7.17"}},
		{"a queue inside the output is refused", "output.elasticsearch: {queue.mem.events: 1}",
			[]string{"output.elasticsearch.queue.mem.events: unknown to 7.17"}},
		{"a newer processor is refused", "processors: [{if: {a: b}, then: [{move_fields: {from: a}}]}]",
			[]string{"processors.0.then.0.move_fields.from: unknown to 7.17"}},
		{"a newer processor of a module is refused", "metricbeat.modules: [{processors: [{append: {target_field: a}}]}]",
			[]string{"metricbeat.modules.0.processors.0.append.target_field: unknown to 7.17"}},
		{"data stream lifecycle set up by a Beat is refused", "setup.dsl.enabled: false", []string{"setup.dsl.enabled: unknown to 7.17"}},
		{"template settings in the output are refused", "output.elasticsearch.template.name: a",
			[]string{"output.elasticsearch.template.name: moved to setup in 7.0"}},
		{"prospectors are refused", "filebeat.prospectors: [{type: stdin}]", []string{"filebeat.prospectors.0.type: renamed in 7.0"}},
	} {
		t.Run(row.proves, func(t *testing.T) {
			if diff := cmp.Diff(row.want, objections(parse(t, row.config))); diff != "" {
				t.Errorf("objections (-want +got):\n%s", diff)
			}
		})
	}
}
