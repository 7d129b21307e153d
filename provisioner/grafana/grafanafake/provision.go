package grafanafake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/grafana/grafana-openapi-client-go/models"
	"gopkg.in/yaml.v3"
)

// Provisioning is where Grafana's image looks for files at its start.
const Provisioning = "/etc/grafana/provisioning"

// Provision reads what Grafana reads at its start, below root: data sources,
// alert rules, dashboards. A member that Grafana does not know is an error here,
// while Grafana passes over it; so is a variable that is not set, which is empty
// there. Paths in the files are below root, too.
func (g *Grafana) Provision(root string, lookup func(name string) (string, bool)) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := provision{Grafana: g, root: root, expand: expander{root, lookup, new([]error)}}
	return errors.Join(p.each("datasources", p.dataSources), p.each("alerting", p.alerting), p.each("dashboards", p.providers))
}

type provision struct {
	*Grafana
	root   string
	expand expander
}

// each reads the YAML files of one of the directories, which has to be there.
func (p provision) each(dir string, read func(text []byte) error) error {
	path := filepath.Join(p.root, Provisioning, dir)
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("provisioning: %w", err)
	}
	for _, e := range entries {
		if kind := filepath.Ext(e.Name()); kind != ".yaml" && kind != ".yml" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(path, e.Name()))
		if err == nil {
			err = read(text)
		}
		if err != nil {
			return fmt.Errorf("provisioning: %s/%s: %w", dir, e.Name(), err)
		}
	}
	return nil
}

// decode reads a file of version 1, every member of which has to be known.
func decode(text []byte, into any) error {
	var version struct {
		APIVersion int `yaml:"apiVersion"`
	}
	if err := yaml.Unmarshal(text, &version); err != nil {
		return err
	}
	if version.APIVersion != 1 {
		return fmt.Errorf("apiVersion %d, want 1", version.APIVersion)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	return decoder.Decode(into)
}

func (p provision) dataSources(text []byte) error {
	var file struct {
		APIVersion  int `yaml:"apiVersion"`
		Prune       bool
		Datasources []struct {
			OrgID          int64 `yaml:"orgId"`
			UID            string
			Name           string
			Type           string
			Access         string
			URL            string
			IsDefault      bool              `yaml:"isDefault"`
			JSONData       map[string]any    `yaml:"jsonData"`
			SecureJSONData map[string]string `yaml:"secureJsonData"`
			Editable       bool
		}
	}
	if err := decode(text, &file); err != nil {
		return err
	}
	for _, d := range file.Datasources {
		s := Source{
			UID: p.expand.text(d.UID), Name: p.expand.text(d.Name), Type: p.expand.text(d.Type), Access: p.expand.text(d.Access), URL: p.expand.text(d.URL),
			IsDefault: d.IsDefault, ReadOnly: !d.Editable, SecureJSONData: map[string]string{},
		}
		s.JSONData, _ = p.expand.all(d.JSONData).(map[string]any)
		for name, value := range d.SecureJSONData {
			s.SecureJSONData[name] = p.expand.text(value)
		}
		if err := p.expand.err(); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
		if fault := s.fault(); fault != "" {
			return fmt.Errorf("%s: %s", d.Name, fault)
		}
		s.ID, s.OrgID, s.Version = p.next(), 1, 1
		p.sources[s.UID] = &s
	}
	return nil
}

func (p provision) providers(text []byte) error {
	var file struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name                  string
			OrgID                 int64 `yaml:"orgId"`
			Type                  string
			Folder                string
			FolderUID             string `yaml:"folderUid"`
			DisableDeletion       bool   `yaml:"disableDeletion"`
			AllowUIUpdates        bool   `yaml:"allowUiUpdates"`
			UpdateIntervalSeconds int    `yaml:"updateIntervalSeconds"`
			Options               struct {
				Path                      string
				FoldersFromFilesStructure bool `yaml:"foldersFromFilesStructure"`
			}
		}
	}
	if err := decode(text, &file); err != nil {
		return err
	}
	for _, provider := range file.Providers {
		if provider.Type != "file" || provider.Name == "" {
			return fmt.Errorf("provider %q of type %q, want a name and type file", provider.Name, provider.Type)
		}
		folder := p.titled(provider.FolderUID, provider.Folder)
		paths, err := filepath.Glob(filepath.Join(p.root, provider.Options.Path, "*.json"))
		if err != nil || len(paths) == 0 {
			return fmt.Errorf("provider %s: no dashboard in %s (%v)", provider.Name, provider.Options.Path, err)
		}
		for _, path := range paths {
			model := map[string]any{}
			text, err := os.ReadFile(path)
			if err == nil {
				err = json.Unmarshal(text, &model)
			}
			if err != nil {
				return err
			}
			if fault := p.fault(model); fault != "" {
				return fmt.Errorf("%s: %s", filepath.Base(path), fault)
			}
			from := filepath.Base(path)
			if provider.AllowUIUpdates {
				from = ""
			}
			p.store(model, folder.UID, from)
		}
	}
	return nil
}

