// Package arrival is the verdict: it compares the ledger of a load run with
// what is searchable in Elasticsearch, attempt by attempt, and says which were
// delivered, lost, duplicated or altered, and which documents nobody sent.
//
// It rests on identity alone. Every attempt has a number, every document
// carries it, and every document of the run is read; totals are never compared,
// because a duplicate would hide a loss, and no approximate aggregation is
// used. Memory is a byte and a half for each attempt of the run.
//
// Around this audit stand the wait for late documents (Wait), the live measure
// of how long documents take to become searchable (Follow), the queries of the
// dashboards held against the same truth (Panels), what the load generator told
// of itself (AwaitTold), the verdict as a document (Record), and the reports.
// Reading the ledger's file is package ledger's, talking to Elasticsearch package
// elastic's, and what a panel asks package dashboards'.
package arrival

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"plumbline/provisioner/elastic"
)

// Searcher reads Elasticsearch. It is *elastic.Client, or the in-memory node
// of the tests.
type Searcher interface {
	Search(ctx context.Context, index string, body []byte) ([]byte, error)
	OpenPIT(ctx context.Context, index string, keepAlive time.Duration) (string, error)
	SearchPIT(ctx context.Context, body, into []byte) ([]byte, error)
	ClosePIT(ctx context.Context, id string) error
	Count(ctx context.Context, index string, query []byte) (int64, error)
}

// OtherRunError says that a ledger is not the one of the run that was asked for.
type OtherRunError struct{ Path, Run, Want string }

func (e *OtherRunError) Error() string {
	return fmt.Sprintf("ledger %s is of run %s, not of %s", e.Path, e.Run, e.Want)
}

// Missing reports that an index or data stream does not exist (yet): nothing
// has been written to it, which is an answer and not a failure.
func Missing(err error) bool { return errors.Is(err, &elastic.Error{Status: http.StatusNotFound}) }

// sleep waits for d, or returns the context's error if that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
