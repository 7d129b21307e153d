// Package alerts receives what Alertmanager sends to a webhook: it prints a line
// for each alert that begins or ends, and keeps the latest changes for whoever
// asks. Which alerts there are is for Prometheus' rules, and who is told of
// which for Alertmanager's routes.
package alerts

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// notification is the part of Alertmanager's message (version 4) that is read.
type notification struct {
	Receiver string
	Alerts   []struct {
		Status              string // firing or resolved
		Labels, Annotations map[string]string
		StartsAt            time.Time
		Fingerprint         string
	}
}

// Change is the beginning or the end of an alert.
type Change struct {
	At          time.Time         `json:"at"`       // when it was told
	Receiver    string            `json:"receiver"` // of Alertmanager's routes: page or ticket
	Status      string            `json:"status"`   // firing or resolved
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
}

const (
	maxMessage = 1 << 20 // bytes
	maxKept    = 1000    // changes, and alerts that fire at a time
)

type server struct {
	out io.Writer

	mu      sync.Mutex
	firing  map[string]bool // by fingerprint
	changes []Change
}

// New returns the handler of /alerts. Lines go to out.
func New(out io.Writer) http.Handler {
	s := &server{out: out, firing: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /alerts", s.take)
	mux.HandleFunc("GET /alerts", s.list)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	return http.NewCrossOriginProtection().Handler(mux) // no page in a browser may make up an alert
}

// take reads a notification. Alertmanager repeats what goes on firing, so only
// what differs from the last time is a change.
func (s *server) take(w http.ResponseWriter, r *http.Request) {
	var n notification
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxMessage)).Decode(&n); err != nil {
		http.Error(w, fmt.Sprintf("not a notification of Alertmanager: %v", err), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range n.Alerts {
		firing := a.Status == "firing"
		if firing == s.firing[a.Fingerprint] || firing && len(s.firing) >= maxKept {
			continue
		}
		if firing {
			s.firing[a.Fingerprint] = true
		} else {
			delete(s.firing, a.Fingerprint)
		}
		c := Change{At: time.Now(), Receiver: n.Receiver, Status: a.Status, Labels: a.Labels, Annotations: a.Annotations, StartsAt: a.StartsAt}
		if len(s.changes) == maxKept {
			s.changes = slices.Delete(s.changes, 0, 1)
		}
		s.changes = append(s.changes, c)
		fmt.Fprint(s.out, c.text())
	}
}

// list returns the changes, the oldest first.
func (s *server) list(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	changes := slices.Clone(s.changes)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(append([]Change{}, changes...)) // [] for none
}

// text is a change as lines for a reader: what, and at its beginning what to do.
func (c Change) text() string {
	text := fmt.Sprintf("%s  %-8s  %-6s  %s: %s\n", c.At.Format(time.TimeOnly), plain(c.Status), plain(c.Receiver), plain(c.Labels["alertname"]), plain(c.Annotations["summary"]))
	if do := c.Annotations["action"]; do != "" && c.Status == "firing" {
		text += "          to do: " + plain(do) + "\n"
	}
	return text
}

// plain keeps a text from steering a terminal or looking like another line.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
