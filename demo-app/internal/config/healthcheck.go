package config

import (
	"context"

	"plumbline/health"
)

// Healthy asks the server at c.Addr whether it is ready, or whether it lives
// when c.Live. It returns nil for a yes, exit code 1 for a no and for silence.
func (c Config) Healthy(ctx context.Context) error {
	path := "/readyz"
	if c.Live {
		path = "/healthz"
	}
	return health.Ask(ctx, health.Question{
		URL: "http://" + health.Reachable(c.Addr) + path, Within: c.CheckTimeout,
		Next: "name the server's address with -addr, or ADDR",
	})
}
