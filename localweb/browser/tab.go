package browser

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Tab is a page under observation.
type Tab struct {
	t   T
	ctx context.Context

	mu      sync.Mutex
	console []string // everything the page complained about
	hosts   map[string]bool
}

// Open opens an address in a new tab of the given size, in pixels, and colour
// scheme, light or dark. Below 600 pixels of width it is a phone.
func (b Browser) Open(t T, address string, width, height int64, scheme string) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, lifetime)
	t.Cleanup(cancel)
	p := &Tab{t: t, ctx: ctx, hosts: make(map[string]bool)}
	view := chromedp.EmulateViewport(width, height)
	if width < 600 {
		view = chromedp.EmulateViewport(width, height, chromedp.EmulateScale(2), chromedp.EmulateMobile)
	}
	p.must(chromedp.Do(ctx, view))
	p.must(chromedp.Listen(ctx, p.observe))
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media)
	p.must(err)
	go p.readConsole(chromedp.Console(ctx))
	p.must(chromedp.Do(ctx, chromedp.Navigate(address)))
	return p
}

func (p *Tab) readConsole(messages func(func(chromedp.ConsoleMessage, error) bool)) {
	for m, err := range messages {
		if err != nil {
			return
		}
		p.mu.Lock()
		p.console = append(p.console, string(m.Type)+": "+m.Text)
		p.mu.Unlock()
	}
}

func (p *Tab) observe(ev any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	request, ok := ev.(*network.EventRequestWillBeSent)
	if !ok {
		return
	}
	if u, err := url.Parse(request.Request.URL); err == nil {
		p.hosts[u.Scheme+"://"+u.Host] = true
	} else {
		p.hosts[request.Request.URL] = true
	}
}

func (p *Tab) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// Wait polls until the expression is true, a minute at most. It does not ask at
// each frame, as chromedp would by itself: that keeps Chromium drawing.
func (p *Tab) Wait(what, expression string) {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingInterval(often), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		p.t.Fatalf("wait for %s: %v; page says: %s", what, err, Eval[string](p, `document.body.innerText.slice(0, 800)`))
	}
}

// Eval returns the value of an expression on the page.
func Eval[V any](p *Tab, expression string) V {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[V](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Noise is what the page complained about, and whom it asked other than origin.
func (p *Tab) Noise(origin string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	noise := slices.Clone(p.console)
	if !p.hosts[origin] {
		noise = append(noise, "no request to "+origin+" was seen, so none elsewhere can be excluded")
	}
	for host := range p.hosts {
		if host != origin {
			noise = append(noise, "asked "+host)
		}
	}
	return noise
}

// Quiet fails the test of a page that made noise.
func (p *Tab) Quiet(origin string) {
	p.t.Helper()
	for _, line := range p.Noise(origin) {
		p.t.Error(line)
	}
}

// Picture keeps a screenshot of the whole page where CI collects artefacts.
func (p *Tab) Picture(name string) {
	p.t.Helper()
	dir := os.Getenv("PLUMBLINE_ARTIFACTS")
	if dir == "" {
		return
	}
	image, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	p.must(err)
	p.must(os.MkdirAll(dir, 0o755))
	p.must(os.WriteFile(filepath.Join(dir, name), image, 0o644))
}
