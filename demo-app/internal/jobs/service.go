package jobs

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

// maxList bounds what List returns.
const maxList = 100

// Catalogue is what a worker reads datasets and files from, as the one who asked.
type Catalogue interface {
	Get(ctx context.Context, who icat.Session, e *icat.Entity, id int64, include []icat.Include) (icat.Object, error)
	List(ctx context.Context, who icat.Session, e *icat.Entity, f icat.Filter) ([]icat.Object, error)
}

// Options are what a service is made of. The first five are needed.
type Options struct {
	Queue      Queue
	Catalogue  Catalogue
	Notifier   Notifier
	Log        *telemetry.Log
	Registerer prometheus.Registerer

	Workers     int           // jobs at a time in this process; 2
	Lease       time.Duration // after which a silent worker's job is another's; 30 s
	MaxAttempts int           // to prepare a download, and then to notify; 5
	Backoff     time.Duration // before the second attempt, doubling up to 100 times as much; 1 s
	Poll        time.Duration // between looks at an empty queue; 500 ms
	Drain       time.Duration // for a job to finish when Run is to end; 5 s
	Retention   time.Duration // how long an ended download is remembered; 7 days
}

func (o Options) withDefaults() Options {
	o.Workers = cmp.Or(o.Workers, 2)
	o.Lease = cmp.Or(o.Lease, 30*time.Second)
	o.MaxAttempts = cmp.Or(o.MaxAttempts, 5)
	o.Backoff = cmp.Or(o.Backoff, time.Second)
	o.Poll = cmp.Or(o.Poll, 500*time.Millisecond)
	o.Drain = cmp.Or(o.Drain, 5*time.Second)
	o.Retention = cmp.Or(o.Retention, 7*24*time.Hour)
	return o
}

// Service takes downloads in and tells of them; its Run works on them. All
// errors of its methods but Run are *icat.Error.
type Service struct {
	o       Options
	metrics metrics
	wake    chan struct{} // a job was put into the queue by this process
}

// New returns a service. It registers its metrics, so a registry can serve one.
func New(o Options) (*Service, error) {
	s := &Service{o: o.withDefaults(), wake: make(chan struct{}, 1)}
	s.metrics = newMetrics()
	return s, s.metrics.register(o.Registerer, o.Queue)
}

// Submit queues the preparation of a download for who. The same request again,
// while the first is unfinished, returns the first. The trace in ctx is kept
// with the job.
func (s *Service) Submit(ctx context.Context, who icat.Session, r icat.DownloadRequest) (icat.Download, error) {
	if err := r.Validate(); err != nil {
		return icat.Download{}, err
	}
	// All who are anonymous are one user: they see each other's downloads, and
	// nobody could say who had mail sent.
	if who.Anonymous() && r.Email != "" {
		return icat.Download{}, icat.Errorf(icat.BadParameter, "email: not for who is anonymous; log in, or leave it out")
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	d, err := s.o.Queue.Put(ctx, Job{
		Download: icat.Download{
			ID: uuid.NewString(), Username: who.Username, DatasetIDs: r.DatasetIDs, Email: r.Email,
			Status: icat.DownloadQueued, CreateTime: icat.At(time.Now()),
		},
		Request:     digest(who.Username, r),
		Traceparent: carrier.Get("traceparent"),
	})
	if err != nil {
		return icat.Download{}, unreachable(ctx, err)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return d, nil
}

// digest is the same for requests that ask for the same.
func digest(username string, r icat.DownloadRequest) string {
	text, err := json.Marshal([]any{username, r.Email, slices.Sorted(slices.Values(r.DatasetIDs))})
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Get returns the download with id, if it is who's own.
func (s *Service) Get(ctx context.Context, who icat.Session, id string) (icat.Download, error) {
	if uuid.Validate(id) != nil || len(id) != 36 {
		return icat.Download{}, icat.Errorf(icat.NoSuchObject, "Download not found.")
	}
	d, err := s.o.Queue.Get(ctx, id)
	switch {
	case errors.Is(err, ErrUnknown):
		return icat.Download{}, icat.Errorf(icat.NoSuchObject, "Download[id:%s] not found.", id)
	case err != nil:
		return icat.Download{}, unreachable(ctx, err)
	case d.Username != who.Username:
		return icat.Download{}, icat.Errorf(icat.InsufficientPrivileges, "READ access to this Download is not allowed.")
	}
	return d, nil
}

// List returns who's own downloads, the newest first, at most 100.
func (s *Service) List(ctx context.Context, who icat.Session) ([]icat.Download, error) {
	list, err := s.o.Queue.List(ctx, who.Username, maxList)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	return list, nil
}

// Manifest returns the manifest of who's own download with id: a line for each
// file with path, size in bytes and checksum, separated by tabs.
func (s *Service) Manifest(ctx context.Context, who icat.Session, id string) ([]byte, error) {
	if _, err := s.Get(ctx, who, id); err != nil {
		return nil, err
	}
	body, err := s.o.Queue.Manifest(ctx, id)
	switch {
	case errors.Is(err, ErrUnknown):
		return nil, icat.Errorf(icat.NoSuchObject, "Download[id:%s] has no manifest: it is not complete.", id)
	case err != nil:
		return nil, unreachable(ctx, err)
	}
	return body, nil
}

// Flush empties the queue of all that no worker holds and returns how many
// those were. What was not prepared yet has failed then.
func (s *Service) Flush(ctx context.Context) (int, error) {
	n, err := s.o.Queue.Flush(ctx, s.result(icat.DownloadFailed, "the queue was flushed by an operator"))
	if err != nil {
		return 0, unreachable(ctx, err)
	}
	return n, nil
}

// result is how a job ends now.
func (s *Service) result(status icat.DownloadStatus, message string) Result {
	now := time.Now()
	return Result{Status: status, Message: message, CompleteTime: icat.At(now), ExpireTime: icat.At(now.Add(s.o.Retention))}
}

// unreachable gives an error of the queue its ICAT code.
func unreachable(ctx context.Context, err error) error {
	switch ctxErr := ctx.Err(); {
	case errors.Is(ctxErr, context.DeadlineExceeded):
		return icat.Wrap(icat.Timeout, "the download queue took too long", err)
	case ctxErr != nil:
		return icat.Wrap(icat.ClientClosed, "the client left before an answer", err)
	}
	return icat.Wrap(icat.Unavailable, "the download queue cannot be reached", err)
}
