package loop

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/stack/trial"
)

func (l *loop) secret(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(l.KeysDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// administrator asks Elasticsearch as the user elastic.
type administrator struct{ *trial.Administrator }

func (l *loop) administrator(t *testing.T) *administrator {
	t.Helper()
	a, err := trial.NewAdministrator(l.Elasticsearch, l.CAFile, l.KeysDir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return &administrator{a}
}

func (a *administrator) put(t *testing.T, path string, body any) {
	t.Helper()
	a.ask(t, http.MethodPut, path, body)
}

func (a *administrator) ask(t *testing.T, method, path string, body any) []byte {
	t.Helper()
	answer, err := a.Ask(t.Context(), method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// after is ask for a test's cleanup, when its context has ended.
func (a *administrator) after(t *testing.T, method, path string) {
	t.Helper()
	if _, err := a.Ask(context.WithoutCancel(t.Context()), method, path, nil); err != nil {
		t.Error(err)
	}
}

// find is the document of a line that arrived as text.
func (a *administrator) find(t *testing.T, run string, seq int) (index, id string, source map[string]any) {
	t.Helper()
	identity := fmt.Sprintf("run.id=%s run.seq=%d ", run, seq)
	var answer struct {
		Hits struct {
			Hits []struct {
				Index  string         `json:"_index"`
				ID     string         `json:"_id"`
				Source map[string]any `json:"_source"`
			}
		}
	}
	text := a.ask(t, http.MethodPost, "/"+lineStream+"/_search", map[string]any{
		"size": 50, "query": map[string]any{"match_phrase": map[string]any{"message": identity}},
	})
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	for _, hit := range answer.Hits.Hits {
		if message, _ := hit.Source["message"].(string); strings.Contains(message, identity) {
			return hit.Index, hit.ID, hit.Source
		}
	}
	t.Fatalf("no document of line %d of %s", seq, run)
	return "", "", nil
}
