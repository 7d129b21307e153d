package board_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline/dashboards"
	"plumbline/localweb/browser"
)

// settled is true when every panel has left the loading state.
const settled = `document.querySelectorAll(".card").length > 0 && document.getElementById("panels").getAttribute("aria-busy") === "false" && !document.querySelector('.card[data-state="loading"]')`

// painted counts the charts whose canvas holds more than its background.
const painted = `[...document.querySelectorAll("canvas")].filter((c) => {
	const pixels = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
	const colours = new Set();
	for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] > 200) colours.add(pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2]);
	return colours.size > 3;
}).length`

func TestPage(t *testing.T) {
	chromium := browser.Start(t)
	all := len(dashboards.RED().Panels)

	for _, look := range []struct {
		name          string
		width, height int64
		scheme        string
	}{
		{"board-desktop-light.png", 1280, 900, "light"},
		{"board-desktop-dark.png", 1280, 900, "dark"},
		{"board-phone-light.png", 390, 844, "light"},
		{"board-phone-dark.png", 390, 844, "dark"},
	} {
		t.Run("draws every panel: "+look.name, func(t *testing.T) {
			srv := serve(t, &recorded{})
			p := chromium.Open(t, srv.URL+"/?range=5m", look.width, look.height, look.scheme)
			p.Wait("all panels", settled)
			for _, panel := range dashboards.RED().Panels {
				if got := browser.Eval[string](p, `document.getElementById("`+panel.ID+`").dataset.state`); got != "drawn" {
					t.Errorf("%s is %s, want drawn", panel.ID, got)
				}
				if text := browser.Eval[string](p, `document.getElementById("`+panel.ID+`").innerText`); !strings.Contains(text, panel.Title) || !strings.Contains(text, panel.Purpose) {
					t.Errorf("%s does not say what it is: %q", panel.ID, text)
				}
			}
			if n := browser.Eval[int](p, painted); n != 4 {
				t.Errorf("%d charts are painted, want 4", n)
			}
			if got := browser.Eval[string](p, `document.querySelector("#requests .big").textContent`); got != "20,000" {
				t.Errorf("requests reads %q, want 20,000", got)
			}
			if rows := browser.Eval[int](p, `document.querySelectorAll("#requests-by-route tbody tr").length`); rows != 8 {
				t.Errorf("%d routes in the table, want 8", rows)
			}
			if browser.Eval[bool](p, `document.documentElement.scrollWidth > innerWidth`) {
				t.Error("the page is wider than its window")
			}
			p.Picture(look.name)
			p.Quiet(srv.URL)
		})
	}

	for _, d := range dashboards.All() {
		t.Run("draws every dashboard: "+d.ID, func(t *testing.T) {
			srv := serve(t, &recorded{})
			p := chromium.Open(t, srv.URL+"/?range=5m&dashboard="+d.ID, 1280, 900, "light")
			p.Wait("all panels", settled)
			for _, panel := range d.Panels {
				if got := browser.Eval[string](p, `document.getElementById("`+panel.ID+`").dataset.state`); got != "drawn" {
					t.Errorf("%s is %s, want drawn", panel.ID, got)
				}
			}
			if got := browser.Eval[string](p, `document.querySelector("#dashboards [aria-current]").textContent`); got != d.Title {
				t.Errorf("%q is marked as the current dashboard", got)
			}
			if browser.Eval[bool](p, `document.documentElement.scrollWidth > innerWidth`) {
				t.Error("the page is wider than its window")
			}
			p.Picture("board-" + d.ID + ".png")
			p.Quiet(srv.URL)
		})
	}

	t.Run("is small: the page and all that it draws with", func(t *testing.T) {
		srv := serve(t, &recorded{})
		p := chromium.Open(t, srv.URL+"/?range=5m", 1280, 900, "light")
		p.Wait("all panels", settled)
		bytes := browser.Eval[int](p, `[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].filter((e) => !e.name.includes("/api/")).reduce((sum, e) => sum + e.encodedBodySize, 0)`)
		if bytes < 50_000 || bytes > 150_000 {
			t.Errorf("%d bytes are loaded before data, want at most 150,000", bytes)
		}
		t.Logf("%d bytes; the page was there after %d ms, its data after %d ms", bytes,
			browser.Eval[int](p, `Math.round(performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd)`),
			browser.Eval[int](p, `Math.round(Math.max(...performance.getEntriesByType("resource").map((e) => e.responseEnd)))`))
	})

	t.Run("a group leads to its own dashboard, and back", func(t *testing.T) {
		srv := serve(t, &recorded{})
		p := chromium.Open(t, srv.URL+"/?range=5m", 1280, 900, "light")
		p.Wait("all panels", settled)
		browser.Eval[bool](p, `document.querySelector("#requests-by-route th a").click(), true`)
		p.Wait("the route's dashboard", `document.getElementById("title").textContent === "One route" && !document.getElementById("only").hidden`)
		if got := browser.Eval[string](p, `document.getElementById("only").innerText`); !strings.Contains(got, "http.route is /") {
			t.Errorf("narrowed to %q", got)
		}
		browser.Eval[bool](p, `document.querySelector("#only button").click(), true`)
		p.Wait("all routes", `document.getElementById("only").hidden`)
		browser.Eval[bool](p, `document.dispatchEvent(new KeyboardEvent("keydown", { key: "1", bubbles: true })), true`)
		p.Wait("the first dashboard by its key", `document.getElementById("title").textContent === "Service RED"`)
		browser.Eval[bool](p, `history.back(), true`)
		p.Wait("the one before", `document.getElementById("title").textContent === "One route"`)
		p.Quiet(srv.URL)
	})

	t.Run("dragging over a chart looks closer", func(t *testing.T) {
		srv := serve(t, &recorded{})
		p := chromium.Open(t, srv.URL+"/?range=5m", 1280, 900, "light")
		p.Wait("all panels", settled)
		browser.Eval[bool](p, `(() => {
			const over = document.querySelector("#duration .u-over"), box = over.getBoundingClientRect();
			const at = (share) => ({ clientX: box.left + box.width * share, clientY: box.top + 50, movementX: 5, bubbles: true, button: 0 });
			[["mousemove", 0.3], ["mousedown", 0.3], ["mousemove", 0.5], ["mousemove", 0.6], ["mouseup", 0.6]].forEach(([name, share], i) =>
				setTimeout(() => (name === "mouseup" ? document : over).dispatchEvent(new MouseEvent(name, at(share))), 100 * i));
			return true;
		})()`)
		p.Wait("a time of its own", `new URLSearchParams(location.search).has("from") && document.getElementById("range").value === "chosen"`)
		p.Quiet(srv.URL)
	})

	t.Run("an empty range says so and draws no zero", func(t *testing.T) {
		srv := serve(t, &recorded{empty: true})
		p := chromium.Open(t, srv.URL+"/?range=5m", 1280, 900, "light")
		p.Wait("all panels", settled)
		if n := browser.Eval[int](p, `[...document.querySelectorAll(".card .body")].filter((b) => b.innerText.startsWith("No data in this range")).length`); n != all {
			t.Errorf("%d of all panels say that there is no data", n)
		}
		if n := browser.Eval[int](p, `document.querySelectorAll("canvas, .big, tbody").length`); n != 0 {
			t.Errorf("%d drawings of nothing", n)
		}
		p.Quiet(srv.URL)
	})

	t.Run("a missing Elasticsearch is said and recovered from", func(t *testing.T) {
		source := &recorded{}
		srv := serve(t, source)
		p := chromium.Open(t, srv.URL+"/?range=5m", 1280, 900, "dark")
		p.Wait("all panels", settled)
		source.fail(hinted{"search: 127.0.0.1:9200: connection refused", "is Elasticsearch running?"})
		p.Wait("panels that say so", `[...document.querySelectorAll(".card .body")].filter((b) =>
			b.innerText.includes("connection refused") && b.innerText.includes("is Elasticsearch running?")).length === `+strconv.Itoa(all))
		if text := browser.Eval[string](p, `document.getElementById("state").textContent`); !strings.Contains(text, fmt.Sprintf("%d of %d panels without an answer", all, all)) {
			t.Errorf("the page's state reads %q", text)
		}
		source.fail(nil)
		p.Wait("recovery", `document.querySelectorAll('.card[data-state="drawn"]').length === `+strconv.Itoa(all))
		if n := browser.Eval[int](p, painted); n != 4 {
			t.Errorf("%d charts are painted after recovery, want 4", n)
		}
		p.Quiet(srv.URL)
	})

	t.Run("a stopped board is said", func(t *testing.T) {
		srv := serve(t, &recorded{})
		p := chromium.Open(t, srv.URL+"/?range=5m", 1280, 900, "light")
		p.Wait("all panels", settled)
		srv.CloseClientConnections()
		srv.Close()
		p.Wait("the banner", `!document.getElementById("banner").hidden && document.getElementById("banner").innerText.includes("does not answer")`)
	})

	t.Run("the query shown is the query sent", func(t *testing.T) {
		source := &recorded{}
		srv := serve(t, source)
		p := chromium.Open(t, srv.URL+"/?range=5m", 1280, 900, "light")
		p.Wait("all panels", settled)
		browser.Eval[bool](p, `document.getElementById("pause").click(), document.querySelector("#duration summary").click(), true`)
		shown := browser.Eval[string](p, `document.querySelector("#duration pre").innerText`)
		source.mu.Lock()
		sent := source.panels["duration"]
		source.mu.Unlock()
		if shown == "" || shown != sent {
			t.Errorf("shown:\n%s\nsent:\n%s", shown, sent)
		}
		p.Quiet(srv.URL)
	})

	t.Run("pause stops asking and resume goes on", func(t *testing.T) {
		source := &recorded{}
		srv := serve(t, source)
		p := chromium.Open(t, srv.URL+"/?range=5m", 1280, 900, "light")
		p.Wait("all panels", settled)
		browser.Eval[bool](p, `document.getElementById("pause").click(), true`)
		p.Wait("the paused state", `document.body.dataset.state === "paused" && document.getElementById("pause").textContent === "Resume"`)
		source.fail(hinted{"gone", ""})
		browser.Eval[bool](p, `document.getElementById("pause").click(), true`)
		p.Wait("an answer after resume", `document.body.dataset.state === "bad"`)
		p.Quiet(srv.URL)
	})

	t.Run("a run can be chosen and is kept in the address", func(t *testing.T) {
		srv := serve(t, &recorded{})
		p := chromium.Open(t, srv.URL+"/", 1280, 900, "light")
		p.Wait("all panels", settled)
		browser.Eval[bool](p, `(() => { const s = document.getElementById("run"); s.value = "`+seedRun+`"; s.dispatchEvent(new Event("change", { bubbles: true })); return true; })()`)
		p.Wait("the run's query", `document.querySelector("#requests pre").textContent.includes("`+seedRun+`")`)
		if got := browser.Eval[string](p, `location.search`); got != "?dashboard=red&range=run&run="+seedRun {
			t.Errorf("address is %s", got)
		}
		p.Quiet(srv.URL)
	})

	t.Run("a chart tells the bucket under the pointer", func(t *testing.T) {
		srv := serve(t, &recorded{})
		p := chromium.Open(t, srv.URL+"/?range=5m", 1280, 900, "light")
		p.Wait("all panels", settled)
		whole := browser.Eval[string](p, `document.querySelector("#duration .legend").innerText`)
		browser.Eval[bool](p, `(() => {
			const over = document.querySelector("#duration .u-over"), box = over.getBoundingClientRect();
			over.dispatchEvent(new MouseEvent("mousemove", { clientX: box.left + box.width * 0.8, clientY: box.top + 50, bubbles: true }));
			return true;
		})()`)
		p.Wait("a bucket's time", `/^[0-9:]+.* – [0-9:]+$/.test(document.querySelector("#duration .when").textContent)`)
		if at := browser.Eval[string](p, `document.querySelector("#duration .legend").innerText`); at == whole {
			t.Errorf("the legend still shows the whole range: %s", at)
		}
		p.Quiet(srv.URL)
	})

	t.Run("noise would be noticed", func(t *testing.T) {
		srv := serve(t, &recorded{})
		p := chromium.Open(t, srv.URL+"/?range=5m", 1280, 900, "light")
		p.Wait("all panels", settled)
		elsewhere := serve(t, &recorded{})
		browser.Eval[bool](p, `console.error("something broke"), setTimeout(() => { throw new Error("nobody caught this"); }), true`)
		browser.Eval[bool](p, `fetch("`+elsewhere.URL+`/healthz").catch(() => { document.title = "refused"; }), true`)
		p.Wait("the refusal of a foreign origin", `document.title === "refused"`)
		heard := func() string { return strings.Join(p.Noise("http://another.example"), "\n") }
		const violation = "Content Security Policy" // which is told a moment later
		noise := heard()
		for end := time.Now().Add(10 * time.Second); !strings.Contains(noise, violation) && time.Now().Before(end); noise = heard() {
			time.Sleep(50 * time.Millisecond)
		}
		for _, want := range []string{"something broke", "nobody caught this", violation, "asked " + srv.URL, "no request to http://another.example"} {
			if !strings.Contains(noise, want) {
				t.Errorf("%q was not noticed in:\n%s", want, noise)
			}
		}
	})

	t.Run("everything is labelled for those who do not see it", func(t *testing.T) {
		srv := serve(t, &recorded{})
		p := chromium.Open(t, srv.URL+"/?range=5m", 1280, 900, "light")
		p.Wait("all panels", settled)
		for what, expression := range map[string]string{
			"a language":                  `document.documentElement.lang === "en"`,
			"one main, header and footer": `["main", "header", "footer", "h1"].every((n) => document.querySelectorAll(n).length === 1)`,
			"a heading for every panel":   `[...document.querySelectorAll("section")].every((s) => document.getElementById(s.getAttribute("aria-labelledby"))?.textContent)`,
			"a label for every control":   `[...document.querySelectorAll("select, button")].every((c) => c.labels?.[0]?.textContent.trim() || c.textContent.trim())`,
			"words for every chart":       `[...document.querySelectorAll(".uplot")].every((c) => c.getAttribute("role") === "img" && /whole range: .*[0-9]/.test(c.getAttribute("aria-label")))`,
			"scopes in the table":         `[...document.querySelectorAll("th")].every((h) => h.scope)`,
		} {
			if !browser.Eval[bool](p, expression) {
				t.Errorf("the page lacks %s", what)
			}
		}
		const contrast = `(() => {
			const light = (c) => { const [r, g, b] = c.match(/[\d.]+/g).map(Number).map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
			const back = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\)$|transparent/.test(c)) return c; } return "rgb(255, 255, 255)"; };
			return [...document.querySelectorAll("h1, h2, p, span, th, td, summary, button, select, b")].filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())).map((e) => {
				const [a, b] = [light(getComputedStyle(e).color), light(back(e))].sort((x, y) => y - x);
				return [(a + 0.05) / (b + 0.05), e.className + " " + e.textContent.slice(0, 30)];
			}).filter(([r]) => r < 4.5).map(([r, w]) => r.toFixed(2) + " " + w).join("; ");
		})()`
		if bad := browser.Eval[string](p, contrast); bad != "" {
			t.Errorf("too little contrast in light: %s", bad)
		}
		dark := chromium.Open(t, srv.URL+"/?range=5m", 1280, 900, "dark")
		dark.Wait("all panels", settled)
		if bad := browser.Eval[string](dark, contrast); bad != "" {
			t.Errorf("too little contrast in dark: %s", bad)
		}
	})
}
