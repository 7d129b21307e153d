package store

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"plumbline/demo-app/icat"
)

// jsonOf makes objects comparable as a client sees them.
func jsonOf(objects ...icat.Object) string { return string(icat.AppendArray(nil, objects)) }

func includeTrees(t *testing.T, w world) {
	for _, row := range []struct {
		proves, entity, include string
		id                      int64
	}{
		{"a to-one", "Dataset", `"investigation"`, 7},
		{"a to-one that leads nowhere is left out", "Sample", `"type"`, 1},
		{"a to-many comes by id", "Investigation", `"datasets"`, 3},
		{"an empty to-many is an array", "User", `"instrumentScientists"`, 2},
		{"several, and several levels", "Investigation", `["type", {"investigationUsers": "user"}, {"investigationInstruments": {"instrument": "facility"}}, "keywords"]`, 5},
		{"there and back again", "Dataset", `{"investigation": {"datasets": "type"}}`, 9},
		{"both branches of one relation", "Datafile", `{"dataset": ["type", "sample", {"investigation": "facility"}]}`, 20},
		{"what belongs to the file", "Datafile", `[{"parameters": "type"}, "datafileFormat"]`, 20},
	} {
		e := lookup(row.entity)
		include, err := icat.ParseInclude(e, row.include)
		if err != nil {
			t.Fatal(err)
		}
		for part, who := range w.who {
			if !w.model.reads(who, e, row.id) {
				continue
			}
			got, err := w.Get(t.Context(), as(who), e, row.id, include)
			if diff := gocmp.Diff(jsonOf(w.model.object(who, e, row.id, include)), jsonOf(got)); diff != "" || err != nil {
				t.Errorf("%s, for the %s: (-want +got), %v:\n%s", row.proves, part, err, diff)
			}
		}
	}
}

// includesHide walks from what is public to what is not.
func includesHide(t *testing.T, w world) {
	e := lookup("Instrument")
	f := filter(t, e, "include", `{"investigationInstruments": {"investigation": "datasets"}}`)
	var sizes []int
	for _, part := range []string{"anonymous", "member", "root"} {
		who := w.who[part]
		got, err := w.List(t.Context(), as(who), e, f)
		var want []icat.Object
		total := 0
		for _, id := range w.model.list(who, e, f) {
			want = append(want, w.model.object(who, e, id, f.Include))
			total += want[len(want)-1].Count()
		}
		if diff := gocmp.Diff(jsonOf(want...), jsonOf(got...)); diff != "" || err != nil {
			t.Errorf("for %s (-want +got), %v:\n%s", part, err, diff)
		}
		sizes = append(sizes, total)
	}
	if !(sizes[0] < sizes[1] && sizes[1] < sizes[2]) {
		t.Errorf("%v entities for anonymous, a member and root: want more for each", sizes)
	}
}

func maxEntities(t *testing.T, w world) {
	datafile, dataset := lookup("Datafile"), lookup("Dataset")
	total := len(w.model.objects["Datafile"])
	for _, row := range []struct {
		proves     string
		e          *icat.Entity
		parameters []string
		want       icat.Code
		count      int // entities that the answer holds
	}{
		{"the whole small facility fits", datafile, nil, "", total},
		{"each file counts its dataset again", datafile, []string{"include", `"dataset"`}, "", 2 * total},
		{"and again the dataset's investigation", datafile, []string{"include", `{"dataset": "investigation"}`}, "", 3 * total},
		{"what stands in the answer often counts as often", datafile, []string{"include", `{"dataset": "datafiles"}`}, icat.Validation, 0},
		{"also deeper down", dataset, []string{"include", `{"datafiles": {"dataset": "investigation"}}`}, "", len(w.model.objects["Dataset"]) + 3*total},
		{"also when only that is too much", dataset, []string{"include", `{"datafiles": ["datafileFormat", {"dataset": ["investigation", "type", "sample"]}]}`}, icat.Validation, 0},
	} {
		got, err := w.List(t.Context(), as(w.who["root"]), row.e, filter(t, row.e, row.parameters...))
		count := 0
		for _, o := range got {
			count += o.Count()
		}
		if code(err) != row.want || count != row.count {
			t.Errorf("%s: %d entities, %v; want %d, code %q", row.proves, count, err, row.count, row.want)
		}
		if row.want != "" && !strings.Contains(err.Error(), "attempt to process more than 10000 entities") {
			t.Errorf("%s: %v", row.proves, err)
		}
	}
}

