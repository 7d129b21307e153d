// Package progress tells on a terminal or in a log how far the stack is: one
// line per step when it ends, and while it runs a live line (terminal) or a
// reminder every 15 seconds (log).
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// Printer writes the steps. It is safe for concurrent use, and it is an
// io.Writer for lines that should not tear the live line.
type Printer struct {
	w    io.Writer
	live bool

	mu     sync.Mutex
	active []*Step
	past   []Past
	shown  bool // a live line is on the screen
	stop   chan struct{}
}

// Past is a step that has ended.
type Past struct {
	Name string
	Took time.Duration
}

// New returns a printer on w; it redraws only when w is a terminal.
func New(w io.Writer) *Printer {
	p := &Printer{w: w}
	if f, ok := w.(*os.File); ok {
		p.live = term.IsTerminal(int(f.Fd()))
	}
	return p
}

// Step is one running step.
type Step struct {
	printer *Printer
	name    string
	began   time.Time
	hidden  bool // has the terminal for itself
}

// Step begins a step. About tells, in a log, what it is busy with.
func (p *Printer) Step(name, about string) *Step {
	return p.begin(&Step{printer: p, name: name, began: time.Now()}, about)
}

// HandOver begins a step that draws its own progress on the terminal until it
// ends, and returns that terminal: nil when there is none.
func (p *Printer) HandOver(name, about string) (*Step, *os.File) {
	s := p.begin(&Step{printer: p, name: name, began: time.Now(), hidden: p.live}, about)
	if !p.live {
		return s, nil
	}
	return s, p.w.(*os.File)
}

func (p *Printer) begin(s *Step, about string) *Step {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.active = append(p.active, s)
	if !p.live && about != "" {
		fmt.Fprintf(p.w, " • %s: %s\n", s.name, about)
	}
	if len(p.active) == 1 {
		p.stop = make(chan struct{})
		go p.remind(p.stop)
	}
	p.draw()
	return s
}

// Done ends a step that went well; detail may be "".
func (s *Step) Done(detail string) {
	if detail != "" {
		detail = "  " + detail
	}
	s.end("✓", detail)
}

// Fail ends a step that did not.
func (s *Step) Fail() { s.end("✗", "") }

func (s *Step) end(sign, detail string) {
	p := s.printer
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, a := range p.active {
		if a == s {
			p.active = append(p.active[:i:i], p.active[i+1:]...)
			if len(p.active) == 0 {
				close(p.stop)
			}
			took := time.Since(s.began)
			p.past = append(p.past, Past{s.name, took})
			p.clear()
			fmt.Fprintf(p.w, " %s %-19s %7s%s\n", sign, s.name, round(took), detail)
			p.draw()
			return
		}
	}
}

// Past returns the steps that ended, in the order of their end.
func (p *Printer) Past() []Past {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Past(nil), p.past...)
}

// Note prints a line of its own.
func (p *Printer) Note(format string, args ...any) {
	fmt.Fprintf(p, format+"\n", args...)
}

// Write prints whole lines above the live line.
func (p *Printer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	n, err := p.w.Write(b)
	p.draw()
	return n, err
}

// remind redraws the live line, or repeats in a log what still runs.
func (p *Printer) remind(stop chan struct{}) {
	every := 15 * time.Second
	if p.live {
		every = 200 * time.Millisecond
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		p.mu.Lock()
		if p.live {
			p.clear()
			p.draw()
		} else if line := p.line(); line != "" {
			fmt.Fprintf(p.w, "   %s\n", line)
		}
		p.mu.Unlock()
	}
}

// line says what runs and for how long.
func (p *Printer) line() string {
	var parts []string
	for _, s := range p.active {
		if !s.hidden {
			parts = append(parts, fmt.Sprintf("%s … %s", s.name, time.Since(s.began).Truncate(time.Second)))
		}
	}
	return strings.Join(parts, ", ")
}

func (p *Printer) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

func (p *Printer) draw() {
	if line := p.line(); p.live && line != "" {
		fmt.Fprint(p.w, " • "+line)
		p.shown = true
	}
}

// round keeps a duration readable: 0.3s, 12.4s, 2m3s.
func round(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
