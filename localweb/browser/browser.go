// Package browser opens pages in a real Chromium, for tests of the pages that
// our own programs serve: what they show, what they complain about, whom they
// ask.
package browser

import (
	"context"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/chromedp"
)

// T is what a test gives; *testing.T is one.
type T interface {
	Helper()
	Context() context.Context
	Cleanup(func())
	Error(...any)
	Fatal(...any)
	Fatalf(string, ...any)
	Skip(...any)
}

const (
	often    = 50 * time.Millisecond // between two looks at what a test waits for
	patience = 60 * time.Second      // for what a test waits for
	lifetime = 5 * time.Minute       // of a tab
)

// Browser is a headless Chromium that ends with its test.
type Browser struct{ ctx context.Context }

// Start starts one. PLUMBLINE_NO_BROWSER=1 leaves the test out; without that, a
// missing Chromium fails it.
func Start(t T) Browser {
	t.Helper()
	if os.Getenv("PLUMBLINE_NO_BROWSER") == "1" {
		t.Skip("PLUMBLINE_NO_BROWSER=1: THE PAGE IS NOT TESTED")
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
	return Browser{ctx}
}
