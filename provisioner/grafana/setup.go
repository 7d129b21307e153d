package grafana

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	board "plumbline/dashboards/grafana"
	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/elastic"
)

// Source is a data source as Grafana stores it.
type Source struct {
	UID, Name, Type, URL string
	Default              bool
	Settings             map[string]any    // jsonData
	Secrets              map[string]string // secureJsonData: Grafana encrypts them and gives none back
}

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
	sources := []Source{prometheus(s.Prometheus)}
	if s.Elasticsearch.URL != "" {
		lines, err := accessLines(s.Elasticsearch)
		if err != nil {
			return nil, err
		}
		sources = append(sources, lines)
	}
	var dashboard map[string]any
	if err := json.Unmarshal(board.RED, &dashboard); err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	steps := []elastic.Step{{Name: "grafana", Run: func(ctx context.Context) (string, error) { return client.await(ctx, s.Within) }}}
	for _, source := range sources {
		steps = append(steps, elastic.Step{Name: source.Name, Run: func(ctx context.Context) (string, error) {
			there, err := client.PutSource(ctx, source)
			if err != nil {
				return "", err
			}
			said, err := client.Check(ctx, source.UID)
			if there {
				said = "renewed: " + said
			}
			return said, err
		}})
	}
	return append(steps, elastic.Step{Name: "dashboard", Run: func(ctx context.Context) (string, error) {
		path, err := client.PutDashboard(ctx, dashboard)
		return strings.TrimRight(s.URL, "/") + path, err
	}}), nil
}

// await waits until Grafana is up.
func (c *Client) await(ctx context.Context, patience time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		version, err := c.Version(ctx)
		if err == nil {
			return version, nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("waited %v: %w", patience, err)
		case <-tick.C:
		}
	}
}

// prometheus is the data source of the metrics. An exemplar's trace id leads to
// the access line that has it.
func prometheus(address string) Source {
	return Source{
		UID: board.Prometheus, Name: "Prometheus (Plumbline)", Type: "prometheus", URL: address, Default: true,
		Settings: map[string]any{
			"httpMethod": "POST", "timeInterval": "5s",
			"exemplarTraceIdDestinations": []map[string]any{{"name": telemetry.LabelExemplarTrace, "url": lineOfTrace(), "urlDisplayLabel": "its access line"}},
		},
	}
}

// lineOfTrace is the address in Grafana of the lines with a trace id; Grafana
// puts the id in.
func lineOfTrace() string {
	const id = "${__value.raw}"
	query := map[string]any{
		"refId": "A", "query": telemetry.FieldTraceID + `:"` + id + `"`, "timeField": telemetry.FieldTimestamp,
		"datasource": map[string]string{"type": "elasticsearch", "uid": board.Elasticsearch},
		"metrics":    []map[string]string{{"id": "1", "type": "logs"}},
	}
	panes, _ := json.Marshal(map[string]any{"lines": map[string]any{ // strings and maps of strings
		"datasource": board.Elasticsearch, "queries": []any{query}, "range": map[string]string{"from": "now-6h", "to": "now"},
	}})
	return "/explore?schemaVersion=1&orgId=1&panes=" + strings.ReplaceAll(url.QueryEscape(string(panes)), url.QueryEscape(id), id)
}

// accessLines is the data source of the access lines, with the reader's key.
func accessLines(c elastic.Config) (Source, error) {
	s := Source{
		UID: board.Elasticsearch, Name: "Access lines (Plumbline)", Type: "elasticsearch", URL: c.URL,
		Settings: map[string]any{
			"index": telemetry.StreamAccess, "timeField": telemetry.FieldTimestamp, "maxConcurrentShardRequests": 5,
			"logMessageField": telemetry.FieldMessage, "logLevelField": telemetry.FieldLogLevel,
		},
		Secrets: map[string]string{},
	}
	if c.KeyFile != "" {
		value, err := elastic.Authorization(c.KeyFile)
		if err != nil {
			return s, err
		}
		s.Settings["httpHeaderName1"], s.Secrets["httpHeaderValue1"] = "Authorization", value
	}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return s, fmt.Errorf("CA certificate: %w", err)
		}
		s.Settings["tlsAuthWithCACert"], s.Secrets["tlsCACert"] = true, string(pem)
	}
	return s, nil
}