func ordersAndPages(t *testing.T, w world) {
	for _, row := range []struct {
		proves, entity string
		order          []string
		less           func(a, b icat.Object) int
	}{
		{"no order is by id", "Dataset", nil, nil},
		{"a text, backwards", "Dataset", []string{"name desc"}, func(a, b icat.Object) int { return -cmp.Compare(a.Text("name"), b.Text("name")) }},
		{"nulls come first", "Sample", []string{"pid"}, func(a, b icat.Object) int { return cmp.Compare(a.Text("pid"), b.Text("pid")) }},
		{"a boolean, then a number", "Dataset", []string{"complete desc", "fileCount"}, func(a, b icat.Object) int {
			if a.Value("complete") != b.Value("complete") {
				return map[bool]int{true: -1, false: 1}[a.Value("complete").(bool)]
			}
			return cmp.Compare(number(a, "fileCount"), number(b, "fileCount"))
		}},
		{"a field of a to-one", "Dataset", []string{"investigation.title", "type.name desc"}, func(a, b icat.Object) int {
			return cmp.Or(
				cmp.Compare(w.model.at(a, "investigation").Text("title"), w.model.at(b, "investigation").Text("title")),
				-cmp.Compare(w.model.at(a, "type").Text("name"), w.model.at(b, "type").Text("name")))
		}},
		{"two steps away", "Datafile", []string{"dataset.investigation.visitId desc"}, func(a, b icat.Object) int {
			visit := func(o icat.Object) string {
				return w.model.at(w.model.at(o, "dataset"), "investigation").Text("visitId")
			}
			return -cmp.Compare(visit(a), visit(b))
		}},
		{"a to-one that may be null", "Datafile", []string{"datafileFormat.name"}, func(a, b icat.Object) int {
			return cmp.Compare(w.model.at(a, "datafileFormat").Text("name"), w.model.at(b, "datafileFormat").Text("name"))
		}},
	} {
		e, who := lookup(row.entity), w.who["member"]
		want := w.model.list(who, e, icat.Filter{})
		if row.less != nil {
			slices.SortStableFunc(want, func(a, b int64) int { return row.less(w.model.objects[e.Name][a-1], w.model.objects[e.Name][b-1]) })
		}
		for _, page := range [][2]string{{"20", "0"}, {"7", "13"}, {"0", "0"}, {"5", "1000000"}} {
			parameters := []string{"limit", page[0], "skip", page[1]}
			for _, o := range row.order {
				parameters = append(parameters, "order", o)
			}
			f := filter(t, e, parameters...)
			from := min(f.Skip, len(want))
			got, err := w.List(t.Context(), as(who), e, f)
			if diff := gocmp.Diff(want[from:min(from+f.Limit, len(want))], ids(got)); diff != "" || err != nil {
				t.Errorf("%s, %v of the pages: (-want +got), %v:\n%s", row.proves, page, err, diff)
			}
		}
	}
}

// number returns a whole number, -1 for null: smaller than all there are.
func number(o icat.Object, field string) int64 {
	if n, ok := o.Value(field).(int64); ok {
		return n
	}
	return -1
}

// at returns what a to-one relation leads to, an object of nulls if nothing.
func (m *model) at(o icat.Object, relation string) icat.Object {
	r, _ := o.Entity.Relation(relation)
	if id := m.keys[o.Entity.Name][o.ID()-1][relation]; id != 0 {
		return m.objects[r.To][id-1]
	}
	return icat.NewObject(r.Entity())
}

