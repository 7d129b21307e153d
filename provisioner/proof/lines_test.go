package proof

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"plumbline/dashboards"
	"plumbline/dashboards/grafana/panels"
	"plumbline/provisioner/elastic"
)

// pages answers one search after the other.
type pages struct {
	node
	answers []string
	asked   []string
}

func (p *pages) Search(_ context.Context, _ string, body []byte) ([]byte, error) {
	p.asked = append(p.asked, string(body))
	if len(p.answers) == 0 {
		return nil, &elastic.Error{Status: http.StatusNotFound}
	}
	answer := p.answers[0]
	p.answers = p.answers[1:]
	return []byte(answer), nil
}

func hit(second int, route, run string) string {
	id := ""
	if run != "" {
		id = fmt.Sprintf(`,"run.id":[%q]`, run)
	}
	return fmt.Sprintf(`{"sort":[%d,"x"],"fields":{"@timestamp":["2026-01-01T00:00:%02d.5Z"],"http.route":[%q],"http.request.method":["GET"],"http.response.status_code":[200],"event.duration":[7]%s}}`, second, second, route, id)
}

func page(hits ...string) string {
	return `{"timed_out":false,"_shards":{"failed":0},"hits":{"hits":[` + strings.Join(hits, ",") + `]}}`
}

func TestLinesAreReadToTheLast(t *testing.T) {
	full := make([]string, linesPage)
	for i := range full {
		full[i] = hit(i%50, "/a", "r")
	}
	es := &pages{answers: []string{page(full...), page(hit(55, "/a", ""), hit(56, "/healthz", ""))}}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	all, err := readLines(t.Context(), es, "r", span{from, from.Add(time.Minute)}, 0)
	if err != nil || all.strays != 1 {
		t.Errorf("%d lines of no run, %v; want the one that is no probe", all.strays, err)
	}
	of := kind{"/a", "GET", "200"}
	if n := len(all.between(of, span{from, from.Add(time.Minute)})); n != linesPage+1 {
		t.Errorf("%d lines, want %d", n, linesPage+1)
	}
	if n := len(all.between(of, span{from.Add(55 * time.Second), from.Add(time.Minute)})); n != 1 {
		t.Errorf("%d lines after :55, want 1", n)
	}
	if len(es.asked) != 2 || !strings.Contains(es.asked[1], `"search_after":[49,"x"]`) {
		t.Errorf("asked %d times, then %.300s", len(es.asked), es.asked[len(es.asked)-1])
	}
	if all, err := readLines(t.Context(), &pages{}, "r", span{from, from.Add(time.Minute)}, 0); err != nil || len(all.of) > 0 {
		t.Errorf("no stream: %v, %v", all, err)
	}
}

// The first rate of a range is one of the time before it, in which a run may have
// ended: its lines are read, and the range is none the less this run's alone.
func TestLinesAreReadAsFarBackAsTheFirstWindowReaches(t *testing.T) {
	es := &pages{answers: []string{page(hit(10, "/a", "earlier"), hit(25, "/a", "r"))}}
	from := time.Date(2026, 1, 1, 0, 0, 30, 0, time.UTC)
	w := &watch{scope: dashboards.Scope{From: from, To: from.Add(time.Minute), RunID: "r"}, at: panels.At{Step: time.Second}}
	if err := w.readLines(t.Context(), es); err != nil {
		t.Fatal(err)
	}
	// 20 s of a rate, and the 10 s by which a request may be counted late and clocks differ.
	if want := fmt.Sprintf(`"gte":%d`, from.Add(-30*time.Second).UnixMilli()); !strings.Contains(es.asked[0], want) {
		t.Errorf("asked %s, want %s", es.asked[0], want)
	}
	if n := len(w.lines.between(kind{"/a", "GET", "200"}, span{from.Add(-time.Hour), from})); n != 2 || w.lines.strays != 0 {
		t.Errorf("%d lines, %d of them strays in the range; want 2 and none", n, w.lines.strays)
	}
}

func TestLinesAreReadStrictly(t *testing.T) {
	for proves, answer := range map[string]string{
		"a search that timed out":  strings.Replace(page(), "false", "true", 1),
		"a shard that failed":      strings.Replace(page(), `"failed":0`, `"failed":1`, 1),
		"a line without a status":  strings.Replace(page(hit(1, "/a", "")), `"http.response.status_code":[200],`, "", 1),
		"a time that is no time":   strings.Replace(page(hit(1, "/a", "")), "2026-01-01T", "", 1),
		"a duration that is words": strings.Replace(page(hit(1, "/a", "")), "[7]", `["long"]`, 1),
		"no answer":                "{",
	} {
		if _, err := readLines(t.Context(), &pages{answers: []string{answer}}, "", span{time.Unix(0, 0), time.Unix(1, 0)}, 0); err == nil || !strings.Contains(err.Error(), "access lines") {
			t.Errorf("%s: %v", proves, err)
		}
	}
}
