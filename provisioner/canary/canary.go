// Package canary watches a pipeline for ever: it sends one small probe after the
// other, a request to the service or a line for a shipper, and looks for the line
// of each in Elasticsearch. A load run's verdict names every lost request, but of
// one run; the canary notices between the runs that lines get lost, doubled, late
// or altered, and tells a rolling verdict and Prometheus.
//
// A probe is found as soon as a search sees its line, and is looked at on until it
// has settled, so that late duplicates are seen. It is lost when it was looked for
// long enough, without a break, by searches that covered everything: what cannot
// be searched is neither found nor lost. With a state file all of this outlives
// the process, however that ends.
//
// Whom to wake is for the alert rules to say.
package canary

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"plumbline/loadgen/lines"
)

const (
	patience   = 5 * time.Second // for an answer of either
	sweepEvery = 10              // looks, of which one is for the found and the lost, too
	maxErrors  = 5               // that a status tells
)

// MostProbes are as many as are remembered at a time.
const MostProbes = 5000

// Searcher runs one search of an index and returns the answer as it came.
type Searcher interface {
	Search(ctx context.Context, index string, body []byte) ([]byte, error)
}

// Options say what to watch and how closely. Either Target or Lines is set.
type Options struct {
	Target string // service to ask: http://127.0.0.1:8000
	Lines  lines.Output
	Format lines.Format // of Lines
	Index  string       // data stream or pattern to search
	Text   string       // of Lines: field that holds a line's text where a shipper kept it
	Search Searcher

	Every  time.Duration // between probes
	Poll   time.Duration // between looks: the resolution of the lag
	Late   time.Duration // a line that is not there so long after its probe is late
	Within time.Duration // a line that was not there for so long while it was looked for is lost
	Settle time.Duration // how long a line that was found is looked at for duplicates
	Window time.Duration // what the rolling verdict is about

	State string    // file to keep the state in; "" for none
	Said  io.Writer // gets a line for each change of the verdict; nil for none
}

// probes says how many probes these options have remembered at a time.
func (o Options) probes() int64 { return int64(max(o.Window, o.Within+o.Settle) / o.Every) }

// Validate reports options that cannot be kept to.
func (o Options) Validate() error {
	switch {
	case o.Every < 100*time.Millisecond:
		return fmt.Errorf("-every %v: want at least 100ms", o.Every)
	case o.Poll < 100*time.Millisecond:
		return fmt.Errorf("-poll %v: want at least 100ms", o.Poll)
	case o.Within <= 0:
		return fmt.Errorf("-within %v: want more than zero", o.Within)
	case o.Late <= 0 || o.Late > o.Within:
		return fmt.Errorf("-late %v: want more than zero and at most -within, %v", o.Late, o.Within)
	case o.Settle < 0:
		return fmt.Errorf("-settle %v: want zero or more", o.Settle)
	case o.Window < o.Within:
		return fmt.Errorf("-window %v: want at least -within, %v", o.Window, o.Within)
	case o.probes() > MostProbes:
		return fmt.Errorf("-every %v: %d probes would have to be remembered at a time, want at most %d: a longer -every or a shorter -window", o.Every, o.probes(), MostProbes)
	}
	return nil
}

// Canary is one of them. Its metrics are in a registry of its own.
type Canary struct {
	Options
	subject subject
	account *account
	file    *file // nil without
	metrics *metrics

	looks  int64
	failed error     // of the last search
	since  time.Time // when the first search of an unbroken row of complete ones was asked; zero after a failed one
	asked  time.Time // when the last complete search was
	dirty  bool      // the account says more than the file
	lags   []time.Duration
	errors []Trouble

	status atomic.Pointer[Status] // as saved: nobody is told what a kill would undo
}

