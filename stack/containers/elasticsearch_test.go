package containers

import (
	"encoding/json"
	"testing"
)

// ask sends a request to Elasticsearch from its own container, as elastic.
func (p *project) ask(t *testing.T, path string, into any, body ...string) {
	t.Helper()
	const curl = `printf 'user = "elastic:%s"' "$(</run/plumbline/secrets/elastic.password)" |
		curl --silent --show-error --fail-with-body --config - --cacert config/certs/ca.crt "https://localhost:9200/$0" "$@"`
	args := []string{"exec", "-T", "elasticsearch", "/bin/bash", "-c", curl, path}
	for _, b := range body {
		args = append(args, "--header", "Content-Type: application/json", "--data", b)
	}
	if err := json.Unmarshal([]byte(p.do(t, args...)), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// count returns how many access lines of a run there are.
func (p *project) count(t *testing.T, run string) int {
	t.Helper()
	var answer struct{ Count int }
	p.ask(t, "logs-icat.access-default/_count", &answer, `{"query": {"term": {"run.id": "`+run+`"}}}`)
	return answer.Count
}

// refused returns how many documents Elasticsearch refused since it started
// because their id was there already.
func (p *project) refused(t *testing.T) int {
	t.Helper()
	var answer struct {
		All struct {
			Primaries struct {
				Indexing struct {
					Conflicts int `json:"index_failed_due_to_version_conflict"`
				}
			}
		} `json:"_all"`
	}
	p.ask(t, "logs-icat.access-default/_stats/indexing", &answer)
	return answer.All.Primaries.Indexing.Conflicts
}

// nodes returns how many instances of demo-app wrote the lines of a load.
func (p *project) nodes(t *testing.T, name string) int {
	t.Helper()
	var answer struct {
		Aggregations struct{ Nodes struct{ Value int } }
	}
	p.ask(t, "logs-icat.access-default/_search?size=0", &answer,
		`{"query": {"term": {"run.id": "`+name+`"}}, "aggs": {"nodes": {"cardinality": {"field": "service.node.name"}}}}`)
	return answer.Aggregations.Nodes.Value
}