// strangeTexts are answered, whatever bytes are in them.
func strangeTexts(t *testing.T, w world) {
	for _, text := range []string{"", "\x00", "a\x00b", "\xff\xfe", "\xed\xa0\x80", "😀", "Å", strings.Repeat("x", 100_000), strings.Repeat("a ", 128), "' OR 1=1 --", "\\", "%_!"} {
		if _, err := w.UserByName(t.Context(), text); code(err) != icat.NoSuchObject {
			t.Errorf("a user called %.20q: %v", text, err)
		}
		if _, err := w.CheckPassword(t.Context(), icat.Credentials{Username: text, Password: text}); code(err) != icat.BadSession {
			t.Errorf("the login of %.20q: %v", text, err)
		}
		e := lookup("Investigation")
		if _, err := w.Search(t.Context(), as(text), icat.Search{Target: e, Text: text, User: text, MaxCount: 1}); err != nil {
			t.Errorf("a search for %.20q: %v", text, err)
		}
		title, _ := e.Field("title")
		for _, op := range []icat.Op{icat.Eq, icat.Lt, icat.Like, icat.ILike} {
			if _, err := w.Count(t.Context(), as(text), e, icat.Filter{Where: []icat.Condition{{Field: title, Op: op, Values: []any{text}}}}); err != nil {
				t.Errorf("title %s %.20q: %v", op, text, err)
			}
		}
	}
	e := lookup("Dataset")
	id, _ := e.Field("id")
	for _, n := range []int64{math.MinInt64, math.MaxInt64, 0, -1} {
		if _, err := w.List(t.Context(), as(w.who["member"]), e, icat.Filter{Limit: 1, Where: []icat.Condition{{Field: id, Op: icat.Gt, Values: []any{n}}}}); err != nil {
			t.Errorf("id > %d: %v", n, err)
		}
		if _, err := w.Get(t.Context(), as(w.who["member"]), e, n, nil); code(err) != icat.NoSuchObject {
			t.Errorf("id %d: %v", n, err)
		}
	}
}

func distinctCombinations(t *testing.T, w world) {
	for _, row := range []struct {
		proves, entity, distinct string
	}{
		{"a field with nulls", "DatafileParameter", `"stringValue"`},
		{"two fields", "InvestigationUser", `["role", "createId"]`},
		{"a date", "Investigation", `"releaseDate"`},
	} {
		e, who := lookup(row.entity), w.who["member"]
		f := filter(t, e, "distinct", row.distinct)
		want := map[string]bool{}
		for _, id := range w.model.list(who, e, f) {
			o := icat.NewObject(e)
			for _, field := range f.Distinct {
				o.Set(field.Name, w.model.objects[e.Name][id-1].Value(field.Name))
			}
			want[jsonOf(o)] = true
		}
		got, err := w.List(t.Context(), as(who), e, f)
		if len(got) != len(want) || err != nil {
			t.Errorf("%s: %d combinations, %v; want %d", row.proves, len(got), err, len(want))
		}
		for _, o := range got {
			if !want[jsonOf(o)] {
				t.Errorf("%s: %s is none of the catalogue", row.proves, jsonOf(o))
			}
		}
		if n, err := w.Count(t.Context(), as(who), e, f); n != int64(len(want)) || err != nil {
			t.Errorf("%s: counts %d, %v; want %d", row.proves, n, err, len(want))
		}
	}
	e := lookup("Dataset")
	if _, err := w.List(t.Context(), as(w.who["root"]), e, filter(t, e, "distinct", `"name"`, "order", "startDate")); code(err) != icat.BadParameter {
		t.Errorf("an order by what is not distinct: %v, want BAD_PARAMETER", err)
	}
	got, err := w.List(t.Context(), as(w.who["root"]), e, filter(t, e, "distinct", `["complete", "name"]`, "order", "name desc", "limit", "3"))
	if err != nil || len(got) != 3 || got[0].Text("name") < got[2].Text("name") || got[0].ID() != 0 {
		t.Errorf("by name, backwards: %s, %v", jsonOf(got...), err)
	}
}