// New returns a canary that has not sent yet, or goes on where the one of the
// state file ended. A state that cannot be used is a *StateError. Close it.
func New(o Options) (*Canary, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	c := &Canary{Options: o, subject: &service{target: o.Target, http: &http.Client{Timeout: patience}}, dirty: true}
	if o.Lines != nil {
		c.subject = &shipper{out: o.Lines, format: o.Format, text: o.Text}
	}
	c.account = newAccount(c.subject.name() + " in " + o.Index)
	if o.State != "" {
		file, kept, err := openFile(o.State, c.account.Watching)
		if err != nil {
			return nil, err
		}
		c.file = file
		if kept != nil {
			c.account = kept
			c.account.resume(time.Now())
		}
	}
	c.metrics = newMetrics(c.status.Load)
	if err := c.tell(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close lets others have the state file.
func (c *Canary) Close() error {
	if c.file == nil {
		return nil
	}
	return c.file.close()
}

// Run sends and looks until ctx ends. The error is the state file's: a canary that
// cannot remember does not go on.
func (c *Canary) Run(ctx context.Context) error {
	send, look := time.NewTicker(c.Every), time.NewTicker(c.Poll)
	defer send.Stop()
	defer look.Stop()
	err := c.send(ctx)
	for err == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-send.C:
			err = c.send(ctx)
		case <-look.C:
			c.look(ctx)
			err = c.tell()
		}
	}
	return err
}

// send sends one probe, which is in the state before, unless far too many wait to
// be found already.
func (c *Canary) send(ctx context.Context) error {
	if len(c.account.Probes) >= MostProbes {
		return nil
	}
	p := c.account.begin(time.Now())
	c.dirty = true
	if err := c.tell(); err != nil {
		return err
	}
	err := c.subject.send(ctx, c.account.Run, p)
	if ctx.Err() != nil {
		return nil // nobody knows: the next one will call it interrupted
	}
	c.account.sent(p, err)
	c.dirty = true
	if err != nil {
		c.trouble(err)
	}
	return c.tell()
}

// look searches for the lines of the probes that wait, and sometimes of those that
// were found or lost.
func (c *Canary) look(ctx context.Context) {
	sweep := c.looks%sweepEvery == 0
	c.looks++
	of := c.account.tracked(sweep)
	if len(of) == 0 && !sweep {
		return
	}
	asked := time.Now()
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	seen, err := c.search(limit, of)
	if ctx.Err() != nil {
		return
	}
	c.dirty = true
	c.failed = err
	if err != nil {
		c.account.Totals.SearchErrors++
		c.since = time.Time{}
		c.trouble(err)
		return
	}
	if c.since.IsZero() || asked.Sub(c.asked) > (sweepEvery+2)*c.Poll+patience {
		c.since = asked
	}
	c.asked = asked
	c.lags = append(c.lags, c.account.looked(looked{asked: asked, answered: time.Now(), since: c.since, of: of, seen: seen, sweep: sweep}, c.Options)...)
}

// trouble remembers what went wrong last.
func (c *Canary) trouble(err error) {
	c.errors = append(c.errors, Trouble{time.Now(), err.Error()})
	c.errors = c.errors[max(0, len(c.errors)-maxErrors):]
}

// tell saves what is new, and only then tells it.
func (c *Canary) tell() error {
	now := time.Now()
	c.account.prune(now, c.Window)
	if c.dirty && c.file != nil {
		if err := c.file.save(c.account); err != nil {
			return err
		}
	}
	c.dirty = false
	for _, lag := range c.lags {
		c.metrics.lag.Observe(lag.Seconds())
	}
	c.lags = nil
	before, status := c.status.Load(), c.account.status(now, c.Window)
	status.Errors = append(status.Errors, c.errors...)
	status.judge(c.failed, c.looks > 0)
	c.status.Store(status)
	if c.Said != nil && before != nil && status.news(before) {
		fmt.Fprintln(c.Said, status.Line())
	}
	return nil
}

// Status is what there is to say now.
func (c *Canary) Status() *Status { return c.status.Load() }
