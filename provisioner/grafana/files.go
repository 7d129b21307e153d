package grafana

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	board "plumbline/dashboards/grafana"
)

// Where a provisioning file finds what must not stand in it, and may differ from
// one place to the next. compose.yaml sets and mounts them.
const (
	EnvPrometheus     = "PROMETHEUS_URL"
	EnvElasticsearch  = "ELASTICSEARCH_URL"
	FileCA            = "/run/plumbline/trust/ca.crt"
	FileAuthorization = "/run/plumbline/authorization/elasticsearch.authorization" // ApiKey and the key, in base64
	directory         = "/etc/grafana/provisioning"                                // Grafana's own
)

// File is one for Grafana's provisioning directory.
type File struct {
	Path string // below that directory
	Text []byte
}

// Files are all that Grafana reads at its start to have what the API would be
// given: data sources, alert rules, dashboards and where they are.
func Files() ([]File, error) {
	sources := Sources("$__env{"+EnvPrometheus+"}", Elasticsearch{
		URL: "$__env{" + EnvElasticsearch + "}", Authorization: "$__file{" + FileAuthorization + "}", CA: "$__file{" + FileCA + "}",
	})
	var files []File
	for _, f := range []struct {
		path, about string
		content     any
	}{
		{"datasources/plumbline.yaml", "The data sources. No secret stands here: Grafana reads them from files when it starts.", sourceFile(sources)},
		{"alerting/plumbline.yaml", "The alert rules that Grafana evaluates, besides those that Prometheus does.", ruleFile(Groups(true))},
		{"dashboards/plumbline.yaml", "Where the dashboards are: beside this file.", providerFile()},
	} {
		text, err := marshal(f.about, f.content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.path, err)
		}
		files = append(files, File{f.path, text})
	}
	dashboards, err := board.Dashboards()
	if err != nil {
		return nil, err
	}
	for _, d := range dashboards {
		files = append(files, File{path.Join("dashboards", d.UID+".json"), d.Text})
	}
	return files, nil
}

func marshal(about string, content any) ([]byte, error) {
	text := bytes.NewBufferString("# " + about + "\n# Written by go test ./provisioner/grafana -update; Grafana reads it as it is.\n")
	encoder := yaml.NewEncoder(text)
	encoder.SetIndent(2)
	err := encoder.Encode(content)
	return text.Bytes(), err
}

type sourceEntry struct {
	UID       string            `yaml:"uid"`
	Name      string            `yaml:"name"`
	Type      string            `yaml:"type"`
	Access    string            `yaml:"access"`
	URL       string            `yaml:"url"`
	IsDefault bool              `yaml:"isDefault"`
	Editable  bool              `yaml:"editable"`
	Settings  any               `yaml:"jsonData"`
	Secrets   map[string]string `yaml:"secureJsonData,omitempty"`
}

func sourceFile(sources []Source) any {
	file := struct {
		APIVersion int           `yaml:"apiVersion"`
		Sources    []sourceEntry `yaml:"datasources"`
	}{APIVersion: 1}
	for _, s := range sources {
		file.Sources = append(file.Sources, sourceEntry{s.UID, s.Name, s.Type, access, s.URL, s.Default, false, literal(s.Settings), s.Secrets})
	}
	return file
}

// literal keeps Grafana from taking what is in a setting for a variable.
func literal(value any) any {
	switch v := value.(type) {
	case string:
		return strings.ReplaceAll(v, "$", "$$")
	case map[string]any:
		kept := map[string]any{}
		for name, inner := range v {
			kept[name] = literal(inner)
		}
		return kept
	case []any:
		var kept []any
		for _, inner := range v {
			kept = append(kept, literal(inner))
		}
		return kept
	}
	return value
}

func providerFile() any {
	return map[string]any{"apiVersion": 1, "providers": []map[string]any{{
		"name": "plumbline", "type": "file", "folder": DashboardFolder().Title, "folderUid": DashboardFolder().UID,
		"disableDeletion": false, "allowUiUpdates": false, "updateIntervalSeconds": 30,
		"options": map[string]any{"path": directory + "/dashboards"},
	}}}
}

type ruleEntry struct {
	UID          string            `yaml:"uid"`
	Title        string            `yaml:"title"`
	Condition    string            `yaml:"condition"`
	For          string            `yaml:"for"`
	NoDataState  string            `yaml:"noDataState"`
	ExecErrState string            `yaml:"execErrState"`
	Labels       map[string]string `yaml:"labels"`
	Annotations  map[string]string `yaml:"annotations"`
	Data         []questionEntry   `yaml:"data"`
}

type questionEntry struct {
	Ref   string         `yaml:"refId"`
	UID   string         `yaml:"datasourceUid"`
	Range map[string]int `yaml:"relativeTimeRange,flow"` // seconds
	Model map[string]any `yaml:"model"`
}

func ruleFile(groups []Group) any {
	type entry struct {
		OrgID    int         `yaml:"orgId"`
		Name     string      `yaml:"name"`
		Folder   string      `yaml:"folder"`
		Interval string      `yaml:"interval"`
		Rules    []ruleEntry `yaml:"rules"`
	}
	file := struct {
		APIVersion int     `yaml:"apiVersion"`
		Groups     []entry `yaml:"groups"`
	}{APIVersion: 1}
	for _, g := range groups {
		e := entry{OrgID: 1, Name: g.Name, Folder: RuleFolder().Title, Interval: short(g.Interval)}
		for _, r := range g.Rules {
			rule := ruleEntry{r.UID, r.Title, r.condition(), short(r.For), r.NoData, r.OnError, r.Labels, r.Annotations, nil}
			for _, q := range r.Questions {
				rule.Data = append(rule.Data, questionEntry{q.Ref, q.UID, map[string]int{"from": int(q.Last.Seconds()), "to": 0}, q.model()})
			}
			e.Rules = append(e.Rules, rule)
		}
		file.Groups = append(file.Groups, e)
	}
	return file
}

// short writes whole minutes as such.
func short(d time.Duration) string {
	if d > 0 && d%time.Minute == 0 {
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}
