package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Gate is a readiness check with its deadline.
type Gate struct {
	What   string        // what is waited for, as in "elasticsearch is not <What> after 60s"
	Within time.Duration // the deadline
	Every  time.Duration // pause between two checks; 0 = 100 ms
	Check  func(context.Context) error
}

// NotReadyError is a gate that stayed shut until its deadline.
type NotReadyError struct {
	Name, What string
	Within     time.Duration
	Last       error // what the last check saw
	Log        string
	Lines      []string
}

func (e *NotReadyError) Error() string {
	return fmt.Sprintf("%s is not %s after %s: last saw: %v%s", e.Name, e.What, e.Within, e.Last, quoteLines(e.Log, e.Lines))
}

func (e *NotReadyError) Unwrap() error { return e.Last }

// Ready waits until the gate's check passes. It fails as soon as the child has
// ended or ctx is done, and at the deadline with what the check saw last.
func (c *Child) Ready(ctx context.Context, gate Gate) error {
	every := gate.Every
	if every == 0 {
		every = 100 * time.Millisecond
	}
	limited, cancel := context.WithTimeout(ctx, gate.Within)
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	last := errors.New("nothing yet")
	for {
		err := gate.Check(limited)
		if err == nil {
			return nil
		}
		if limited.Err() == nil || !errors.Is(err, context.DeadlineExceeded) {
			last = err
		}
		select {
		case <-tick.C:
		case <-c.Done():
			if c.spec.Ends && gate.Check(limited) == nil {
				return nil // it has done its work and gone
			}
			return c.Died()
		case <-limited.Done():
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return &NotReadyError{Name: c.spec.Name, What: gate.What, Within: gate.Within, Last: last, Log: c.spec.Log, Lines: c.Tail(15)}
		}
	}
}

// Answers is a check that url answers a GET with 200.
func Answers(client *http.Client, url string) func(context.Context) error {
	return Reads(client, url, func(io.Reader) error { return nil })
}

// Reads is a check that url answers a GET with 200 and a body that read finds
// no fault with.
func Reads(client *http.Client, url string, read func(body io.Reader) error) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(io.LimitReader(response.Body, 300))
			return fmt.Errorf("GET %s: %s: %s", url, response.Status, body)
		}
		if err := read(response.Body); err != nil {
			return fmt.Errorf("GET %s: %w", url, err)
		}
		return nil
	}
}
