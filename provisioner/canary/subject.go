package canary

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/arrival/fate"
)

// subject is what is watched, and what the lines of its probes look like.
type subject interface {
	name() string
	// send has the line of a probe made. After an error there may be one or none.
	send(ctx context.Context, run string, p *probe) error
	// query matches the documents of the probes, and possibly others of the run;
	// source is which parts of them are read.
	query(run string, of []*probe) (query object, source any)
	// read says whose line a document is, and which are not as they should be.
	read(run string, document fate.Fields, of map[int64]*probe) (seqs []int64, altered bool)
}

// path is asked: an operational route, so that no panel and no objective counts
// the canary.
const path = "/version"

// service writes a line for each request.
type service struct {
	target string
	http   *http.Client
}

func (s *service) name() string { return "requests" }

func (s *service) send(ctx context.Context, run string, p *probe) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.target+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "plumbline-canary")
	request.Header.Set("Baggage", telemetry.FieldRunID+"="+run+","+telemetry.FieldRunSeq+"="+strconv.FormatInt(p.Seq, 10))
	res, err := s.http.Do(request)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	p.At, p.Status = time.Now(), res.StatusCode
	return nil
}

func (s *service) query(run string, of []*probe) (object, any) {
	return all(term(telemetry.FieldRunID, run), numbers(of)), []string{"run*", "http*"}
}

func (s *service) read(_ string, document fate.Fields, of map[int64]*probe) ([]int64, bool) {
	seq, err := strconv.ParseInt(document[telemetry.FieldRunSeq], 10, 64)
	if err != nil || of[seq] == nil {
		return nil, false
	}
	return []int64{seq}, len(fate.Differ(fate.Fields{
		telemetry.FieldMethod: http.MethodGet, telemetry.FieldRoute: path, telemetry.FieldStatus: strconv.Itoa(of[seq].Status),
	}, document)) > 0
}
