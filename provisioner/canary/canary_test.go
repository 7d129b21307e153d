package canary

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"plumbline/demo-app/telemetry"
)

// service answers as demo-app would, and notes what it was asked: it is the
// canary's transport, so that time can be simulated.
type service struct {
	down  bool
	asked []telemetry.Identity
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.down {
		return nil, errors.New("connection refused")
	}
	s.asked = append(s.asked, telemetry.Identify(r.Header))
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// store finds the lines of what the service was asked, but some.
type store struct {
	*service
	gone    bool                 // it cannot be asked
	cut     bool                 // it answers before it has searched all
	without func(seq int64) bool // lines that are not there
}

func (s *store) Search(_ context.Context, index string, body []byte) ([]byte, error) {
	var q struct {
		Size  int
		Query struct {
			Bool struct{ Filter []map[string]map[string]any }
		}
	}
	if s.gone {
		return nil, errors.New("connection refused")
	}
	if err := json.Unmarshal(body, &q); err != nil || index != telemetry.StreamAccess {
		return nil, fmt.Errorf("search of %s: %w", index, err)
	}
	run, wanted := q.Query.Bool.Filter[0]["term"][telemetry.FieldRunID], q.Query.Bool.Filter[1]["terms"][telemetry.FieldRunSeq].([]any)
	var hits []string
	for _, id := range s.asked {
		if id.RunID == run && slices.Contains(wanted, any(float64(id.RunSeq))) && (s.without == nil || !s.without(id.RunSeq)) {
			hits = append(hits, fmt.Sprintf(`{"fields":{"run.seq":[%d]}}`, id.RunSeq))
		}
	}
	return fmt.Appendf(nil, `{"timed_out":%v,"hits":{"hits":[%s]}}`, s.cut, strings.Join(hits, ",")), nil
}

func TestEachRequestIsFoundOrLost(t *testing.T) {
	third := func(seq int64) bool { return seq%3 == 0 }
	for _, row := range []struct {
		proves                            string
		store                             store
		requests, unanswered, found, lost float64
	}{
		{"all is well", store{service: &service{}}, 12, 0, 12, 0},
		{"a line that never comes is lost", store{service: &service{}, without: third}, 12, 0, 8, 2}, // the last two are still waited for
		{"who is not answered looks for nothing", store{service: &service{down: true}}, 12, 12, 0, 0},
		{"an Elasticsearch that cannot be asked loses nothing", store{service: &service{}, gone: true}, 12, 0, 0, 0},
		{"nor does one that has not searched all", store{service: &service{}, cut: true, without: third}, 12, 0, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := New(Options{Target: "http://api", Search: &row.store, Every: 5 * time.Second, Within: 20 * time.Second})
			c.http.Transport = row.store.service
			ctx, stop := context.WithTimeout(t.Context(), 59*time.Second)
			defer stop()
			c.Run(ctx)
			for what, counts := range map[string][2]float64{
				"requests": {testutil.ToFloat64(c.counts.requests), row.requests}, "unanswered": {testutil.ToFloat64(c.counts.unanswered), row.unanswered},
				"found": {testutil.ToFloat64(c.counts.found), row.found}, "lost": {testutil.ToFloat64(c.counts.lost), row.lost},
			} {
				if counts[0] != counts[1] {
					t.Errorf("%s: %v %s, want %v", row.proves, counts[0], what, counts[1])
				}
			}
		})
	}
}

// A long silence of Elasticsearch does not fill the memory.
func TestWhatWaitsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{service: &service{}, gone: true}
		c := New(Options{Target: "http://api", Search: s, Every: time.Second, Within: time.Minute})
		c.http.Transport = s.service
		ctx, stop := context.WithTimeout(t.Context(), 2*maxPending*time.Second)
		defer stop()
		c.Run(ctx)
		if len(c.pending) != maxPending || len(s.asked) != maxPending {
			t.Errorf("%d wait, %d were sent", len(c.pending), len(s.asked))
		}
	})
}

func TestNamesAreAsTheyShouldBe(t *testing.T) {
	w := httptest.NewRecorder()
	New(Options{}).Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	problems, err := promlint.New(w.Body).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}
