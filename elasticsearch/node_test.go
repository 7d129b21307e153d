package elasticsearch

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The tests of this file ask a running node whether the three plugins do their
// work. They need the address of one, its CA and the password of elastic:
//
//	PLUMBLINE_ES_URL PLUMBLINE_ES_CA PLUMBLINE_ES_PASSWORD_FILE

type node struct {
	url, password string
	http          *http.Client
}

func running(t *testing.T) *node {
	t.Helper()
	url := os.Getenv("PLUMBLINE_ES_URL")
	if url == "" {
		t.Skip("PLUMBLINE_ES_URL names no running Elasticsearch")
	}
	ca, err := os.ReadFile(os.Getenv("PLUMBLINE_ES_CA"))
	if err != nil {
		t.Fatal(err)
	}
	password, err := os.ReadFile(os.Getenv("PLUMBLINE_ES_PASSWORD_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatal("PLUMBLINE_ES_CA holds no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &node{url: url, password: strings.TrimSpace(string(password)), http: &http.Client{Transport: transport}}
}

// ask sends body, if any, as JSON and returns the answer; key "" asks as elastic.
func (n *node) ask(t *testing.T, method, path, body, key string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, n.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	switch key {
	case "":
		req.SetBasicAuth("elastic", n.password)
	default:
		req.Header.Set("Authorization", key)
	}
	res, err := n.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, text
}

func (n *node) decode(t *testing.T, method, path, body string, into any) {
	t.Helper()
	res, text := n.ask(t, method, path, body, "")
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s: %s", method, path, res.Status, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func TestRootAnswersWithTheNodesOwnValues(t *testing.T) {
	n := running(t)
	var root map[string]any
	n.decode(t, http.MethodGet, "/", "", &root)
	var nodes struct {
		Nodes map[string]struct {
			Name, Version string
			Flavor        string `json:"build_flavor"`
			Type          string `json:"build_type"`
			Hash          string `json:"build_hash"`
		}
	}
	n.decode(t, http.MethodGet, "/_nodes/_local", "", &nodes)
	var state struct {
		Cluster string `json:"cluster_name"`
		UUID    string `json:"cluster_uuid"`
	}
	n.decode(t, http.MethodGet, "/_cluster/state/version", "", &state)
	for _, local := range nodes.Nodes {
		want := map[string]any{
			"name": local.Name, "cluster_name": state.Cluster, "cluster_uuid": state.UUID,
			"version": map[string]any{
				"number": local.Version, "build_flavor": local.Flavor, "build_type": local.Type, "build_hash": local.Hash,
				"build_snapshot": false,
			},
			"tagline": "You Know, for Search",
		}
		elsewhere := []string{"build_date", "lucene_version", "minimum_wire_compatibility_version", "minimum_index_compatibility_version"}
		version, _ := root["version"].(map[string]any)
		for _, key := range elsewhere {
			if text, _ := version[key].(string); text == "" {
				t.Errorf("version.%s is missing", key)
			}
		}
		ignore := cmpopts.IgnoreMapEntries(func(key string, _ any) bool {
			for _, k := range elsewhere {
				if k == key {
					return true
				}
			}
			return false
		})
		if diff := cmp.Diff(want, root, ignore); diff != "" {
			t.Errorf("GET / (-want +got):\n%s", diff)
		}
	}
}

func TestHeadOfRootHasNoBody(t *testing.T) {
	n := running(t)
	res, text := n.ask(t, http.MethodHead, "/", "", "")
	if res.StatusCode != http.StatusOK || len(text) != 0 || res.ContentLength <= 0 {
		t.Errorf("HEAD /: %s, body of %d bytes, announced %d", res.Status, len(text), res.ContentLength)
	}
	if got := res.Header.Get("X-Elastic-Product"); got != "Elasticsearch" {
		t.Errorf("X-Elastic-Product is %q: clients refuse the server", got)
	}
}

func TestRootNeedsThePrivilegeThatItNeedsElsewhere(t *testing.T) {
	n := running(t)
	if res, _ := n.ask(t, http.MethodGet, "/", "", "ApiKey bm90OmFrZXk="); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("GET / with a key that does not exist: %s, want 401", res.Status)
	}
	for role, want := range map[string]int{
		`{"cluster":["monitor"]}`:              http.StatusOK,
		`{"cluster":["cluster:monitor/main"]}`: http.StatusOK,
		`{"cluster":["manage_own_api_key"]}`:   http.StatusForbidden,
	} {
		var key struct{ ID, Encoded string }
		n.decode(t, http.MethodPost, "/_security/api_key?refresh=true", `{"name":"plugin-test","expiration":"5m","role_descriptors":{"r":`+role+`}}`, &key)
		if res, text := n.ask(t, http.MethodGet, "/", "", "ApiKey "+key.Encoded); res.StatusCode != want {
			t.Errorf("GET / as %s: %s, want %d: %s", role, res.Status, want, text)
		}
		n.ask(t, http.MethodDelete, "/_security/api_key", `{"ids":["`+key.ID+`"]}`, "")
	}
}

func TestAnalysisComponents(t *testing.T) {
	n := running(t)
	for name, row := range map[string]struct {
		ask  string
		want []string
	}{
		"uax_url_email keeps addresses whole": {
			`{"tokenizer":"uax_url_email","text":"ask jane@facility.org at https://facility.org/a"}`,
			[]string{"ask", "jane@facility.org", "at", "https://facility.org/a"},
		},
		"unique drops a token that was there before": {
			`{"tokenizer":"uax_url_email","filter":["unique"],"text":"a b a c b"}`,
			[]string{"a", "b", "c"},
		},
		"unique only at the same position keeps later ones": {
			`{"tokenizer":"uax_url_email","filter":[{"type":"pattern_capture","patterns":["(.*)"]},{"type":"unique","only_on_same_position":true}],"text":"a a"}`,
			[]string{"a", "a"},
		},
		"pattern_capture adds the groups": {
			`{"tokenizer":"uax_url_email","filter":[{"type":"pattern_capture","patterns":["([^@]+)","(\\w+)"]},"unique"],"text":"jane@facility.org"}`,
			[]string{"jane@facility.org", "jane", "facility.org", "facility", "org"},
		},
		"pattern_capture can leave out the original": {
			`{"tokenizer":"uax_url_email","filter":[{"type":"pattern_capture","patterns":["([^@]+)@"],"preserve_original":false}],"text":"jane@facility.org"}`,
			[]string{"jane"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var answer struct{ Tokens []struct{ Token string } }
			n.decode(t, http.MethodPost, "/_analyze", row.ask, &answer)
			var got []string
			for _, token := range answer.Tokens {
				got = append(got, token.Token)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("tokens (-want +got):\n%s", diff)
			}
		})
	}
	res, text := n.ask(t, http.MethodPost, "/_analyze", `{"tokenizer":"uax_url_email","filter":[{"type":"pattern_capture"}],"text":"a"}`, "")
	if res.StatusCode != http.StatusBadRequest || !bytes.Contains(text, []byte("needs the setting [patterns]")) {
		t.Errorf("pattern_capture without patterns: %s: %s", res.Status, text)
	}
}

func TestTheStampIsTheMomentOfIndexing(t *testing.T) {
	n := running(t)
	pipelines, err := Pipelines()
	if err != nil || len(pipelines) != 1 {
		t.Fatalf("%d pipelines: %v", len(pipelines), err)
	}
	type ingested struct {
		Docs []struct {
			Doc struct {
				Source struct{ Event any }        `json:"_source"`
				Ingest struct{ Timestamp string } `json:"_ingest"`
			}
		}
	}
	for name, row := range map[string]struct {
		document string
		stamped  bool
	}{
		"a line":                               {`{"event":{"id":"1"}}`, true},
		"a line that has said so itself":       {`{"event":{"ingested":"2001-01-01T00:00:00Z"}}`, true},
		"what is no event":                     {`{}`, true},
		"a line whose event is a text is kept": {`{"event":"none"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			var got ingested
			n.decode(t, http.MethodPost, "/_ingest/pipeline/_simulate", `{"pipeline":`+string(pipelines[0].JSON)+`,"docs":[{"_source":`+row.document+`}]}`, &got)
			if len(got.Docs) != 1 {
				t.Fatalf("%d documents", len(got.Docs))
			}
			doc := got.Docs[0].Doc
			event, _ := doc.Source.Event.(map[string]any)
			if stamp := event["ingested"]; row.stamped && (stamp == nil || stamp != doc.Ingest.Timestamp) {
				t.Errorf("event.ingested is %v, want %v", stamp, doc.Ingest.Timestamp)
			}
			if !row.stamped && doc.Source.Event != "none" {
				t.Errorf("event is %v", doc.Source.Event)
			}
		})
	}
}

func TestTheProcessorDoesNothingInAnotherWayThanElsewhere(t *testing.T) {
	n := running(t)
	for name, row := range map[string]struct{ processor, want string }{
		"a value":           {`{"field":"a","value":"b"}`, "[copy_from] required property is missing"},
		"a value besides":   {`{"field":"a","copy_from":"b","value":"c"}`, "doesn't support one or more provided configuration parameters [value]"},
		"an option":         {`{"field":"a","copy_from":"b","override":false}`, "doesn't support one or more provided configuration parameters [override]"},
		"a template":        {`{"field":"{{a}}","copy_from":"b"}`, "[field] is a template"},
		"no field":          {`{"copy_from":"b"}`, "[field] required property is missing"},
		"a number as field": {`{"field":1,"copy_from":"b"}`, "[field] property isn't a string"},
	} {
		t.Run(name, func(t *testing.T) {
			res, text := n.ask(t, http.MethodPut, "/_ingest/pipeline/plumbline-test", `{"processors":[{"set":`+row.processor+`}]}`, "")
			var answer struct{ Error struct{ Reason string } }
			if err := json.Unmarshal(text, &answer); err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != http.StatusBadRequest || !strings.Contains(answer.Error.Reason, row.want) {
				t.Errorf("%s: %s, want %q", res.Status, answer.Error.Reason, row.want)
			}
		})
	}
	res, text := n.ask(t, http.MethodPost, "/_ingest/pipeline/_simulate", `{"pipeline":{"processors":[{"set":{"field":"a","copy_from":"b"}}]},"docs":[{"_source":{}}]}`, "")
	if !bytes.Contains(text, []byte("field [b] not present")) {
		t.Errorf("copy of a field that is not there: %s: %s", res.Status, text)
	}
}
