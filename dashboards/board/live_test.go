package board_test

import (
	"net/url"
	"os"
	"testing"

	"plumbline/dashboards"
	"plumbline/localweb/browser"
)

// TestLivePage looks at a board that runs: PLUMBLINE_BOARD_URL is its address
// with the run to show, http://127.0.0.1:5602/?run=ID&range=run. The test of
// the whole loop sets it.
func TestLivePage(t *testing.T) {
	address := os.Getenv("PLUMBLINE_BOARD_URL")
	if address == "" {
		t.Skip("PLUMBLINE_BOARD_URL names no running board")
	}
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	chromium := browser.Start(t)
	for name, width := range map[string]int64{"board-live-desktop.png": 1280, "board-live-phone.png": 390} {
		t.Run("draws every panel: "+name, func(t *testing.T) {
			p := chromium.Open(t, address, width, 900, "light")
			p.Wait("all panels", settled)
			for _, panel := range dashboards.RED().Panels {
				if got := browser.Eval[string](p, `document.getElementById("`+panel.ID+`").dataset.state`); got != "drawn" {
					t.Errorf("%s is %s, want drawn", panel.ID, got)
				}
			}
			if n := browser.Eval[int](p, painted); n != 4 {
				t.Errorf("%d charts are painted, want 4", n)
			}
			p.Picture(name)
			p.Quiet(at.Scheme + "://" + at.Host)
		})
	}
}
