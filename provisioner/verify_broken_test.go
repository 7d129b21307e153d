package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"plumbline/cli"
	"plumbline/provisioner/elastic/expired"
)

// broken is an Elasticsearch that holds three documents and answers every search
// but the one that is broken; spoil returns false for what it leaves alone.
func broken(t *testing.T, spoil func(w http.ResponseWriter, what string) bool) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := map[bool]string{true: "page", false: "look"}[r.URL.Path == "/_search"]
		answer := `{"timed_out":false,"_shards":{"total":1,"failed":0},"hits":{"hits":[]}}`
		switch {
		case strings.HasSuffix(r.URL.Path, "/_count"):
			what, answer = "count", `{"count":3}`
		case r.Method == http.MethodDelete:
			what, answer = "close", `{"succeeded":true}`
		case strings.HasSuffix(r.URL.Path, "/_pit"):
			what, answer = "open", `{"id":"view","_shards":{"total":1,"failed":0}}`
		}
		if !spoil(w, what) {
			_, _ = io.WriteString(w, answer)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// refusal breaks one kind of request with an error of Elasticsearch.
func refusal(t *testing.T, what string, status int, kind string) string {
	return broken(t, func(w http.ResponseWriter, asked string) bool {
		if asked == what {
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"error":{"type":%q,"reason":"broken"},"status":%d}`, kind, status)
		}
		return asked == what
	})
}

// answering breaks one kind of request with another answer.
func answering(t *testing.T, what, answer string) string {
	return broken(t, func(w http.ResponseWriter, asked string) bool {
		if asked == what {
			_, _ = io.WriteString(w, answer)
		}
		return asked == what
	})
}

// restarting closes the connection in the middle of an answer.
func restarting(t *testing.T, what string) string {
	return broken(t, func(w http.ResponseWriter, asked string) bool {
		if asked != what {
			return false
		}
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"timed_out":`)
		panic(http.ErrAbortHandler)
	})
}

// What cannot be read is never lost, and never in order: a named error, what to do
// about it, and exit code 2, whichever depth was asked for.
func TestVerifyOfABrokenElasticsearch(t *testing.T) {
	whole := book(t, 3)
	url, certificate := expired.Serve(t, http.NotFoundHandler())
	ca := file(t, string(certificate))
	for _, row := range []struct {
		proves, es string
		more       []string
		says, hint string
	}{
		{"wrong credentials", refusal(t, "look", 401, "security_exception"), nil, "401 Unauthorized", "is the password or key file the one"},
		{"wrong credentials for the view", refusal(t, "open", 401, "security_exception"), []string{"-depth", "fast"}, "401 Unauthorized", "is the password"},
		{"a pattern wider than the key", refusal(t, "look", 403, "security_exception"), []string{"-index", "*"}, "403 Forbidden", "this key's role does not allow it"},
		{"a pattern that matches nothing", answering(t, "open", `{"id":"view","_shards":{"total":0}}`), []string{"-index", "nothing-*"}, "nothing is called nothing-*", "is -index right?"},
		{"the same at a glance", answering(t, "open", `{"id":"view","_shards":{"total":0}}`), []string{"-index", "nothing-*", "-depth", "fast"}, "nothing is called nothing-*", "is -index right?"},
		{"a name that nothing has", empty(t), []string{"-index", "nothing"}, "nothing is called nothing", "is -index right?"},
		{"a closed index", refusal(t, "open", 400, "index_closed_exception"), nil, "index_closed_exception", "open the index again"},
		{"a red shard", refusal(t, "page", 503, "no_shard_available_action_exception"), nil, "503", "is a shard missing?"},
		{"one red shard of several", answering(t, "page", `{"timed_out":false,"_shards":{"failed":1},"hits":{"hits":[]}}`), nil, "1 shard did not answer", "is a shard missing?"},
		{"one at a glance", answering(t, "page", `{"timed_out":false,"_shards":{"failed":1},"hits":{"hits":[]}}`), []string{"-depth", "fast"}, "1 shard did not answer", "is a shard missing?"},
		{"one while waiting", answering(t, "look", `{"timed_out":false,"_shards":{"failed":1}}`), []string{"-within", "5s"}, "1 shard did not answer", "is a shard missing?"},
		{"a search that was given up", answering(t, "page", `{"timed_out":true,"_shards":{"failed":0},"hits":{"hits":[]}}`), nil, "timed_out", "overloaded"},
		{"a view that is gone in mid-read", refusal(t, "page", 404, "search_context_missing_exception"), nil, "search_context_missing_exception", "was Elasticsearch restarted"},
		{"a node that restarts in mid-read", restarting(t, "page"), nil, "connection closed before the answer was complete", "did Elasticsearch just stop?"},
		{"a node that restarts while it is waited for", restarting(t, "look"), nil, "connection closed before the answer was complete", "did Elasticsearch just stop?"},
		{"an expired certificate", url, []string{"-ca", ca}, "certificate is not valid", "expired?"},
		{"an answer that is no JSON", answering(t, "page", "<html>"), nil, "read the answer to a search", ""},
	} {
		t.Run(row.proves, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			args := verifyArgs(row.es, whole, append([]string{"-check", "arrival"}, row.more...)...)
			code := cli.Report(&stderr, "provisioner", run(t.Context(), args, &stdout, &stderr))
			if code != cli.Undone || !strings.Contains(stderr.String(), row.says) || !strings.Contains(stderr.String(), row.hint) {
				t.Errorf("exit code %d, stderr %q; want 2, %q and %q", code, stderr.String(), row.says, row.hint)
			}
			if stdout.Len() > 0 {
				t.Errorf("a report of nothing: %s", stdout.String())
			}
		})
	}
}
