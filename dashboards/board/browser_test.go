package board_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// pagePatience is how long a page may take for what a test waits for.
const pagePatience = 60 * time.Second

// browser starts a headless Chromium that ends with the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("PLUMBLINE_NO_BROWSER") == "1" {
		t.Skip("PLUMBLINE_NO_BROWSER=1: THE BOARD'S PAGE IS NOT TESTED")
	}
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("no Chromium to draw the page in\nhint: apt-get install chromium, or PLUMBLINE_NO_BROWSER=1 to leave the page untested")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has no sandbox for root
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

// tab is a page under observation.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu      sync.Mutex
	console []string // everything the page complained about
	hosts   map[string]bool
}

// open opens an address in a new tab of the given size and colour scheme.
func open(t *testing.T, browser context.Context, address string, width, height int64, scheme string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, pagePatience)
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx, hosts: make(map[string]bool)}
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

func (p *tab) readConsole(messages func(func(chromedp.ConsoleMessage, error) bool)) {
	for m, err := range messages {
		if err != nil {
			return
		}
		p.mu.Lock()
		p.console = append(p.console, string(m.Type)+": "+m.Text)
		p.mu.Unlock()
	}
}

func (p *tab) observe(ev any) {
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

func (p *tab) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// wait polls until the expression is true.
func (p *tab) wait(what, expression string) {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(pagePatience)))
	if err != nil {
		p.t.Fatalf("wait for %s: %v; page says: %s", what, err, eval[string](p, `document.body.innerText.slice(0, 800)`))
	}
}

func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// noise is what the page complained about, and whom else it asked.
func (p *tab) noise(origin string) []string {
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

func (p *tab) quiet(origin string) {
	p.t.Helper()
	for _, line := range p.noise(origin) {
		p.t.Error(line)
	}
}

// picture keeps a screenshot of the whole page where CI collects artefacts.
func (p *tab) picture(name string) {
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