// titled is the folder with a uid or, without one, with a title.
func (p provision) titled(uid, title string) *Folder {
	for _, key := range slices.Sorted(maps.Keys(p.folders)) {
		if f := p.folders[key]; uid != "" && f.UID == uid || uid == "" && f.Title == title {
			return f
		}
	}
	return p.folder(uid, title)
}

func (p provision) alerting(text []byte) error {
	var file struct {
		APIVersion int `yaml:"apiVersion"`
		Groups     []struct {
			OrgID    int64 `yaml:"orgId"`
			Name     string
			Folder   string
			Interval string
			Rules    []fileRule
		}
	}
	if err := decode(text, &file); err != nil {
		return err
	}
	for _, group := range file.Groups {
		interval, err := time.ParseDuration(group.Interval)
		if err != nil || group.Folder == "" || group.Name == "" {
			return fmt.Errorf("group %q in folder %q: %v", group.Name, group.Folder, err)
		}
		folder := p.titled("", group.Folder)
		for _, r := range group.Rules {
			rule, err := r.rule(folder.UID, group.Name, p.expand)
			if err == nil && p.expand.err() != nil {
				err = p.expand.err()
			}
			if err != nil {
				return fmt.Errorf("rule %s: %w", r.Title, err)
			}
			if fault := p.ruleFault(rule); fault != "" {
				return fmt.Errorf("rule %s: %s", r.Title, fault)
			}
			p.keep(rule, "file")
		}
		p.groups[groupKey{folder.UID, group.Name}].Interval = int64(interval.Seconds())
	}
	return nil
}

type fileRule struct {
	UID, Title, Condition string
	Data                  []struct {
		RefID             string                   `yaml:"refId"`
		DatasourceUID     string                   `yaml:"datasourceUid"`
		RelativeTimeRange struct{ From, To int64 } `yaml:"relativeTimeRange"`
		Model             map[string]any
	}
	NoDataState  string `yaml:"noDataState"`
	ExecErrState string `yaml:"execErrState"`
	For          string
	Annotations  map[string]string
	Labels       map[string]string
	IsPaused     bool `yaml:"isPaused"`
}

func (r fileRule) rule(folder, group string, expand expander) (*models.ProvisionedAlertRule, error) {
	wait, err := time.ParseDuration(r.For)
	if err != nil {
		return nil, err
	}
	org, duration := int64(1), strfmt.Duration(wait)
	rule := &models.ProvisionedAlertRule{
		UID: r.UID, Title: &r.Title, Condition: &r.Condition, FolderUID: &folder, RuleGroup: &group, OrgID: &org, For: &duration,
		NoDataState: &r.NoDataState, ExecErrState: &r.ExecErrState, IsPaused: r.IsPaused,
		Annotations: map[string]string{}, Labels: map[string]string{},
	}
	for name, value := range r.Annotations {
		rule.Annotations[name] = expand.text(value)
	}
	for name, value := range r.Labels {
		rule.Labels[name] = expand.text(value)
	}
	for _, q := range r.Data {
		// Grafana leaves a model as it is: nothing in it is expanded. JSON, since
		// that is what the API compares with.
		text, err := json.Marshal(q.Model)
		if err != nil {
			return nil, err
		}
		var model map[string]any
		if err := json.Unmarshal(text, &model); err != nil {
			return nil, err
		}
		query := &models.AlertQuery{RefID: q.RefID, DatasourceUID: q.DatasourceUID, Model: model}
		query.RelativeTimeRange = &models.RelativeTimeRange{From: models.Duration(q.RelativeTimeRange.From), To: models.Duration(q.RelativeTimeRange.To)}
		rule.Data = append(rule.Data, query)
	}
	return rule, nil
}
