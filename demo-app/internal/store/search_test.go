package store

import (
	"context"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"plumbline/demo-app/icat"
)

// score is what the documentation of Search promises, 0 for no hit.
func (m *model) score(e *icat.Entity, id int64, text string) float64 {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return 1
	}
	o, total := m.objects[e.Name][id-1], 0.0
	for _, word := range words {
		weight := 0.0
		for field, w := range map[string]float64{"name": 4, "title": 4, "summary": 1, "description": 1} {
			if strings.Contains(strings.ToLower(o.Text(field)), word) {
				weight += w
			}
		}
		if e.Name == "Investigation" && slices.ContainsFunc(m.children["Investigation.keywords"][id], func(k int64) bool {
			return strings.Contains(strings.ToLower(m.objects["Keyword"][k-1].Text("name")), word)
		}) {
			weight += 2
		}
		if weight == 0 {
			return 0
		}
		total += weight
	}
	return total / float64(len(words))
}

// search returns the ids in order.
func (m *model) search(who string, q icat.Search) []int64 {
	found := []int64{}
	in := func(id int64, user string) bool {
		e := q.Target
		for e.Owner != "" {
			owner, _ := e.Relation(e.Owner)
			id, e = m.keys[e.Name][id-1][e.Owner], owner.Entity()
		}
		return slices.Contains(m.facility.InvestigationsOf(m.users[user]), id)
	}
	for i, o := range m.objects[q.Target.Name] {
		id := int64(i + 1)
		begin, _ := o.Value("startDate").(icat.Time)
		end, _ := o.Value("endDate").(icat.Time)
		if q.Target.Name == "Datafile" {
			begin, _ = o.Value("datafileCreateTime").(icat.Time)
			end, _ = o.Value("datafileModTime").(icat.Time)
		}
		switch {
		case m.score(q.Target, id, q.Text) == 0, !m.reads(who, q.Target, id),
			!q.Lower.IsZero() && begin.Time().Before(q.Lower.Time()), !q.Upper.IsZero() && (end.IsZero() || end.Time().After(q.Upper.Time())),
			q.User != "" && !in(id, q.User), q.Restrict && !in(id, who):
		default:
			found = append(found, id)
		}
	}
	slices.SortStableFunc(found, func(a, b int64) int {
		if d := m.score(q.Target, b, q.Text) - m.score(q.Target, a, q.Text); d != 0 {
			return int(d * 1000)
		}
		return 0
	})
	return found
}

