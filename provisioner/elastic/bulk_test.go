package elastic

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCreateAll(t *testing.T) {
	docs := []Document{{"run/interval/1", []byte(`{"a": 1,` + "\n" + `"b":"<"}`)}, {"run/interval/2", []byte(`{}`)}}
	const taken, op = `{"create":{"status":201}}`, "create in metrics-x-default"
	for name, row := range map[string]struct {
		status int
		answer string
		want   []error // of each document
		whole  string  // error of the request
	}{
		"all are taken": {200, `{"errors":false,"items":[` + taken + `,` + taken + `]}`, []error{nil, nil}, ""},
		"one was there": {
			200, `{"errors":true,"items":[` + taken + `,{"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"exists"}}}]}`,
			[]error{nil, &Error{op, 409, "version_conflict_engine_exception", "exists"}}, "",
		},
		"one does not fit the mapping": {
			200, `{"errors":true,"items":[{"create":{"status":400,"error":{"type":"strict_dynamic_mapping_exception","reason":"no [a]"}}},` + taken + `]}`,
			[]error{&Error{op, 400, "strict_dynamic_mapping_exception", "no [a]"}, nil}, "",
		},
		"the key may not": {
			403, `{"error":{"type":"security_exception","reason":"no"},"status":403}`, nil, op + ": 403 Forbidden: security_exception: no",
		},
		"a busy server is asked once":    {503, `{}`, nil, op + ": 503 Service Unavailable"},
		"an answer about other ones":     {200, `{"items":[` + taken + `]}`, nil, op + ": answer is about 1 documents, not 2"},
		"an answer of something else":    {200, `<html>`, nil, op + ": answer is not what Elasticsearch sends: invalid character '<' looking for beginning of value"},
		"an answer that says no status":  {200, `{"items":[` + taken + `,{"index":{"status":201}}]}`, []error{nil, &Error{Op: op}}, ""},
		"a status that is no acceptance": {200, `{"items":[` + taken + `,{"create":{"status":302}}]}`, []error{nil, &Error{Op: op, Status: 302}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				body, _ := io.ReadAll(r.Body)
				want := `{"create":{"_id":"run/interval/1"}}` + "\n" + `{"a":1,"b":"\u003c"}` + "\n" + `{"create":{"_id":"run/interval/2"}}` + "\n{}\n"
				if got := string(body); got != want || r.Method+" "+r.RequestURI != "POST /metrics-x-default/_bulk?require_data_stream=true" {
					t.Errorf("%s %s, body:\n%s\nwant:\n%s", r.Method, r.RequestURI, got, want)
				}
				w.WriteHeader(row.status)
				io.WriteString(w, row.answer)
			}))
			t.Cleanup(server.Close)
			got, err := client(t, server.URL).CreateAll(t.Context(), "metrics-x-default", docs)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if text != row.whole || asked != 1 {
				t.Errorf("error %q after %d requests, want %q after one", text, asked, row.whole)
			}
			if diff := cmp.Diff(row.want, got, cmp.Comparer(same)); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := client(t, "http://127.0.0.1:1").CreateAll(t.Context(), "x", []Document{{"1", []byte("{")}}); err == nil {
		t.Error("a document that is no JSON is sent")
	}
}

// same compares all that an Error says.
func same(a, b error) bool {
	x, ok := a.(*Error)
	y, is := b.(*Error)
	return a == b || ok && is && *x == *y
}
