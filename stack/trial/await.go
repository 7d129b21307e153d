package trial

import (
	"context"
	"fmt"
	"time"
)

// Patience is for what takes seconds on an idle machine.
const Patience = 3 * time.Minute

// Await polls until check finds no fault. After Patience it is an error that
// says what check said last.
func Await(ctx context.Context, what string, check func() error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(Patience)
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, context.Cause(ctx))
		case <-deadline:
			return fmt.Errorf("waited %v for %s: %w", Patience, what, err)
		}
	}
}
