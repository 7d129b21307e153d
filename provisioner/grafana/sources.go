package grafana

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/grafana/grafana-openapi-client-go/client/datasources"
	"github.com/grafana/grafana-openapi-client-go/models"

	board "plumbline/dashboards/grafana"
	"plumbline/demo-app/telemetry"
)

// Source is a data source as Grafana stores it.
type Source struct {
	UID, Name, Type, URL string
	Default              bool
	Settings             map[string]any    // jsonData
	Secrets              map[string]string // secureJsonData: Grafana encrypts them and gives none back
}

// Elasticsearch is how Grafana reaches it.
type Elasticsearch struct {
	URL           string // "" for none
	Authorization string // value of that header; "" for none
	CA            string // PEM; "" = the system's authorities
}

// Sources are the data sources that dashboards and rules ask.
func Sources(prometheus string, e Elasticsearch) []Source {
	all := []Source{metrics(prometheus)}
	if e.URL != "" {
		for _, stream := range board.Streams() {
			all = append(all, documents(stream, e))
		}
	}
	return all
}

// metrics is Prometheus. An exemplar's trace id leads to the access line that has it.
func metrics(address string) Source {
	return Source{
		UID: board.Prometheus, Name: "Plumbline: Prometheus", Type: "prometheus", URL: address, Default: true,
		Settings: map[string]any{
			"httpMethod": "POST", "timeInterval": "5s",
			"exemplarTraceIdDestinations": []any{map[string]any{"name": telemetry.LabelExemplarTrace, "url": board.TraceLink("${__value.raw}"), "urlDisplayLabel": "its access line"}},
		},
	}
}

// documents are a data stream, or several: Grafana asks one index per data source.
func documents(stream string, e Elasticsearch) Source {
	s := Source{
		UID: board.Stream(stream), Name: "Plumbline: " + stream, Type: "elasticsearch", URL: e.URL,
		Settings: map[string]any{"index": stream, "timeField": telemetry.FieldTimestamp, "maxConcurrentShardRequests": 5.0},
		Secrets:  map[string]string{},
	}
	if strings.HasPrefix(stream, "logs-") {
		s.Settings["logMessageField"], s.Settings["logLevelField"] = telemetry.FieldMessage, telemetry.FieldLogLevel
	}
	if e.Authorization != "" {
		s.Settings["httpHeaderName1"], s.Secrets["httpHeaderValue1"] = "Authorization", e.Authorization
	}
	if e.CA != "" {
		s.Settings["tlsAuthWithCACert"], s.Secrets["tlsCACert"] = true, e.CA
	}
	return s
}

// EnsureSource makes a data source as it should be and has Grafana ask it. It
// returns what was done and what Grafana says.
func (c *Client) EnsureSource(ctx context.Context, s Source) (string, error) {
	found, err := c.sources.GetDataSourceByUIDWithParams(datasources.NewGetDataSourceByUIDParamsWithContext(ctx).WithUID(s.UID))
	if missing(err) {
		if err := c.addSource(ctx, s); err != nil {
			return "", err
		}
		said, err := c.check(ctx, s.UID)
		return "added: " + said, err
	}
	if err != nil {
		return "", c.refused("data source "+s.UID, err)
	}
	differs := s.differs(found.Payload)
	if found.Payload.ReadOnly {
		if len(differs) > 0 {
			return "", c.oldFile(fmt.Errorf("grafana at %s: data source %s comes from a file there, which differs in %s", c.host, s.UID, strings.Join(differs, ", ")))
		}
		said, err := c.check(ctx, s.UID)
		return "from a file: " + said, err
	}
	if len(differs) == 0 {
		if said, err := c.check(ctx, s.UID); err == nil {
			return "unchanged: " + said, nil
		}
		differs = []string{"its answer"} // a secret, which nobody can compare
	}
	_, err = c.sources.UpdateDataSourceByUIDWithParams(datasources.NewUpdateDataSourceByUIDParamsWithContext(ctx).WithUID(s.UID).WithBody(&models.UpdateDataSourceCommand{
		UID: s.UID, Name: s.Name, Type: s.Type, Access: access, URL: s.URL, IsDefault: s.Default,
		JSONData: s.Settings, SecureJSONData: s.Secrets, Version: found.Payload.Version,
	}))
	if err != nil {
		return "", c.refused("data source "+s.UID, err)
	}
	said, err := c.check(ctx, s.UID)
	return fmt.Sprintf("mended (%s): %s", strings.Join(differs, ", "), said), err
}

// access is through Grafana's server, which holds the secrets.
const access = "proxy"

func (c *Client) addSource(ctx context.Context, s Source) error {
	_, err := c.sources.AddDataSourceWithParams(datasources.NewAddDataSourceParamsWithContext(ctx).WithBody(&models.AddDataSourceCommand{
		UID: s.UID, Name: s.Name, Type: s.Type, Access: access, URL: s.URL, IsDefault: s.Default,
		JSONData: s.Settings, SecureJSONData: s.Secrets,
	}))
	return c.refused("data source "+s.UID, err)
}

// differs names what is not as it should be. Of secrets it can only be told
// whether they are there.
func (s Source) differs(there *models.DataSource) []string {
	var names []string
	for name, pair := range map[string][2]any{
		"name": {s.Name, there.Name}, "type": {s.Type, there.Type}, "access": {access, string(there.Access)},
		"url": {s.URL, there.URL}, "isDefault": {s.Default, there.IsDefault}, "jsonData": {any(s.Settings), there.JSONData},
	} {
		if !reflect.DeepEqual(plain(pair[0]), plain(pair[1])) {
			names = append(names, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Secrets)) {
		if !there.SecureJSONFields[name] {
			names = append(names, "secureJsonData."+name)
		}
	}
	slices.Sort(names)
	return names
}

// plain is a value as JSON knows it, so that two can be compared.
func plain(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	var v any
	_ = json.Unmarshal(text, &v) // just written
	return v
}

// check has Grafana ask a data source, and returns what it says.
func (c *Client) check(ctx context.Context, uid string) (string, error) {
	answer, err := c.sources.CheckDatasourceHealthWithUIDWithParams(datasources.NewCheckDatasourceHealthWithUIDParamsWithContext(ctx).WithUID(uid))
	if err != nil {
		return "", c.refused("data source "+uid+" does not answer it", err)
	}
	return answer.Payload.Message, nil
}
