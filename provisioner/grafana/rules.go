package grafana

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/grafana/grafana-openapi-client-go/client/provisioning"
	"github.com/grafana/grafana-openapi-client-go/models"

	"plumbline/cli"
)

// Group is a set of alert rules that Grafana evaluates together.
type Group struct {
	Name     string
	Interval time.Duration
	Rules    []Rule
}

// Rule is an alert rule. Nothing in it holds a dollar sign but a model, since a
// provisioning file would take the rest for a variable.
type Rule struct {
	UID, Title          string
	For                 time.Duration
	NoData, OnError     string // state then: OK, NoData, Alerting; OK, Error, Alerting
	Labels, Annotations map[string]string
	Questions           []Question // the last one is the condition
}

// Question is a query to a data source, or an expression on other questions.
type Question struct {
	Ref   string
	UID   string        // of the data source; expression for none
	Last  time.Duration // how far back it looks
	Model map[string]any
}

// expression is the data source of what Grafana works out itself.
const expression = "__expr__"

// EnsureRules makes a group as it should be, and returns what was done. Rules of
// the group that are not named are removed.
func (c *Client) EnsureRules(ctx context.Context, g Group) (string, error) {
	what := "alert rules " + g.Name
	want := g.asked()
	found, err := c.rules.GetAlertRuleGroupWithParams(provisioning.NewGetAlertRuleGroupParamsWithContext(ctx).WithFolderUID(RuleFolder().UID).WithGroup(g.Name))
	if err != nil && !missing(err) {
		return "", c.refused(what, err)
	}
	if err == nil && equal(want, found.Payload) {
		return fmt.Sprintf("unchanged: %d rules", len(want.Rules)), nil
	}
	_, putErr := c.rules.PutAlertRuleGroup(provisioning.NewPutAlertRuleGroupParamsWithContext(ctx).WithFolderUID(RuleFolder().UID).WithGroup(g.Name).WithBody(want))
	if putErr != nil {
		return "", c.refused(what, putErr)
	}
	if err != nil {
		return fmt.Sprintf("added: %d rules", len(want.Rules)), nil
	}
	return fmt.Sprintf("mended: %d rules", len(want.Rules)), nil
}

// FromFile tells how many rules of a group a file put there. Their folder is one
// that Grafana made for the file.
func (c *Client) FromFile(ctx context.Context, g Group) (there int, err error) {
	for _, want := range g.asked().Rules {
		found, err := c.rules.GetAlertRuleWithParams(provisioning.NewGetAlertRuleParamsWithContext(ctx).WithUID(want.UID))
		switch {
		case missing(err):
			continue
		case err != nil:
			return there, c.refused("alert rule "+want.UID, err)
		case found.Payload.Provenance != "file":
			continue
		}
		if there++; !equalRule(want, found.Payload) {
			return there, c.oldFile(fmt.Errorf("grafana at %s: alert rule %s comes from a file there, which differs", c.host, want.UID))
		}
	}
	if there > 0 && there < len(g.Rules) {
		return there, c.oldFile(fmt.Errorf("grafana at %s: of the %d alert rules %s a file there has %d", c.host, len(g.Rules), g.Name, there))
	}
	return there, nil
}

func (c *Client) oldFile(err error) error {
	return &cli.Failure{Code: cli.Undone, Err: err, Next: "renew the files in Grafana's provisioning directory, and restart Grafana"}
}

// asked is the group as the API takes it.
func (g Group) asked() *models.AlertRuleGroup {
	group := &models.AlertRuleGroup{Title: g.Name, FolderUID: RuleFolder().UID, Interval: int64(g.Interval.Seconds())}
	for _, r := range g.Rules {
		folder, org, wait, condition := RuleFolder().UID, int64(1), strfmt.Duration(r.For), r.condition()
		rule := &models.ProvisionedAlertRule{
			UID: r.UID, Title: &r.Title, FolderUID: &folder, RuleGroup: &g.Name, OrgID: &org, For: &wait, Condition: &condition,
			NoDataState: &r.NoData, ExecErrState: &r.OnError, Labels: r.Labels, Annotations: r.Annotations,
		}
		for _, q := range r.Questions {
			rule.Data = append(rule.Data, &models.AlertQuery{
				RefID: q.Ref, DatasourceUID: q.UID, Model: q.model(),
				RelativeTimeRange: &models.RelativeTimeRange{From: models.Duration(q.Last.Seconds())}, // seconds, whatever its type says
			})
		}
		group.Rules = append(group.Rules, rule)
	}
	return group
}

func (r Rule) condition() string { return r.Questions[len(r.Questions)-1].Ref }

// model has, besides what is asked, what Grafana would add.
func (q Question) model() map[string]any {
	model := map[string]any{"refId": q.Ref, "intervalMs": 1000.0, "maxDataPoints": 43200.0}
	for name, value := range q.Model {
		model[name] = value
	}
	return model
}

func equal(want, got *models.AlertRuleGroup) bool {
	if want.Interval != got.Interval || len(want.Rules) != len(got.Rules) {
		return false
	}
	there := map[string]*models.ProvisionedAlertRule{}
	for _, r := range got.Rules {
		there[r.UID] = r
	}
	for _, r := range want.Rules {
		if there[r.UID] == nil || !equalRule(r, there[r.UID]) {
			return false
		}
	}
	return true
}

// equalRule compares what is asked for. Where a rule is and who put it there is
// Grafana's.
func equalRule(want, got *models.ProvisionedAlertRule) bool {
	compared := func(r *models.ProvisionedAlertRule) any {
		return plain(map[string]any{
			"title": r.Title, "condition": r.Condition, "data": r.Data, "for": r.For, "noData": r.NoDataState, "error": r.ExecErrState,
			"labels": r.Labels, "annotations": r.Annotations, "paused": r.IsPaused,
		})
	}
	return reflect.DeepEqual(compared(want), compared(got))
}
