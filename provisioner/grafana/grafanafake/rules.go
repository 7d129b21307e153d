package grafanafake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-openapi/strfmt"
	"github.com/grafana/grafana-openapi-client-go/models"
)

type groupKey struct{ folder, title string }

// RuleGroup is a group of alert rules.
type RuleGroup struct {
	Interval int64 // seconds
	Rules    []*models.ProvisionedAlertRule
}

// Rules are the alert rules that are there, by uid.
func (g *Grafana) Rules() map[string]models.ProvisionedAlertRule {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := map[string]models.ProvisionedAlertRule{}
	for _, group := range g.groups {
		for _, rule := range group.Rules {
			all[rule.UID] = *rule
		}
	}
	return all
}

// EditRule changes an alert rule as somebody does in the browser.
func (g *Grafana) EditRule(uid string, change func(*models.ProvisionedAlertRule)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, rule := g.find(uid)
	change(rule)
}

func (g *Grafana) find(uid string) (groupKey, *models.ProvisionedAlertRule) {
	for key, group := range g.groups {
		for _, rule := range group.Rules {
			if rule.UID == uid {
				return key, rule
			}
		}
	}
	return groupKey{}, nil
}

// baseInterval is what the interval of a group is a multiple of, in seconds.
const baseInterval = 10

// ruleFault is why a rule cannot be kept.
func (g *Grafana) ruleFault(rule *models.ProvisionedAlertRule) string {
	if err := rule.Validate(strfmt.Default); err != nil {
		return strings.Join(strings.Fields(err.Error()), " ")
	}
	refs := map[string]bool{}
	for _, q := range rule.Data {
		model, _ := q.Model.(map[string]any)
		switch {
		case q.RefID == "" || refs[q.RefID]:
			return fmt.Sprintf("invalid alert rule: refID %q is empty or used twice", q.RefID)
		case model == nil || model["refId"] != q.RefID:
			return fmt.Sprintf("invalid alert rule: model of %s is not its own", q.RefID)
		case q.DatasourceUID != "__expr__" && g.sources[q.DatasourceUID] == nil:
			return fmt.Sprintf("invalid alert rule: %s asks data source %q, which is not there", q.RefID, q.DatasourceUID)
		case q.DatasourceUID != "__expr__" && (q.RelativeTimeRange == nil || q.RelativeTimeRange.From <= q.RelativeTimeRange.To):
			return fmt.Sprintf("invalid alert rule: %s has no time range", q.RefID)
		}
		refs[q.RefID] = true
		defaults(model)
	}
	if !refs[*rule.Condition] {
		return fmt.Sprintf("invalid alert rule: condition %s does not exist", *rule.Condition)
	}
	if g.folders[*rule.FolderUID] == nil {
		return "folder does not exist"
	}
	for _, group := range g.groups {
		for _, other := range group.Rules {
			if other.UID != rule.UID && *other.Title == *rule.Title && *other.FolderUID == *rule.FolderUID {
				return "a conflicting alert rule is found: rule title under the same organisation and folder should be unique"
			}
		}
	}
	return ""
}

// defaults are what Grafana puts into a query that lacks them.
func defaults(model map[string]any) {
	for name, value := range map[string]float64{"intervalMs": 1000, "maxDataPoints": 43200} {
		if _, there := model[name]; !there {
			model[name] = value
		}
	}
}

func (g *Grafana) getRules(w http.ResponseWriter, _ *http.Request) {
	all := []*models.ProvisionedAlertRule{}
	for _, group := range g.groups {
		all = append(all, group.Rules...)
	}
	slices.SortFunc(all, func(a, b *models.ProvisionedAlertRule) int { return strings.Compare(a.UID, b.UID) })
	answer(w, http.StatusOK, all)
}

func (g *Grafana) getRule(w http.ResponseWriter, r *http.Request) {
	_, rule := g.find(r.PathValue("uid"))
	if rule == nil {
		w.WriteHeader(http.StatusNotFound) // Grafana says no more
		return
	}
	answer(w, http.StatusOK, rule)
}

