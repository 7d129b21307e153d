// Package jobs prepares downloads in the background: a Service takes requests
// into a queue and tells how far they are, workers take them out of it, read
// the files of the datasets from the catalogue into a manifest, and notify who
// asked. The queue lives in the catalogue's SQL database or in Redis streams.
//
// # What is promised
//
// A download is prepared at least once. A worker holds a job for a lease that
// it renews; one that is killed loses the lease, and another worker starts the
// job again. Every change a worker makes names its claim's token, so a worker
// that was only slow cannot record anything over the one that followed it: the
// result is recorded once. The notification is a second stage of the job, taken
// up after the result is recorded and tried again on its own. It can double: the
// mail server has accepted it, but the worker does not hear of that, or dies or
// loses the queue before it has recorded it. Both copies carry one Message-ID.
//
// HTTP, and the first check of who may read what, are left to others. The work
// is done in the name of who asked, so a Catalogue that knows their rights
// checks them again; one that reads as a service account does not.
package jobs

import (
	"context"
	"errors"
	"time"

	"plumbline/demo-app/icat"
)

// Job is a download with what only the workers need.
type Job struct {
	icat.Download
	Request     string // digest of who asked for what; equal requests are one job while unfinished
	Traceparent string // W3C trace context of the request that asked; may be ""
}

// Claim is a job that one worker holds until its lease ends. A job whose status
// is final is claimed once more, to notify.
type Claim struct {
	Job
	Notices int    // attempts to notify, this one included; 0 while preparing
	Token   string // names this claim
	Entry   string // where the queue keeps the job; the queue's own
}

// Result is how a job's preparation ended.
type Result struct {
	Status           icat.DownloadStatus // a final one
	Message          string              // "" when complete
	FileCount        int64
	FileSize         int64 // bytes
	Manifest         []byte
	ManifestChecksum string // SHA-256, hex
	CompleteTime     icat.Time
	ExpireTime       icat.Time
}

// Depth is what the queue holds.
type Depth struct {
	Ready   int64         // waiting for a worker
	Leased  int64         // in a worker's hands, or in those of one that died
	Delayed int64         // waiting for the time of the next attempt
	Dead    int64         // given up, kept for the operator
	Oldest  time.Duration // since the oldest unfinished download was asked for; 0 if there is none
}

// Errors of a queue that a caller acts on; any other says that the queue cannot
// be reached.
var (
	ErrUnknown = errors.New("no such download")
	ErrEmpty   = errors.New("nothing to do")
	ErrLost    = errors.New("the claim is another worker's now")
)

// Queue keeps downloads and hands out those with work left; *SQLQueue and
// *RedisQueue are two. All methods may be called from any goroutine and process.
type Queue interface {
	Records
	Work
}

// Records are the downloads as those who asked see them.
type Records interface {
	// Put queues a job, or returns the unfinished one with the same Request.
	Put(context.Context, Job) (icat.Download, error)
	// Get returns a download, or ErrUnknown.
	Get(ctx context.Context, id string) (icat.Download, error)
	// List returns a user's newest downloads, newest first.
	List(ctx context.Context, username string, limit int) ([]icat.Download, error)
	// Manifest returns the manifest of a complete download, or ErrUnknown.
	Manifest(ctx context.Context, id string) ([]byte, error)
	// Depth counts the jobs with work left, and the dead ones.
	Depth(context.Context) (Depth, error)
	// Flush takes every job that no worker holds out of the queue; what was not
	// prepared gets the result r. It returns how many those were.
	Flush(ctx context.Context, r Result) (int, error)
}

// Work is the queue as a worker sees it. All but Claim return ErrLost when the
// claim is not the latest of its job.
type Work interface {
	// Claim takes the job that is due longest, or returns ErrEmpty. A job whose
	// lease has ended is due.
	Claim(ctx context.Context, lease time.Duration) (Claim, error)
	// Renew makes the lease end that much from now.
	Renew(ctx context.Context, c Claim, lease time.Duration) error
	// Finish records the result once and for all. The claim goes on, and counts
	// as the first attempt to notify.
	Finish(ctx context.Context, c Claim, r Result) error
	// Retry gives the job back, to be taken after delay.
	Retry(ctx context.Context, c Claim, message string, delay time.Duration) error
	// Return gives the job back as if it had not been taken.
	Return(ctx context.Context, c Claim) error
	// Done takes the job out of the queue: nothing is left to do.
	Done(ctx context.Context, c Claim) error
}
