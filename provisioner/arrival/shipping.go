package arrival

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Reading is what a shipper's counters held at one moment.
type Reading struct {
	process string
	up      time.Duration
	counted Shipping
}

// shipperPatience is for one answer of a shipper.
const shipperPatience = 5 * time.Second

// ReadShipper asks Filebeat, 7.17 to 9.x, at its monitoring address for its counters.
func ReadShipper(ctx context.Context, address string) (*Reading, error) {
	ctx, stop := context.WithTimeout(ctx, shipperPatience)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(address, "/")+"/stats", nil)
	if err != nil {
		return nil, fmt.Errorf("ask the shipper: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the shipper: %w", err)
	}
	defer answer.Body.Close()
	var stats struct {
		Beat *struct {
			Info struct {
				ID      string `json:"ephemeral_id"`
				Version string
				Uptime  struct {
					Milliseconds int64 `json:"ms"`
				}
			}
		}
		Filebeat struct{ Events struct{ Added int64 } }
		Libbeat  struct {
			Pipeline struct {
				Events struct{ Published, Dropped, Active int64 }
			}
			Output struct {
				Events struct{ Acked, Duplicates, Dropped, Failed, TooMany int64 }
			}
		}
	}
	switch err := json.NewDecoder(answer.Body).Decode(&stats); {
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("ask the shipper: %s/stats answers %s", address, answer.Status)
	case err != nil || stats.Beat == nil:
		return nil, fmt.Errorf("ask the shipper: what %s/stats answers is not a Beat's counters", address)
	}
	out, pipeline := stats.Libbeat.Output.Events, stats.Libbeat.Pipeline.Events
	return &Reading{
		process: stats.Beat.Info.ID, up: time.Duration(stats.Beat.Info.Uptime.Milliseconds) * time.Millisecond,
		counted: Shipping{
			Name: "Filebeat " + stats.Beat.Info.Version, Read: stats.Filebeat.Events.Added, Published: pipeline.Published,
			Acked: out.Acked + out.Duplicates, Copies: out.Duplicates, Dropped: out.Dropped + pipeline.Dropped, Failed: out.Failed, TooMany: out.TooMany,
			Waiting: pipeline.Active,
		},
	}, nil
}

// Shipped is what a shipper counted between two readings; without an earlier one,
// since it was started.
func Shipped(earlier, now *Reading, between time.Duration) *Shipping {
	s := now.counted
	s.Since = now.up
	switch {
	case earlier == nil:
	case earlier.process != now.process:
		s.Restarted = true
	default:
		e := earlier.counted
		s.Since = between
		s.Read, s.Published, s.Acked, s.Copies = s.Read-e.Read, s.Published-e.Published, s.Acked-e.Acked, s.Copies-e.Copies
		s.Dropped, s.Failed, s.TooMany = s.Dropped-e.Dropped, s.Failed-e.Failed, s.TooMany-e.TooMany
	}
	return &s
}
