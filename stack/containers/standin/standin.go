// Package standin is what the programs have in common that stand in for Kibana
// and Grafana in the container tests: each serves a FAKE in the place and with
// the files of the real one, and tells what it refuses.
package standin

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Fake is a handler with the list of what it has refused so far, in words.
type Fake struct {
	Name string // of what it is a fake
	http.Handler
	Refusals func() []string
}

// drain is how long requests under way may take to end.
const drain = 3 * time.Second

// Serve answers on addr until ctx ends. Out gets a line when it listens, and one
// for each request that the fake refuses: "refused: …".
func (f Fake) Serve(ctx context.Context, out io.Writer, addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Fprintf(out, "FAKE of %s: listening on http://%s/\n", f.Name, listener.Addr())
	server := &http.Server{Handler: f.telling(out), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if server.Shutdown(within) != nil {
		return server.Close()
	}
	return nil
}

// telling writes what the fake refuses as it does so.
func (f Fake) telling(out io.Writer) http.Handler {
	var mu sync.Mutex
	told := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.ServeHTTP(w, r)
		mu.Lock()
		defer mu.Unlock()
		all := f.Refusals()
		for _, refusal := range all[told:] {
			fmt.Fprintln(out, "refused:", refusal)
		}
		told = len(all)
	})
}
