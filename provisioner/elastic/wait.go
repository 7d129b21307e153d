package elastic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

const (
	pollEvery = 250 * time.Millisecond
	steady    = 3 // a node that has just started may answer once and then not
	// While a node creates or recovers its security index it refuses even the
	// right password. One that is refused for longer is wrong.
	refusedFor = 15 * time.Second
)

// waitReady waits until Elasticsearch answers and can store documents
// (health yellow or green) several times in a row. It fails at the deadline,
// with what it saw last, and before that when waiting cannot help: the
// certificate is not trusted, or the password keeps being refused.
func (c *Client) waitReady(within time.Duration) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		var (
			good    int
			refused time.Time // since when, zero while it is not
			last    = errors.New("not asked yet")
		)
		for {
			note, err := c.ready(ctx)
			if ctx.Err() == nil && err != nil {
				last = err
			}
			good++
			var unreachable *ConnectError
			switch {
			case err == nil && good == steady:
				return note, nil
			case errors.As(err, &unreachable) && unreachable.Permanent:
				return "", err
			case err != nil:
				good = 0
			}
			switch {
			case !errors.Is(err, &Error{Status: http.StatusUnauthorized}):
				refused = time.Time{}
			case refused.IsZero():
				refused = time.Now()
			case time.Since(refused) >= refusedFor:
				return "", err
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				if errors.Is(ctx.Err(), context.Canceled) {
					return "", errors.New("wait for elasticsearch: stopped")
				}
				return "", fmt.Errorf("elasticsearch is not ready after %v; last: %w", within, last)
			}
		}
	}
}

// ready asks once.
func (c *Client) ready(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	info, err := c.Info(ctx)
	if err != nil {
		return "", err
	}
	var health struct {
		Status   string
		TimedOut bool `json:"timed_out"`
	}
	err = c.ask(ctx, request{op: "cluster health", api: esapi.ClusterHealthRequest{WaitForStatus: "yellow", Timeout: time.Second}}, &health)
	switch {
	case errors.Is(err, &Error{Status: http.StatusRequestTimeout}):
		return "", errors.New("cluster health: still red")
	case err != nil:
		return "", err
	case health.TimedOut || health.Status == "red":
		return "", fmt.Errorf("cluster health: %s", health.Status)
	}
	return fmt.Sprintf("%s, cluster %s, health %s", info.Version, info.Cluster, health.Status), nil
}
