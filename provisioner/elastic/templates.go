package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"plumbline/elasticsearch"
)

// definitions are what setup puts into Elasticsearch.
type definitions struct {
	pipelines, components, templates, roles []elasticsearch.Body
}

func loadDefinitions() (d definitions, err error) {
	if d.pipelines, err = elasticsearch.Pipelines(); err != nil {
		return d, err
	}
	if d.components, err = elasticsearch.ComponentTemplates(); err != nil {
		return d, err
	}
	if d.templates, err = elasticsearch.IndexTemplates(); err != nil {
		return d, err
	}
	d.roles, err = elasticsearch.Roles()
	return d, err
}

func (c *Client) putPipelines(d definitions) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		for _, p := range d.pipelines {
			err := c.tell(ctx, request{op: "put ingest pipeline " + p.Name, repeat: true, api: esapi.IngestPutPipelineRequest{PipelineID: p.Name, Body: bytes.NewReader(p.JSON)}})
			if err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("%d, for the moment at which a line is indexed", len(d.pipelines)), nil
	}
}

func (c *Client) putTemplates(d definitions) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		for _, t := range d.components {
			err := c.tell(ctx, request{op: "put component template " + t.Name, repeat: true, api: esapi.ClusterPutComponentTemplateRequest{Name: t.Name, Body: bytes.NewReader(t.JSON)}})
			if err != nil {
				return "", err
			}
		}
		for _, t := range d.templates {
			err := c.tell(ctx, request{op: "put index template " + t.Name, repeat: true, api: esapi.IndicesPutIndexTemplateRequest{Name: t.Name, Body: bytes.NewReader(t.JSON)}})
			if err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("%d components, %d index templates", len(d.components), len(d.templates)), nil
	}
}

// checkTemplates asks Elasticsearch which mapping each stream would get: a
// template of somebody else's with a higher priority would win silently.
func (c *Client) checkTemplates(d definitions) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		streams := 0
		for _, t := range d.templates {
			var body struct {
				Patterns []string `json:"index_patterns"`
			}
			if err := json.Unmarshal(t.JSON, &body); err != nil {
				return "", fmt.Errorf("index template %s: %v", t.Name, err)
			}
			for _, pattern := range body.Patterns {
				stream := strings.Replace(pattern, "*", "default", 1)
				if err := c.checkTemplate(ctx, t.Name, stream); err != nil {
					return "", err
				}
				streams++
			}
		}
		return fmt.Sprintf("ours apply to all %d groups of streams", streams), nil
	}
}

func (c *Client) checkTemplate(ctx context.Context, name, stream string) error {
	var simulated struct {
		Template struct {
			Mappings struct {
				Meta struct{ Template string } `json:"_meta"`
			}
		}
	}
	op := "simulate index " + stream
	err := c.ask(ctx, request{op: op, api: esapi.IndicesSimulateIndexTemplateRequest{Name: stream}, repeat: true}, &simulated)
	if err != nil {
		return err
	}
	if got := simulated.Template.Mappings.Meta.Template; got != name {
		return hinted("GET _index_template lists them: give the other a priority below 500, or remove it",
			"%s: index template %s does not apply: another one has a higher priority", stream, name)
	}
	return nil
}

// noteLifecycle tells whether this server can delete old data by itself.
func (c *Client) noteLifecycle(ctx context.Context) (string, error) {
	var nodes struct {
		Nodes map[string]struct {
			Modules []struct{ Name string }
		}
	}
	if err := c.ask(ctx, request{op: "list modules", api: esapi.NodesInfoRequest{Metric: []string{"plugins"}}, repeat: true}, &nodes); err != nil {
		return "", err
	}
	for _, node := range nodes.Nodes {
		for _, module := range node.Modules {
			if module.Name == "data-streams" {
				return "data is deleted at the age that the templates name", nil
			}
		}
	}
	return "notice: this server has no lifecycle management: data stays until you delete it", nil
}
