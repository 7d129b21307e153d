package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"plumbline/cli"
	"plumbline/demo-app/apitest"
	"plumbline/localweb/browser"
)

// The page of a run against the real API, on a desk and on a phone: it shows
// what happens, and steers.
func TestConsolePage(t *testing.T) {
	chromium := browser.Start(t)
	api, err := apitest.Serve(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := api.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, look := range []struct {
		name   string
		width  int64
		scheme string
	}{
		{"desktop-light", 1280, "light"},
		{"phone-dark", 390, "dark"},
	} {
		t.Run(look.name, func(t *testing.T) {
			at, ended := startWatched(t, api.URL)
			p := chromium.Open(t, at+"/", look.width, 844, look.scheme)

			p.Wait("the first answers", `latest !== null && latest.latency_recent.count > 0`)
			before := browser.Eval[float64](p, `latest.sent`)
			p.Wait("figures that move", fmt.Sprintf(`+document.getElementById("sent").textContent.replaceAll(",", "") > %v`, before))
			p.Wait("both plots", `["rates", "waits"].every((id) => document.querySelectorAll("#" + id + " path[d*=L]").length === 3)`)
			p.Wait("every journey in the table", `document.querySelectorAll("#journeys tr").length > 3 && document.querySelector("#statuses span") !== null`)

			turn(p, "factor", "3", "#rateform button")
			p.Wait("the rate that was typed", `document.getElementById("wanted").textContent === "wanted 120/s"`)
			browser.Eval[bool](p, `(() => { const s = document.getElementById("slider"); s.value = Math.log10(2); s.dispatchEvent(new Event("input")); s.dispatchEvent(new Event("change")); return true; })()`)
			p.Wait("the rate of the slider", `document.getElementById("wanted").textContent === "wanted 80/s"`)

			browser.Eval[bool](p, `document.getElementById("hold").click(), true`)
			p.Wait("a second without requests", `document.getElementById("phase").textContent === "paused" && latest.in_flight === 0 && latest.history.at(-1).sent === 0`)
			p.Picture("console-" + look.name + "-paused.png")
			browser.Eval[bool](p, `document.getElementById("hold").click(), true`)
			p.Wait("requests again", `document.getElementById("phase").textContent === "sending" && latest.history.at(-1).sent > 0`)

			browser.Eval[bool](p, `[...document.querySelectorAll("#mixform input")].forEach((i) => { i.value = i.name === "search" ? 5 : 0; }), document.getElementById("setmix").click(), true`)
			p.Wait("the mix of the run", `latest.mix.every((m) => m.weight === (m.journey === "search" ? 5 : 0))`)
			p.Wait("the mix on the page", `[...document.querySelectorAll("#mixform label")].some((l) => l.textContent.includes("search") && l.textContent.includes("100 %"))`)

			turn(p, "factor", "5000", "#rateform button")
			p.Wait("what was wrong with it", `document.querySelector("input:invalid") !== null || !document.getElementById("banner").hidden`)
			turn(p, "factor", "1", "#rateform button")
			p.Wait("the schedule's own rate", `document.getElementById("wanted").textContent === "wanted 40/s"`)

			if browser.Eval[bool](p, `document.documentElement.scrollWidth > innerWidth`) {
				t.Error("the page is wider than its window")
			}
			p.Picture("console-" + look.name + ".png")
			p.Quiet(at)

			browser.Eval[bool](p, `document.getElementById("stop").click(), true`)
			p.Wait("a question", `document.getElementById("stop").textContent.includes("really")`)
			browser.Eval[bool](p, `document.getElementById("stop").click(), true`)
			var failure *cli.Failure
			if err := <-ended; !errors.As(err, &failure) || failure.Code != cli.Undone || !strings.Contains(err.Error(), errConsole.Error()) {
				t.Errorf("the run ended with %v, want %v", err, errConsole)
			}
			p.Wait("the end", `document.body.dataset.phase === "gone" && [...document.querySelectorAll("button")].every((b) => b.disabled)`)
			p.Picture("console-" + look.name + "-over.png")
		})
	}
}

// turn types a value and presses a button.
func turn(p *browser.Tab, input, value, button string) {
	browser.Eval[bool](p, fmt.Sprintf(`document.getElementById(%q).value = %q, document.querySelector(%q).click(), true`, input, value, button))
}

// startWatched starts a run of an hour at 40 a second with a console, and
// returns where that is and how the run ends.
func startWatched(t *testing.T, target string) (at string, ended <-chan error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	stderr, over := &watched{found: make(chan string, 1)}, make(chan error, 1)
	go func() {
		over <- run(ctx, []string{"run", "-target", target, "-rate", "40", "-duration", "1h",
			"-ledger", filepath.Join(t.TempDir(), "run.ledger"), "-listen", "127.0.0.1:0"}, &bytes.Buffer{}, stderr)
		close(over)
	}()
	t.Cleanup(func() { stop(); <-over })
	select {
	case at = <-stderr.found:
		return at, over
	case err := <-over:
		t.Fatal(err)
		return "", nil
	}
}
