package jobs

import (
	"context"
	"errors"

	"plumbline/demo-app/icat"
)

// Notifier tells who asked that a download has come to its end. The word it
// returns is the metric's outcome.
type Notifier interface {
	Notify(ctx context.Context, d icat.Download) (outcome string, err error)
}

// ErrRefused says that another attempt to notify would be refused as well.
var ErrRefused = errors.New("refused for good")

// LogNotifier notifies nobody but the log.
type LogNotifier struct{}

// Notify writes nothing of its own: the worker's line for each notification
// says it all, and no e-mail address stands in a log.
func (LogNotifier) Notify(context.Context, icat.Download) (string, error) { return "logged", nil }