func (g *Grafana) addRule(w http.ResponseWriter, r *http.Request) {
	var rule models.ProvisionedAlertRule
	if !g.read(w, r, &rule) {
		return
	}
	if _, old := g.find(rule.UID); old != nil {
		g.refuse(w, r, http.StatusConflict, "a conflicting alert rule is found: rule UID under the same organisation should be unique")
		return
	}
	if fault := g.ruleFault(&rule); fault != "" {
		g.refuse(w, r, http.StatusBadRequest, fault)
		return
	}
	g.keep(&rule, provenance(r))
	answer(w, http.StatusCreated, rule)
}

func (g *Grafana) putRule(w http.ResponseWriter, r *http.Request) {
	var rule models.ProvisionedAlertRule
	if !g.read(w, r, &rule) {
		return
	}
	key, old := g.find(r.PathValue("uid"))
	if old == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	rule.UID = old.UID
	if fault := g.ruleFault(&rule); fault != "" {
		g.refuse(w, r, http.StatusBadRequest, fault)
		return
	}
	if fault := changed(old, provenance(r)); fault != "" {
		g.refuse(w, r, http.StatusConflict, fault)
		return
	}
	group := g.groups[key]
	group.Rules = slices.DeleteFunc(group.Rules, func(other *models.ProvisionedAlertRule) bool { return other == old })
	g.keep(&rule, provenance(r))
	answer(w, http.StatusOK, rule)
}

// provenance is who a rule comes from: what the API writes cannot be edited in the
// browser unless the request says otherwise.
func provenance(r *http.Request) models.Provenance {
	if r.Header.Get("X-Disable-Provenance") != "" {
		return ""
	}
	return "api"
}

func changed(old *models.ProvisionedAlertRule, now models.Provenance) string {
	if old.Provenance == now || old.Provenance == "" {
		return ""
	}
	return fmt.Sprintf("cannot change provenance from '%s' to '%s'", old.Provenance, now)
}

// keep stores a rule in its group, which is made if it is not there.
func (g *Grafana) keep(rule *models.ProvisionedAlertRule, from models.Provenance) {
	key := groupKey{*rule.FolderUID, *rule.RuleGroup}
	if g.groups[key] == nil {
		g.groups[key] = &RuleGroup{Interval: 60}
	}
	rule.ID, rule.Provenance = g.next(), from
	g.groups[key].Rules = append(g.groups[key].Rules, rule)
}

func (g *Grafana) getGroup(w http.ResponseWriter, r *http.Request) {
	group, there := g.groups[groupKey{r.PathValue("folder"), r.PathValue("group")}]
	if !there {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	answer(w, http.StatusOK, object{"title": r.PathValue("group"), "folderUid": r.PathValue("folder"), "interval": group.Interval, "rules": group.Rules})
}

// putGroup replaces a group: a rule that the request does not name is removed.
func (g *Grafana) putGroup(w http.ResponseWriter, r *http.Request) {
	var body models.AlertRuleGroup
	if !g.read(w, r, &body) {
		return
	}
	key := groupKey{r.PathValue("folder"), r.PathValue("group")}
	if body.Interval <= 0 || body.Interval%baseInterval != 0 {
		g.refuse(w, r, http.StatusBadRequest, fmt.Sprintf("interval %d is no multiple of %d seconds", body.Interval, baseInterval))
		return
	}
	old := g.groups[key]
	if old != nil {
		for _, rule := range old.Rules {
			if fault := changed(rule, provenance(r)); fault != "" {
				g.refuse(w, r, http.StatusConflict, fault)
				return
			}
		}
	}
	g.groups[key] = &RuleGroup{Interval: body.Interval}
	for _, rule := range body.Rules {
		fault := g.ruleFault(rule)
		if fault == "" && (*rule.FolderUID != key.folder || *rule.RuleGroup != key.title) {
			fault = "invalid alert rule: not of this group"
		}
		if fault != "" {
			if delete(g.groups, key); old != nil {
				g.groups[key] = old
			}
			g.refuse(w, r, http.StatusBadRequest, fault)
			return
		}
		g.keep(rule, provenance(r))
	}
	answer(w, http.StatusOK, object{"title": key.title, "folderUid": key.folder, "interval": body.Interval, "rules": g.groups[key].Rules})
}