func searches(t *testing.T, w world) {
	word := strings.Fields(w.model.objects["Investigation"][2].Text("title"))[0]
	key := w.model.objects["Keyword"][10].Text("name")
	file := w.model.objects["Datafile"][4].Text("name")
	year := func(text string) icat.Time {
		at, err := icat.ParseTime(text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	found := 0
	for _, row := range []struct {
		proves  string
		q       icat.Search
		several bool // blocks to a page
	}{
		{"a word of a title", icat.Search{Target: lookup("Investigation"), Text: word}, false},
		{"case does not matter", icat.Search{Target: lookup("Investigation"), Text: swapCase(word)}, false},
		{"a keyword counts", icat.Search{Target: lookup("Investigation"), Text: key}, false},
		{"all words must occur", icat.Search{Target: lookup("Investigation"), Text: word + " " + key}, false},
		{"no words match everything", icat.Search{Target: lookup("Dataset")}, false},
		{"more than a block of candidates", icat.Search{Target: lookup("Datafile")}, false},
		{"more than a block to a page", icat.Search{Target: lookup("Datafile")}, true},
		{"nothing is found", icat.Search{Target: lookup("Datafile"), Text: "no such word"}, false},
		{"SQL's wildcards are none", icat.Search{Target: lookup("Datafile"), Text: "%"}, false},
		{"a part of a file's name", icat.Search{Target: lookup("Datafile"), Text: file[:len(file)/2]}, false},
		{"only what I take part in", icat.Search{Target: lookup("Datafile"), Restrict: true}, false},
		{"only what somebody else takes part in", icat.Search{Target: lookup("Dataset"), User: w.who["scientist"]}, false},
		{"dates", icat.Search{Target: lookup("Investigation"), Lower: year("2008-01-01"), Upper: year("2019-01-01")}, false},
		{"dates of files", icat.Search{Target: lookup("Datafile"), Lower: year("2008-01-01"), Upper: year("2019-01-01")}, false},
	} {
		for _, part := range []string{"anonymous", "member", "root"} {
			who := w.who[part]
			want := w.model.search(who, row.q)
			found += len(want)
			// All of them, page by page.
			got := []int64{}
			q := row.q
			q.MinCount, q.MaxCount = 10, 700
			if row.several {
				q.MinCount, q.MaxCount = 1200, 1500 // more than one block holds
			}
			for {
				page, err := w.Search(t.Context(), as(who), q)
				if err != nil {
					t.Fatalf("%s, %s: %v", row.proves, part, err)
				}
				for _, h := range page.Results {
					got = append(got, h.ID)
					if want := w.model.score(q.Target, h.ID, q.Text); h.Score != want {
						t.Errorf("%s, %s: %d scores %v, want %v", row.proves, part, h.ID, h.Score, want)
					}
					if h.Source.ID() != h.ID || h.Source.Text("name") != w.model.objects[q.Target.Name][h.ID-1].Text("name") {
						t.Errorf("%s, %s: the source of %d is %s", row.proves, part, h.ID, jsonOf(h.Source))
					}
				}
				if len(page.Results) > q.MaxCount || len(page.Results) < q.MinCount && page.After != "" {
					t.Errorf("%s, %s: a page of %d with After %s", row.proves, part, len(page.Results), page.After)
				}
				if q.After = page.After; q.After == "" {
					break
				}
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s: (-want +got)\n%s", row.proves, part, diff)
			}
		}
	}
	if found < 5000 {
		t.Errorf("all searches together find %d: the rows prove nothing", found)
	}
}

// A page that ends where a block of candidates does must not name the block's
// last one to who may not read it: with its weight, it would tell its words.
func searchesNameOnlyTheReadable(t *testing.T, w world) {
	file := lookup("Datafile")
	hidden := int64(searchBlock) // of the whole facility, in order: without words all weigh the same
	for w.model.reads("anonymous", file, hidden) {
		hidden++
	}
	before := candidate{weight: 1, id: hidden - searchBlock}
	for _, row := range []struct {
		proves string
		least  int
	}{{"a page of one block", 10}, {"a page that may be empty", 0}} {
		q := icat.Search{Target: file, After: before.after(), MinCount: row.least, MaxCount: 2 * searchBlock}
		page, err := w.Search(t.Context(), as(icat.Anonymous), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Results) == 0 || page.After == "" {
			t.Fatalf("%s: %d results, after %q: it proves nothing", row.proves, len(page.Results), page.After)
		}
		last := candidate{weight: 1, id: page.Results[len(page.Results)-1].ID}
		if page.After != last.after() || last.id >= hidden {
			t.Errorf("%s: goes on behind %s, the last result is %d, hidden is %d", row.proves, page.After, last.id, hidden)
		}
	}
}

func searchGivesUp(t *testing.T, w world) {
	s := *w.Store
	s.searchTime = 0
	_, err := s.Search(t.Context(), as(w.who["root"]), icat.Search{Target: lookup("Datafile"), MaxCount: 10})
	if code(err) != icat.Timeout || !strings.Contains(err.Error(), "Search cancelled for exceeding 5 seconds") {
		t.Errorf("a search beyond its time: %v, want TIMEOUT", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := w.Search(gone, as(w.who["root"]), icat.Search{Target: lookup("Datafile"), MaxCount: 10}); code(err) != icat.ClientClosed {
		t.Errorf("a search whose client left: %v, want CLIENT_CLOSED", err)
	}
}
