package spans

import (
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	otlp "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// export lets a Tracing export the two spans of one request and returns the lines
// about it.
func export(t *testing.T, env map[string]string) string {
	t.Helper()
	for name, value := range env {
		t.Setenv(name, value)
	}
	var log bytes.Buffer
	tracing, err := New(t.Context(), options(&log))
	if err != nil {
		t.Fatal(err)
	}
	answer(t, tracing, 200)
	if err := tracing.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	return log.String()
}

// partly is the answer of a collector that refuses n spans.
func partly(t *testing.T, n int64, why string) []byte {
	t.Helper()
	b, err := proto.Marshal(&otlp.ExportTraceServiceResponse{PartialSuccess: &otlp.ExportTracePartialSuccess{RejectedSpans: n, ErrorMessage: why}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatACollectorAnswers(t *testing.T) {
	type reply struct {
		status int
		header map[string]string
		body   []byte
	}
	protobuf := map[string]string{"Content-Type": "application/x-protobuf"}
	for _, row := range []struct {
		proves  string
		replies []reply // the last one again and again
		asked   int
		line    string // empty for none
	}{
		{"a batch that was taken is told of by nobody", []reply{{200, protobuf, nil}}, 1, ""},
		{"an answer in another language says no more than its status", []reply{{200, nil, []byte("fine\x00")}}, 1, ""},
		{"one that is busy is asked again", []reply{{503, map[string]string{"Retry-After": "0"}, nil}, {200, protobuf, nil}}, 2, ""},
		{"so is one that wants fewer", []reply{{429, map[string]string{"Retry-After": "0"}, nil}, {200, protobuf, nil}}, 2, ""},
		{"one that wants to be left alone for longer than there is time, is", []reply{{503, map[string]string{"Retry-After": "3600"}, nil}}, 1, "2 spans lost"},
		{"one that refuses is not asked again", []reply{{400, nil, []byte("bad batch")}}, 1, `400 Bad Request \"bad batch\"`},
		{"one that sends us elsewhere is not obeyed", []reply{{307, map[string]string{"Location": "/elsewhere"}, nil}}, 1, "307 Temporary Redirect"},
		{"what it refuses is counted", []reply{{200, protobuf, partly(t, 1, "too old")}}, 1, "1 spans lost: traces export: the collector refused 1 spans: too old"},
		{"a warning loses nothing", []reply{{200, protobuf, partly(t, 0, "slow down")}}, 1, ""},
		{"a garbled answer is no success", []reply{{200, protobuf, []byte{0x0a, 0x7f}}}, 1, "the collector's answer: unexpected EOF"},
	} {
		t.Run(row.proves, func(t *testing.T) {
			asked := 0
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				reply := row.replies[min(asked, len(row.replies)-1)]
				asked++
				for name, value := range reply.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(reply.status)
				_, _ = w.Write(reply.body)
			}))
			defer s.Close()
			line := export(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": s.URL})
			if asked != row.asked {
				t.Errorf("asked %d times, want %d", asked, row.asked)
			}
			if !strings.Contains(line, row.line) || (row.line == "") != (line == "") {
				t.Errorf("told %q, want %q", line, row.line)
			}
		})
	}
}

// The headers may hold a key, and a batch may be of many kilobytes.
func TestHowABatchIsSent(t *testing.T) {
	var got otlp.ExportTraceServiceRequest
	var header http.Header
	var path string
	s := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		header, path = r.Header, r.URL.Path
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		body, err := io.ReadAll(z)
		if err == nil {
			err = proto.Unmarshal(body, &got)
		}
		if err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": s.URL + "/below/", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_CERTIFICATE": ca,
		"OTEL_EXPORTER_OTLP_HEADERS": "x-all=1", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "authorization=Bearer%20a%3Db, x-key = c",
	}
	if line := export(t, env); line != "" {
		t.Errorf("told %s", line)
	}
	if len(got.ResourceSpans) != 1 || len(got.ResourceSpans[0].ScopeSpans) != 1 || len(got.ResourceSpans[0].ScopeSpans[0].Spans) != 2 {
		t.Errorf("received %v", &got)
	}
	if path != "/below/v1/traces" || header.Get("Authorization") != "Bearer a=b" || header.Get("X-Key") != "c" || header.Get("X-All") != "" {
		t.Errorf("sent to %s with %v", path, header)
	}
	env["OTEL_EXPORTER_OTLP_CERTIFICATE"] = ""
	if line := export(t, env); !strings.Contains(line, "2 spans lost") || strings.Contains(line, "Bearer") {
		t.Errorf("a collector that nobody vouches for: told %q", line)
	}
}

func TestTrustThatIsNoneIsRefused(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no PEM\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"OTEL_EXPORTER_OTLP_CERTIFICATE": "holds no certificate", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE": "CLIENT_CERTIFICATE and _KEY: ",
	} {
		o := options(io.Discard)
		o.Getenv = func(n string) string {
			return map[string]string{name: empty, "OTEL_EXPORTER_OTLP_ENDPOINT": "https://localhost:4318"}[n]
		}
		if _, err := New(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s of no PEM: %v", name, err)
		}
	}
}

// Whatever a collector answers, it is read without a panic, and what protobuf
// itself would read of it is what is read.
func FuzzRefused(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x0a, 0x02, 0x08, 0x01})
	f.Add([]byte{0x0a, 0x02, 0x08, 0x01, 0x0a, 0x03, 0x12, 0x01, '!'}) // in two parts
	f.Add([]byte{0x0a, 0x07, 0x08, 0x03, 0x12, 0x03, 'w', 'h', 'y'})
	f.Fuzz(func(t *testing.T, response []byte) {
		err := refused(response)
		var want otlp.ExportTraceServiceResponse
		if proto.Unmarshal(response, &want) != nil {
			return
		}
		refusal, _ := err.(*refusal)
		if n := want.GetPartialSuccess().GetRejectedSpans(); n > 0 && (refusal == nil || refusal.spans != n) {
			t.Errorf("%x: %v, want %d spans refused", response, err, n)
		}
	})
}
