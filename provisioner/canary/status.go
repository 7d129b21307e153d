package canary

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"plumbline/provisioner/arrival"
)

// Status is all that a canary has to say at a moment. Durations are nanoseconds.
type Status struct {
	Verdict arrival.Outcome `json:"verdict"` // over the window
	Summary string          `json:"summary"`

	Run        string    `json:"run"`
	Watching   string    `json:"watching"`
	At         time.Time `json:"at"`
	Window     Window    `json:"window"`
	Totals     totals    `json:"totals"` // since the state began
	Pending    int       `json:"pending"`
	Oldest     *Oldest   `json:"oldest_pending,omitempty"`
	LastFound  time.Time `json:"last_found,omitzero"`
	LastSearch time.Time `json:"last_search,omitzero"` // complete
	Errors     []Trouble `json:"errors,omitempty"`     // the last few, of either side

	blind bool // the last search failed
}

// Window is what became of the probes that were sent in the last Length.
type Window struct {
	Length      time.Duration `json:"length_ns"`
	Sent        int           `json:"sent"`
	Unanswered  arrival.Seqs  `json:"unanswered"`
	Interrupted arrival.Seqs  `json:"interrupted"`
	Found       int           `json:"found"`
	Delivered   int           `json:"delivered"` // found, once, and as they should be
	Lost        arrival.Seqs  `json:"lost"`      // and not found since
	Recovered   arrival.Seqs  `json:"recovered"` // found after they were called lost
	Late        arrival.Seqs  `json:"late"`
	Duplicated  arrival.Seqs  `json:"duplicated"`
	Corrupted   arrival.Seqs  `json:"corrupted"`
	Lag         *Lag          `json:"lag,omitempty"` // absent if none was measured
}

// Lag is how long it took from an answer until a search found its line.
type Lag struct {
	Count int           `json:"count"`
	P50   time.Duration `json:"p50_ns"`
	P99   time.Duration `json:"p99_ns"`
	Max   time.Duration `json:"max_ns"`
}

// Oldest is the probe that waits longest.
type Oldest struct {
	Seq   int64     `json:"seq"`
	Since time.Time `json:"since"`
}

// Trouble is something that went wrong.
type Trouble struct {
	At    time.Time `json:"at"`
	Error string    `json:"error"`
}

// status sums up the account, without a verdict.
func (a *account) status(now time.Time, window time.Duration) *Status {
	s := &Status{
		Run: a.Run, Watching: a.Watching, At: now, Totals: a.Totals, LastFound: a.LastFound, LastSearch: a.LastSearch,
		Window: Window{Length: window},
	}
	var lags []time.Duration
	for _, p := range a.Probes {
		if p.Outcome == pending {
			s.Pending++
			if s.Oldest == nil {
				s.Oldest = &Oldest{p.Seq, p.At}
			}
		}
		if now.Sub(p.At) > window {
			continue
		}
		s.Window.add(p)
		if p.Lag > 0 {
			lags = append(lags, p.Lag)
		}
	}
	if len(lags) > 0 {
		slices.Sort(lags)
		s.Window.Lag = &Lag{len(lags), quantile(lags, 0.5), quantile(lags, 0.99), lags[len(lags)-1]}
	}
	return s
}

func (w *Window) add(p *probe) {
	w.Sent++
	note := func(set *arrival.Seqs, in bool) {
		if in {
			set.Add(uint64(p.Seq))
		}
	}
	note(&w.Unanswered, p.Outcome == unanswered)
	note(&w.Interrupted, p.Outcome == interrupted)
	note(&w.Lost, p.Outcome == lost)
	note(&w.Recovered, p.Recovered)
	note(&w.Late, p.Late)
	note(&w.Duplicated, p.Duplicated)
	note(&w.Corrupted, p.Corrupted)
	if p.Outcome == found {
		w.Found++
		if !p.Duplicated && !p.Corrupted {
			w.Delivered++
		}
	}
}

// quantile is the smallest of sorted values that a share q does not exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// judge gives the verdict. What is proven stays so while nothing can be measured;
// otherwise a search that failed leaves nothing to say. A line that is only late
// fails nobody: it was delivered.
func (s *Status) judge(failed error, begun bool) {
	w := &s.Window
	s.blind = failed != nil
	parts := []string{fmt.Sprintf("%s of %s delivered", comma(w.Delivered), comma(w.Found+int(w.Lost.Len())))}
	for _, set := range []struct {
		what string
		seqs arrival.Seqs
	}{{"lost", w.Lost}, {"duplicated", w.Duplicated}, {"corrupted", w.Corrupted}, {"late", w.Late}} {
		part := fmt.Sprintf("%s %s", comma(int(set.seqs.Len())), set.what)
		if set.seqs.Len() > 0 {
			part += ": " + set.seqs.Text(4)
		}
		parts = append(parts, part)
	}
	if n := int(w.Unanswered.Len()); n > 0 {
		parts = append(parts, comma(n)+" unanswered")
	}
	s.Summary = strings.Join(parts, ", ")
	s.Verdict = arrival.Unmeasured
	switch {
	case w.Lost.Len()+w.Duplicated.Len()+w.Corrupted.Len() > 0:
		s.Verdict = arrival.Fails
	case failed != nil:
		s.Summary = failed.Error()
	case !begun:
		s.Summary = "nothing was searched for yet"
	case w.Found == 0 && s.Pending == 0:
		s.Summary = fmt.Sprintf("none of %s probes in %v was answered", comma(w.Sent), w.Length)
	case w.Found == 0:
		s.Summary = "no line was found yet, and none is lost"
	default:
		s.Verdict = arrival.Holds
	}
}

// Line is the verdict in a line.
func (s *Status) Line() string {
	return fmt.Sprintf("%s  %s (%s of the last %v)", strings.ToUpper(string(s.Verdict)), s.Summary, s.Watching, s.Window.Length)
}

// news reports whether there is something to tell after a status before.
func (s *Status) news(before *Status) bool {
	return before.Verdict != s.Verdict || s.Verdict == arrival.Unmeasured && s.blind && !before.blind
}

func comma(n int) string { return humanize.Comma(int64(n)) }

// ServeHTTP answers with the status.
func (c *Canary) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(c.Status())
}
