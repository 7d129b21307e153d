package grafana

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	board "plumbline/dashboards/grafana"
	"plumbline/provisioner/elastic"
)

// Setup is what is put into Grafana.
type Setup struct {
	Config
	Prometheus    string         // its URL, as Grafana reaches it
	Elasticsearch elastic.Config // likewise, with the reader's key; URL "" for none
	Within        time.Duration  // to wait for Grafana
}

// poll is how often Grafana is asked whether it is up.
const poll = 500 * time.Millisecond

// Steps returns, in order, what is done. All of it can be done again.
func (s Setup) Steps() ([]elastic.Step, error) {
	client, err := New(s.Config)
	if err != nil {
		return nil, err
	}
	lines, err := reach(s.Elasticsearch)
	if err != nil {
		return nil, err
	}
	dashboards, err := board.Dashboards()
	if err != nil {
		return nil, err
	}
	steps := []elastic.Step{{Name: "grafana", Run: func(ctx context.Context) (string, error) { return client.await(ctx, s.Within) }}}
	for _, source := range Sources(s.Prometheus, lines) {
		steps = append(steps, elastic.Step{Name: source.Name, Run: func(ctx context.Context) (string, error) { return client.EnsureSource(ctx, source) }})
	}
	for _, group := range Groups(lines.URL != "") {
		steps = append(steps, elastic.Step{Name: "alert rules: " + group.Name, Run: func(ctx context.Context) (string, error) { return client.ensureGroup(ctx, group) }})
	}
	return append(steps,
		elastic.Step{Name: "folder", Run: func(ctx context.Context) (string, error) { return client.EnsureFolder(ctx, DashboardFolder()) }},
		elastic.Step{Name: "dashboards", Run: func(ctx context.Context) (string, error) {
			return client.ensureAll(ctx, dashboards, strings.TrimRight(s.URL, "/"))
		}},
	), nil
}

// reach reads what Grafana is told of Elasticsearch.
func reach(c elastic.Config) (Elasticsearch, error) {
	e := Elasticsearch{URL: c.URL}
	if c.KeyFile != "" {
		value, err := elastic.Authorization(c.KeyFile)
		if err != nil {
			return e, err
		}
		e.Authorization = value
	}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return e, fmt.Errorf("CA certificate: %w", err)
		}
		e.CA = string(pem)
	}
	return e, nil
}

// ensureGroup leaves rules alone that a file has put there.
func (c *Client) ensureGroup(ctx context.Context, g Group) (string, error) {
	there, err := c.FromFile(ctx, g)
	if err != nil {
		return "", err
	}
	if there > 0 {
		return fmt.Sprintf("from a file: %d rules", there), nil
	}
	if _, err := c.EnsureFolder(ctx, RuleFolder()); err != nil {
		return "", err
	}
	return c.EnsureRules(ctx, g)
}

// ensureAll puts all dashboards, and says where the first one is.
func (c *Client) ensureAll(ctx context.Context, dashboards []board.Dashboard, address string) (string, error) {
	var done, uids []string
	first := ""
	for _, d := range dashboards {
		what, path, err := c.EnsureDashboard(ctx, d.Text)
		if err != nil {
			return "", err
		}
		if done, uids = append(done, what), append(uids, d.UID); first == "" {
			first = path
		}
	}
	note := summary(done) + ": " + address + first
	strays, err := c.Strays(ctx, uids)
	if len(strays) > 0 {
		note += "; in the same folder, and none of ours: " + strings.Join(strays, ", ")
	}
	return note, err
}
