package promql

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/s2"

	"plumbline/cli"
)

// server answers each query with what Prometheus 3 answers to it.
func server(t *testing.T, answers map[string]string) *Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/query" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		answer, known := answers[r.FormValue("query")]
		if !known {
			w.WriteHeader(http.StatusBadRequest)
			answer = `{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:1: parse error"}`
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(s.Close)
	c, err := New(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnswers(t *testing.T) {
	at := time.UnixMilli(1795295893304).UTC()
	c := server(t, map[string]string{
		`vector`:         `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"le":"0.5"},"value":[1795295893.304,"510"]}]}}`,
		`native`:         `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"http_route":"/a"},"histogram":[1795295893.304,{"count":"3","sum":"0.2","buckets":[[0,"0.25","0.5","2"],[0,"0.5","1","1"]]}]}]}}`,
		`matrix[5000ms]`: `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1795295893.304,"1"],[1795295898.304,"2"]]}]}}`,
		`scalar`:         `{"status":"success","data":{"resultType":"scalar","result":[1795295893.304,"1"]}}`,
	})
	got, err := c.At(t.Context(), "vector", at)
	if diff := cmp.Diff([]Sample{{Labels: map[string]string{"le": "0.5"}, At: at, Value: 510}}, utc(got)); err != nil || diff != "" {
		t.Errorf("vector: %v\n%s", err, diff)
	}
	got, err = c.At(t.Context(), "native", at)
	want := []Sample{{Labels: map[string]string{"http_route": "/a"}, At: at, Native: &Histogram{Count: 3, Buckets: []Bucket{{.25, .5, 2}, {.5, 1, 1}}}}}
	if diff := cmp.Diff(want, utc(got)); err != nil || diff != "" {
		t.Errorf("native: %v\n%s", err, diff)
	}
	got, err = c.Samples(t.Context(), "matrix", at, at.Add(5*time.Second))
	want = []Sample{{Labels: map[string]string{"a": "b"}, At: at, Value: 1}, {Labels: map[string]string{"a": "b"}, At: at.Add(5 * time.Second), Value: 2}}
	if diff := cmp.Diff(want, utc(got)); err != nil || diff != "" {
		t.Errorf("samples: %v\n%s", err, diff)
	}
	if got, err := c.Samples(t.Context(), "matrix", at, at); got != nil || err != nil {
		t.Errorf("of no time: %v, %v", got, err)
	}
	if _, err := c.At(t.Context(), "scalar", at); err == nil || !strings.Contains(err.Error(), "is a scalar and no vector") {
		t.Errorf("a scalar: %v", err)
	}
	var unreachable *UnreachableError
	if _, err := c.At(t.Context(), "(", at); err == nil || errors.As(err, &unreachable) || !strings.Contains(err.Error(), "parse error") {
		t.Errorf("a wrong expression: %v; want what Prometheus says of it", err)
	}
}

func utc(samples []Sample) []Sample {
	for i := range samples {
		samples[i].At = samples[i].At.UTC()
	}
	return samples
}

func TestUnreachable(t *testing.T) {
	nobody := httptest.NewServer(nil)
	nobody.Close()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer proxy.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }))
	defer page.Close()
	for proves, address := range map[string]string{"nobody listens": nobody.URL, "a gateway without a server": proxy.URL, "somebody else": page.URL} {
		c, err := New(address)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.At(t.Context(), "up", time.Now())
		var unreachable *UnreachableError
		if !errors.As(err, &unreachable) || !strings.Contains(cli.Hint(err), "/-/ready") {
			t.Errorf("%s: %v, hint %q", proves, err, cli.Hint(err))
		}
		if _, _, err := c.Stored(t.Context(), "x", time.Now(), time.Now()); err == nil {
			t.Errorf("%s: chunks were read", proves)
		}
	}
	for _, address := range []string{"", "localhost:9090", "ftp://host", "http://user:secret@host"} {
		if _, err := New(address); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// frame is a part of an answer to a remote read: series of chunks.
func frame(chunks ...[]byte) []byte {
	var series []byte
	for _, data := range chunks {
		var chunk []byte
		chunk = appendNumber(chunk, 1, 1000) // min_time_ms
		chunk = appendNumber(chunk, 3, 1)    // encoding
		chunk = appendBytes(chunk, chunkData, data)
		series = appendBytes(series, seriesChunks, chunk)
	}
	series = append(appendBytes(nil, 1, []byte("labels")), series...)
	body := appendBytes(nil, responseSeries, series)
	return append(append(binary.AppendUvarint(nil, uint64(len(body))), 1, 2, 3, 4), body...)
}

func TestStoredAddsUpChunks(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		if text, err := s2.Decode(nil, body.Bytes()); err != nil || !bytes.Contains(text, []byte("metric_a|metric_b")) {
			t.Errorf("asked %q, %v", text, err)
		}
		_, _ = w.Write(frame([]byte{0, 120, 1, 2, 3}, []byte{1, 4}))
		_, _ = w.Write(frame([]byte{0, 1, 9}))
	}))
	defer s.Close()
	c, err := New(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	samples, size, err := c.Stored(t.Context(), "metric_a|metric_b", time.UnixMilli(1), time.UnixMilli(2))
	if samples != 120+260+1 || size != 5+2+3 || err != nil {
		t.Errorf("%d samples in %d bytes, %v; want 381 in 10", samples, size, err)
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(frame([]byte{0, 120, 1}))
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, text []byte) {
		part, err := readFrame(bufio.NewReader(bytes.NewReader(text)))
		if err != nil {
			return
		}
		_ = each(part, responseSeries, func(series []byte) error {
			return each(series, seriesChunks, func([]byte) error { return nil })
		})
	})
}

// An answer comes as it is, and to the millisecond that was asked for.
func TestAnswersAsTheyAre(t *testing.T) {
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked = append(asked, r.URL.Path+"?"+r.Form.Encode())
		if r.FormValue("query") == "(" {
			w.WriteHeader(http.StatusBadRequest)
		}
		fmt.Fprint(w, `{"status":"said"}`)
	}))
	defer s.Close()
	c, err := New(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(1795295893304)
	one, err := c.Answer(t.Context(), "up", at)
	over, err2 := c.AnswerOver(t.Context(), "up", at, at.Add(time.Minute), 1500*time.Millisecond)
	if err := errors.Join(err, err2); err != nil || string(one) != `{"status":"said"}` || string(over) != string(one) {
		t.Errorf("%s, %s, %v", one, over, err)
	}
	want := []string{"/api/v1/query?query=up&time=1795295893.304", "/api/v1/query_range?end=1795295953.304&query=up&start=1795295893.304&step=1.5"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
	if _, err := c.Answer(t.Context(), "(", at); err == nil || !strings.Contains(err.Error(), "said") {
		t.Errorf("a wrong expression: %v, want what the server says", err)
	}
	s.Close()
	var unreachable *UnreachableError
	if _, err := c.Answer(t.Context(), "up", at); !errors.As(err, &unreachable) {
		t.Errorf("nobody there: %v", err)
	}
}
