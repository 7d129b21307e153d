package store

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"plumbline/demo-app/icat"
)

// written is all that generated SQL may consist of: words, placeholders,
// numbers of our own, and these signs. No quotes, no semicolon, no comment.
var written = regexp.MustCompile(`^(?:[A-Za-z_][A-Za-z0-9_]*|\d+|[ ?(),.*]|<>|<=|>=|[<>=])*$`)

// words returns what may stand in SQL between the signs: names of the schema
// and keywords.
func words(all tables) map[string]bool {
	known := map[string]bool{}
	for _, t := range all {
		known[t.name] = true
		for _, c := range t.columns {
			known[c] = true
		}
		for _, k := range t.key {
			known[k] = true
		}
	}
	for _, w := range strings.Fields(`SELECT DISTINCT COUNT FROM WHERE AND OR NOT IN IS NULL EXISTS BETWEEN INSTR LOWER LEFT JOIN ON ORDER BY DESC
		LIMIT OFFSET investigation_user investigation_instrument instrument_scientist`) {
		known[w] = true
	}
	return known
}

// foreign returns the first word of a text that is not known, or the whole
// text if it has other signs than SQL of ours.
func foreign(text string, known map[string]bool) string {
	if !written.MatchString(text) {
		return text
	}
	alias := regexp.MustCompile(`^t\d+$`)
	for _, w := range regexp.MustCompile(`[A-Za-z_]\w*`).FindAllString(text, -1) {
		if !known[w] && !alias.MatchString(w) {
			return w
		}
	}
	return ""
}

func FuzzWhere(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"name":{"eq":"x' OR '1'='1"}}`, `"name desc"`},
		{`{"investigation.investigationUsers.user.name":{"ilike":"%'; DROP TABLE user_; --"}}`, `investigation.title`},
		{`{"sample.id":{"isnull":true},"fileSize":{"between":[1,2]}}`, `id; DROP TABLE user_`},
		{`{"name":{"in":["a","b\u0000"]},"complete":{"ne":true}}`, `sample.type.name asc`},
		{`{"name) OR 1=1 --":{"eq":1}}`, ``},
	} {
		f.Add(seed[0], seed[1])
	}
	all := newTables()
	known := words(all)
	e := lookup("Dataset")
	f.Fuzz(func(t *testing.T, where, order string) {
		filter, err := icat.ParseFilter(e, url.Values{"where": {where}, "order": {order}}, icat.ListParameters())
		if err != nil {
			return
		}
		for _, c := range []caller{{name: "Karen482", now: 1}, {all: true}, {name: icat.Anonymous, now: 1}} {
			q := &query{tables: all, caller: c}
			at := q.alias()
			q.text("SELECT ")
			q.columns(e, at, e.Fields, nil)
			q.text(" FROM ", all[e].name, " ", at)
			by := q.joinOrder(e, at, filter.Order)
			q.where(e, at, filter.Where)
			q.order(at, by)
			text := q.sql.String()
			if word := foreign(text, known); word != "" {
				t.Errorf("%q is not ours in\n%s", word, text)
			}
			if got := strings.Count(text, "?"); got != len(q.args) {
				t.Errorf("%d placeholders for %d values in\n%s", got, len(q.args), text)
			}
		}
	})
}

// The fuzz test would notice.
func TestForeignTextIsNoticed(t *testing.T) {
	known := words(newTables())
	for _, text := range []string{"SELECT name FROM dataset WHERE name = 'x'", "SELECT name FROM dataset; DROP TABLE user_", "SELECT secret FROM dataset", "SELECT name -- FROM dataset"} {
		if foreign(text, known) == "" {
			t.Errorf("%q passes", text)
		}
	}
	if word := foreign("SELECT t1.name FROM dataset t1 WHERE t1.id = ?", known); word != "" {
		t.Errorf("%q of our own is refused", word)
	}
}
