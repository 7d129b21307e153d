package proof

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"plumbline/dashboards"
	"plumbline/provisioner/arrival"
	"plumbline/provisioner/elastic"
	"plumbline/provisioner/promql"
)

// What a real Prometheus and a real Elasticsearch said about a run of a few hundred
// requests, one in ten of them failing and one in five slow, is recorded half a minute
// after its end, with the stack up:
//
//	go test ./provisioner/proof -run Prometheus -record-es https://127.0.0.1:9200 -record-prometheus http://127.0.0.1:9090 \
//	  -record-run .plumbline/run -record-ledger some.ledger
var (
	recordES         = flag.String("record-es", "", "URL of the Elasticsearch to record")
	recordPrometheus = flag.String("record-prometheus", "", "URL of the Prometheus to record")
	recordRun        = flag.String("record-run", "", "directory of the run, for its keys")
	recordLedger     = flag.String("record-ledger", "", "ledger of the run to record")
)

const recording = "testdata/prometheus.json.gz"

// tape is what was asked and answered.
type tape struct {
	From, To time.Time
	Run      string
	Searches map[string]json.RawMessage // by their body
	Answers  map[string]json.RawMessage // by endpoint and form

	mutex sync.Mutex
	live  *elastic.Client // nil: what was not recorded is an error
}

// play is the recording, or a new one.
func play(t *testing.T) (*tape, Sources) {
	t.Helper()
	tp := &tape{Searches: map[string]json.RawMessage{}, Answers: map[string]json.RawMessage{}}
	if *recordPrometheus != "" {
		tp.begin(t)
	} else if err := tp.read(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := tp.answer(r)
		if err != nil {
			t.Error(err)
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}))
	t.Cleanup(server.Close)
	client, err := promql.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return tp, Sources{Search: tp, Prometheus: client}
}

func (tp *tape) scope() dashboards.Scope {
	return dashboards.Scope{From: tp.From, To: tp.To, RunID: tp.Run}
}

func (tp *tape) begin(t *testing.T) {
	t.Helper()
	var err error
	tp.live, err = elastic.New(elastic.Config{URL: *recordES, CAFile: filepath.Join(*recordRun, "certs", "ca.crt"), KeyFile: filepath.Join(*recordRun, "secrets", "reader.key")})
	if err != nil {
		t.Fatal(err)
	}
	account, err := arrival.Audit{Search: tp.live, Ledger: *recordLedger}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	scope := arrival.Scope(account, nil, time.Time{})
	tp.From, tp.To, tp.Run = scope.From, scope.To, scope.RunID
	t.Cleanup(func() {
		file, err := os.Create(recording)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		w := gzip.NewWriter(file)
		if err := errors.Join(json.NewEncoder(w).Encode(tp), w.Close()); err != nil {
			t.Error(err)
		}
	})
}

func (tp *tape) read() error {
	file, err := os.Open(recording)
	if err != nil {
		return err
	}
	defer file.Close()
	r, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	return json.NewDecoder(r).Decode(tp)
}

// answer is what Prometheus said, or says now.
func (tp *tape) answer(r *http.Request) ([]byte, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	tp.mutex.Lock()
	defer tp.mutex.Unlock()
	asked := r.URL.Path + "?" + r.Form.Encode()
	if answer, known := tp.Answers[asked]; known {
		return answer, nil
	}
	if tp.live == nil {
		return nil, errors.New("nobody asked this when it was recorded: " + asked)
	}
	res, err := http.PostForm(*recordPrometheus+r.URL.Path, url.Values(r.Form))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(string(answer))
	}
	tp.Answers[asked] = answer
	return answer, err
}

// Search is what Elasticsearch said, or says now.
func (tp *tape) Search(ctx context.Context, index string, body []byte) ([]byte, error) {
	asked := index + " " + string(body)
	if answer, known := tp.Searches[asked]; known || tp.live == nil {
		if !known {
			return nil, errors.New("nobody asked this when it was recorded: " + asked)
		}
		return answer, nil
	}
	answer, err := tp.live.Search(ctx, index, body)
	if err == nil {
		tp.Searches[asked] = answer
	}
	return answer, err
}

func (*tape) OpenPIT(context.Context, string, time.Duration) (string, error) { return "", errNotAsked }
func (*tape) ClosePIT(context.Context, string) error                         { return errNotAsked }
func (*tape) SearchPIT(context.Context, []byte, []byte) ([]byte, error)      { return nil, errNotAsked }
func (*tape) Count(context.Context, string, []byte) (int64, error)           { return 0, errNotAsked }
