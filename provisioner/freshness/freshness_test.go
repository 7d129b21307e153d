package freshness

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/elastic"
)

// answers is a searcher with an answer for each stream; "" cannot be asked.
type answers map[string]string

func (a answers) Search(_ context.Context, stream string, _ []byte) ([]byte, error) {
	if a[stream] == "" {
		return nil, errors.New("connection refused")
	}
	return []byte(a[stream]), nil
}

func (a answers) Holdings(context.Context) (elastic.Holdings, error) {
	if len(a) == 0 {
		return elastic.Holdings{}, errors.New("connection refused")
	}
	return elastic.Holdings{Documents: 5, Bytes: 6, Heap: 7, HeapMaximum: 8}, nil
}

func scrape(t *testing.T, s Store) string {
	t.Helper()
	w := httptest.NewRecorder()
	Metrics(s).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestOnlyWhatIsKnownIsTold(t *testing.T) {
	const at = `{"aggregations":{"newest":{"value":1795293905250.0}}}`
	for _, row := range []struct {
		proves string
		answer string
		want   string // of the stream's sample; "" = none
	}{
		{"the newest document's time, in seconds", at, "1.79529390525e+09"},
		{"a stream without a document has no age", `{"aggregations":{"newest":{"value":null}}}`, ""},
		{"nor has one that cannot be asked", "", ""},
		{"nor one that answers something else", `<html>`, ""},
		{"nor one that answers without the figure", `{"hits":{}}`, ""},
	} {
		t.Run(row.proves, func(t *testing.T) {
			text := scrape(t, answers{Streams()[0]: row.answer, Streams()[1]: at})
			_, sample, _ := strings.Cut(text, "\n"+Metric+`{`+LabelStream+`="`+Streams()[0]+`"} `)
			if got, _, _ := strings.Cut(sample, "\n"); got != row.want {
				t.Errorf("got %q, want %q in\n%s", got, row.want, text)
			}
			if !strings.Contains(text, Streams()[1]) {
				t.Error("one stream that is silent hides another")
			}
		})
	}
}

func TestNamesAreAsTheyShouldBe(t *testing.T) {
	text := scrape(t, answers{Streams()[0]: `{"aggregations":{"newest":{"value":1}}}`})
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestHoldingsAreTold(t *testing.T) {
	sample := telemetry.MetricClusterHeap + " 7\n"
	if text := scrape(t, answers{"any": "{}"}); !strings.Contains(text, sample) {
		t.Errorf("no %q in\n%s", sample, text)
	}
	if text := scrape(t, answers{}); strings.Contains(text, telemetry.MetricClusterHeap+" ") {
		t.Errorf("a figure of a cluster that cannot be asked:\n%s", text)
	}
}
