package canary

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/loadgen/lines"
)

// world is a service, what ships its lines, and an Elasticsearch that has them: the
// canary's transport and searcher, so that time can be simulated.
type world struct {
	began time.Time
	lines []line

	down func(time.Duration) bool    // the service answers nobody
	hang func(seq int64) bool        // it takes a request and answers never
	gone func(time.Duration) bool    // Elasticsearch cannot be asked
	cut  string                      // what an answer says of its shards instead; "" for all of them
	ways func(seq int64) []document  // what becomes of a line; nil: it is there half a second later
	form func(text string) (doc any) // of lines: the document that a shipper makes
}

// line is what the service wrote, or was written for a shipper.
type line struct {
	run  string
	seq  int64
	at   time.Duration
	text string
}

// document is one copy of a line in Elasticsearch.
type document struct {
	after  time.Duration // the line
	status int           // 0 for what the service answered
}

func newWorld() *world { return &world{began: time.Now()} }

func (w *world) now() time.Duration { return time.Since(w.began) }

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.down != nil && w.down(w.now()) {
		return nil, errors.New("connection refused")
	}
	id := telemetry.Identify(r.Header)
	w.lines = append(w.lines, line{run: id.RunID, seq: id.RunSeq, at: w.now()})
	if w.hang != nil && w.hang(id.RunSeq) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// Write takes lines as a file does.
func (w *world) Write(text []byte, ends []int) lines.Result {
	written := strings.TrimSuffix(string(text), "\n")
	id := lines.Identities([]byte(written), "")[0]
	w.lines = append(w.lines, line{run: id.Run, seq: int64(id.Seq), at: w.now(), text: written})
	return lines.Result{Done: len(ends)}
}

func (*world) Close() error       { return nil }
func (*world) Stats() lines.Stats { return lines.Stats{} }

// Search finds documents whatever the query says, as if an index held nothing
// else; of requests only those of the numbers asked for.
func (w *world) Search(_ context.Context, index string, body []byte) ([]byte, error) {
	if w.gone != nil && w.gone(w.now()) {
		return nil, errors.New("search " + index + ": connection refused")
	}
	asks := func(l line) bool { return l.text != "" }
	if index == telemetry.StreamAccess {
		var q struct {
			Query struct {
				Bool struct{ Filter []map[string]map[string]any }
			}
		}
		if err := json.Unmarshal(body, &q); err != nil {
			return nil, err
		}
		wanted := q.Query.Bool.Filter[1]["terms"][telemetry.FieldRunSeq].([]any)
		asks = func(l line) bool {
			return l.run == q.Query.Bool.Filter[0]["term"][telemetry.FieldRunID] && slices.Contains(wanted, any(float64(l.seq)))
		}
	}
	var hits []string
	for _, l := range w.lines {
		ways := []document{{after: 500 * time.Millisecond}}
		if w.ways != nil {
			if own := w.ways(l.seq); own != nil {
				ways = own
			}
		}
		for _, d := range ways {
			if asks(l) && w.now() >= l.at+d.after {
				hits = append(hits, `{"_source":`+w.source(l, d)+`}`)
			}
		}
	}
	shards := `"timed_out":false,"_shards":{"total":2,"successful":2,"failed":0}`
	if w.cut != "" {
		shards = w.cut
	}
	return fmt.Appendf(nil, `{%s,"hits":{"total":{"value":%d},"hits":[%s]}}`, shards, len(hits), strings.Join(hits, ",")), nil
}

func (w *world) source(l line, d document) string {
	if l.text != "" {
		text, _ := json.Marshal(w.form(l.text))
		return string(text)
	}
	status := d.status
	if status == 0 {
		status = http.StatusOK
	}
	return fmt.Sprintf(`{"run":{"id":%q,"seq":%d},"http":{"request":{"method":"GET"},"route":"/version","response":{"status_code":%d}}}`, l.run, l.seq, status)
}

// options of a canary in this world: a probe each 5 s, and moments that are told
// apart easily.
func (w *world) options() Options {
	return Options{
		Target: "http://api", Index: telemetry.StreamAccess, Search: w,
		Every: 5 * time.Second, Poll: time.Second, Late: 10 * time.Second, Within: 20 * time.Second, Settle: 30 * time.Second, Window: 5 * time.Minute,
	}
}

// watch runs a canary for a while, then ends it in the midst of what it does, as a
// kill would: nothing is saved at the end.
func (w *world) watch(t *testing.T, o Options, during time.Duration) *Status {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if s, is := c.subject.(*service); is {
		s.http.Transport, s.http.Timeout = w, 0
	}
	run(t, c, during)
	return c.Status()
}

// run runs a canary for a while.
func run(t *testing.T, c *Canary, during time.Duration) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), during)
	defer stop()
	if err := c.Run(ctx); err != nil {
		t.Fatal(err)
	}
}
