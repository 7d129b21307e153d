package elastic

import (
	"context"
	"fmt"
	"io"
	"time"
)

// A Step is one named part of making Elasticsearch ready. Run answers with a
// short note of what it found or did.
type Step struct {
	Name string
	Run  func(ctx context.Context) (note string, err error)
}

// Done is a finished step, for a report.
type Done struct {
	Name    string  `json:"name"`
	Note    string  `json:"note"`
	Seconds float64 `json:"seconds"`
}

// Setup is what the steps need.
type Setup struct {
	Config         // of an administrator
	KeysDir string // where the key files are written; made if it is missing
	Within  time.Duration

	KibanaToken string // file for the token of Kibana's account; "" where there is no Kibana
}

// Steps returns, in order, what makes Elasticsearch ready. Every step may be
// run again: it leaves alone what is already as it should be.
func (s Setup) Steps() ([]Step, error) {
	admin, err := New(s.Config)
	if err != nil {
		return nil, err
	}
	defs, err := loadDefinitions()
	if err != nil {
		return nil, err
	}
	steps := []Step{
		{"elasticsearch", admin.waitReady(s.Within)},              // answers, and can store
		{"pipelines", admin.putPipelines(defs)},                   // before the templates that name them
		{"templates", admin.putTemplates(defs)},                   // before the first document makes a stream without them
		{"template check", admin.checkTemplates(defs)},            // no other template wins over ours
		{"lifecycle", admin.noteLifecycle},                        // whether old data goes away by itself
		{"roles", admin.putRoles(defs)},                           // for people and tools beside the stack
		{"api keys", admin.ensureKeys(defs, s.Config, s.KeysDir)}, // one per role, kept while it fits
		{"role check", checkRoles(s.Config, s.KeysDir)},           // each key may what it must and no more
	}
	if s.KibanaToken != "" {
		steps = append(steps, Step{"kibana", admin.ensureKibanaToken(s.Config, s.KibanaToken)}) // kept while it works
	}
	return steps, nil
}

// RunSteps runs steps in order until one fails, and tells progress in one line
// each. With live, a line also shows while its step is under way.
func RunSteps(ctx context.Context, steps []Step, progress io.Writer, live bool) ([]Done, error) {
	var done []Done
	width := 0
	for _, s := range steps {
		width = max(width, len(s.Name))
	}
	for _, s := range steps {
		if live {
			fmt.Fprintf(progress, "… %s\r", s.Name)
		}
		begun := time.Now()
		note, err := s.Run(ctx)
		took := time.Since(begun).Round(time.Millisecond).Seconds()
		mark := "✓"
		if err != nil {
			mark, note = "✗", "failed"
		}
		fmt.Fprintf(progress, "%s %-*s  %s  %.1fs\n", mark, width, s.Name, note, took)
		if err != nil {
			return done, err
		}
		done = append(done, Done{Name: s.Name, Note: note, Seconds: took})
	}
	return done, nil
}
