package arrival

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
)

// measurement is a document of a metric stream, with one field beside its time.
func measurement(at time.Time, field string, value any) doc {
	return doc{visible: at, fields: map[string]any{telemetry.FieldTimestamp: at.UTC().Format("2006-01-02T15:04:05.000Z"), field: value}}
}

// measured is a node on which every stream has what it needs since begin.
func measured(t *testing.T, begin time.Time) *node {
	n := newNode(t)
	for _, c := range metricStreams() {
		field := c.Needs
		if field == "" {
			field = "value"
		}
		n.streams[c.Stream] = []doc{measurement(begin, field, 1)}
	}
	return n
}

func TestStreamNames(t *testing.T) {
	var got []string
	for _, c := range metricStreams() {
		got = append(got, c.Stream)
	}
	want := []string{
		"metrics-icat.prometheus-default", "metrics-plumbline.prometheus-default", "metrics-system.cpu-default", "metrics-system.memory-default",
		"metrics-system.process-default", "metrics-beats.stats-default", "metrics-beats.state-default", "metrics-beats.queue-default",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("streams (-want +got):\n%s", diff)
	}
	if want := "prometheus.metrics.http_server_request_duration_seconds_count"; fieldRequests != want {
		t.Errorf("field %s, want %s", fieldRequests, want)
	}
}

func TestStreams(t *testing.T) {
	const (
		patience = 30 * time.Second
		refused  = "error making http request:\n connection refused"
		process  = "metrics-system.process-default"
		stats    = "metrics-beats.stats-default"
	)
	tests := []struct {
		name   string
		stream string // the one that is changed
		docs   func(begin time.Time) []doc
		took   time.Duration
		text   string // of its property if it fails
	}{
		{"all there", process, func(at time.Time) []doc { return []doc{measurement(at, "value", 1)} }, 0, ""},
		{"a late one is waited for", stats, func(at time.Time) []doc {
			return []doc{measurement(at.Add(10*time.Second), "value", 1)}
		}, 10 * time.Second, ""},
		{"a stream that is silent beside its neighbours", process, func(time.Time) []doc { return nil }, patience,
			"0 of at least 1 document since 00:00:00 after 30s"},
		{"from before the run", stats, func(at time.Time) []doc {
			return []doc{measurement(at.Add(-time.Millisecond), "value", 1)}
		}, patience, "0 of at least 1 document since 00:00:00 after 30s"},
		{"every scrape fails", telemetry.StreamPrometheus, func(at time.Time) []doc {
			return []doc{
				measurement(at, "prometheus.metrics.up", 0), measurement(at, telemetry.FieldErrorMessage, "first"),
				measurement(at.Add(5*time.Second), "prometheus.metrics.up", 0), measurement(at.Add(5*time.Second), telemetry.FieldErrorMessage, refused),
			}
		}, patience, "0 of at least 1 document since 00:00:00 after 30s; 4 documents without a measurement, the last error: error making http request: connection refused"},
		{"scrapes of something else than demo-app", telemetry.StreamPrometheus, func(at time.Time) []doc {
			return []doc{measurement(at, "prometheus.metrics.up", 1)}
		}, patience, "0 of at least 1 document since 00:00:00 after 30s; 1 document without " + fieldRequests},
		{"a fetch of the shipper's own that fails", stats, func(at time.Time) []doc {
			return []doc{measurement(at, telemetry.FieldErrorMessage, "timeout")}
		}, patience, "0 of at least 1 document since 00:00:00 after 30s; 1 document without a measurement, the last error: timeout"},
		{"one fetch of two that fails", stats, func(at time.Time) []doc {
			return []doc{measurement(at, telemetry.FieldErrorMessage, "timeout"), measurement(at, "value", 1)}
		}, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				n := measured(t, begin)
				n.streams[tt.stream] = tt.docs(begin)
				got, err := Streams(t.Context(), n, begin, patience, silent)
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begin); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if len(got) != 8 {
					t.Errorf("%d streams, want 8", len(got))
				}
				for _, c := range got {
					p := c.property(begin, patience)
					switch wrong := c.Stream == tt.stream && tt.text != ""; {
					case wrong && (p.Outcome != Fails || p.Text != tt.text):
						t.Errorf("%s: %s, %q, want it to say %q", c.Stream, p.Outcome, p.Text, tt.text)
					case !wrong && p.Outcome != Holds:
						t.Errorf("%s: %s, %q", c.Stream, p.Outcome, p.Text)
					}
				}
			})
		})
	}
}

// A stream that nobody ever wrote to does not exist, and that is an answer.
func TestStreamsThatDoNotExist(t *testing.T) {
	got, err := Streams(t.Context(), newNode(t), started, 0, silent)
	if diff := cmp.Diff(metricStreams(), got); diff != "" || err != nil {
		t.Errorf("error %v, streams (-want +got):\n%s", err, diff)
	}
}
