package store

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"plumbline/demo-app/icat"
)

func parse(t *testing.T, entity, body string) []icat.Object {
	t.Helper()
	objects, err := icat.ParseObjects(lookup(entity), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// sumsOf returns fileCount and fileSize of an entity.
func sumsOf(t *testing.T, w world, entity string, id int64) [2]int64 {
	t.Helper()
	o, err := w.Get(t.Context(), as(w.who["root"]), lookup(entity), id, nil)
	if err != nil {
		t.Fatal(err)
	}
	return [2]int64{max(number(o, "fileCount"), 0), max(number(o, "fileSize"), 0)}
}

func ingests(t *testing.T, w world) {
	ingest := as(w.who["ingest"])
	before := sumsOf(t, w, "Investigation", 4)
	created, err := w.Create(t.Context(), ingest, parse(t, "Dataset",
		`[{"name":"new","complete":false,"fileCount":99,"startDate":"2024-05-01T00:00:00Z","investigation":{"id":4},"type":{"id":1},"sample":{"id":2}}]`))
	if err != nil {
		t.Fatal(err)
	}
	id := created[0].ID()
	if last := int64(len(w.model.objects["Dataset"])); id <= last {
		t.Errorf("the id is %d, want one after the facility's %d", id, last)
	}
	at := icat.At(now)
	want := fmt.Sprintf(`[{"createId":"dataingest","createTime":"%v","id":%d,"modId":"dataingest","modTime":"%v","complete":false,`+
		`"fileCount":0,"fileSize":0,"name":"new","startDate":"2024-05-01T00:00:00+00:00"}]`, at, id, at)
	if diff := gocmp.Diff(want, jsonOf(created...)); diff != "" {
		t.Errorf("as stored (-want +got):\n%s", diff)
	}
	files := parse(t, "Datafile", fmt.Sprintf(
		`[{"name":"a","fileSize":10,"dataset":{"id":%[1]d},"datafileFormat":{"id":1}},{"name":"b","fileSize":5,"dataset":{"id":%[1]d}},{"name":"c","dataset":{"id":%[1]d}}]`, id))
	stored, err := w.Create(t.Context(), ingest, files)
	if err != nil || len(stored) != 3 || stored[2].Text("name") != "c" {
		t.Fatalf("three files: %s, %v", jsonOf(stored...), err)
	}
	if got, want := sumsOf(t, w, "Dataset", id), [2]int64{3, 15}; got != want {
		t.Errorf("the dataset holds %v, want %v", got, want)
	}
	if got, want := sumsOf(t, w, "Investigation", 4), [2]int64{before[0] + 3, before[1] + 15}; got != want {
		t.Errorf("the investigation holds %v, want %v", got, want)
	}
	change, err := icat.ParseChange(lookup("Dataset"), []byte(`{"complete":true,"description":"done","fileSize":1}`))
	if err != nil {
		t.Fatal(err)
	}
	changed, err := w.Update(t.Context(), as(w.who["root"]), change, id)
	if err != nil {
		t.Fatal(err)
	}
	want = fmt.Sprintf(`[{"createId":"dataingest","createTime":"%v","id":%d,"modId":"root","modTime":"%v","complete":true,`+
		`"description":"done","fileCount":3,"fileSize":15,"name":"new","startDate":"2024-05-01T00:00:00+00:00"}]`, at, id, at)
	if diff := gocmp.Diff(want, jsonOf(changed)); diff != "" {
		t.Errorf("as changed (-want +got):\n%s", diff)
	}
	other := sumsOf(t, w, "Investigation", 5)
	change, err = icat.ParseChange(lookup("Dataset"), []byte(`{"investigation":{"id":5}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Update(t.Context(), ingest, change, id); err != nil {
		t.Fatal(err)
	}
	if got := sumsOf(t, w, "Investigation", 4); got != before {
		t.Errorf("the investigation it left holds %v, want %v", got, before)
	}
	if got, want := sumsOf(t, w, "Investigation", 5), [2]int64{other[0] + 3, other[1] + 15}; got != want {
		t.Errorf("the one it came to holds %v, want %v", got, want)
	}
}

func ingestRefuses(t *testing.T, w world) {
	taken := w.model.objects["Dataset"][0].Text("name")
	visit := w.model.keys["Dataset"][0]["investigation"]
	count := func() int64 {
		n, err := w.Count(t.Context(), as(w.who["root"]), lookup("Dataset"), icat.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	for _, row := range []struct {
		proves, who, body string
		code              icat.Code
		says              string
	}{
		{"ordinary users may not", "member", `{"name":"x","investigation":{"id":1},"type":{"id":1}}`, icat.InsufficientPrivileges, "CREATE access to this Dataset is not allowed."},
		{"nor may nobody", "anonymous", `{"name":"x","investigation":{"id":1},"type":{"id":1}}`, icat.InsufficientPrivileges, "CREATE access"},
		{"an unknown parent", "ingest", `{"name":"x","investigation":{"id":12345},"type":{"id":1}}`, icat.NoSuchObject, "Investigation[id:12345] not found."},
		{"an unknown type", "ingest", `{"name":"x","investigation":{"id":1},"type":{"id":77}}`, icat.NoSuchObject, "DatasetType[id:77] not found."},
		{"a name that is taken", "ingest", fmt.Sprintf(`{"name":%q,"investigation":{"id":%d},"type":{"id":1}}`, taken, visit),
			icat.ObjectAlreadyExists, fmt.Sprintf("Dataset exists with investigation = 'Investigation[id:%d]', name = '%s'", visit, taken)},
		{"all or none", "ingest", fmt.Sprintf(`[{"name":"fresh","investigation":{"id":%[2]d},"type":{"id":1}},{"name":%[1]q,"investigation":{"id":%[2]d},"type":{"id":1}}]`, taken, visit),
			icat.ObjectAlreadyExists, "Dataset exists with"},
		{"twice in one request", "ingest", `[{"name":"twin","investigation":{"id":1},"type":{"id":1}},{"name":"twin","investigation":{"id":1},"type":{"id":1}}]`,
			icat.ObjectAlreadyExists, "name = 'twin'"},
	} {
		_, err := w.Create(t.Context(), as(w.who[row.who]), parse(t, "Dataset", row.body))
		if code(err) != row.code || !strings.Contains(icat.AsError(err).Message, row.says) {
			t.Errorf("%s: %v; want %s: %s", row.proves, err, row.code, row.says)
		}
	}
	huge := parse(t, "Datafile", `[{"name":"huge 1","fileSize":9000000000000000000,"dataset":{"id":1}},{"name":"huge 2","fileSize":9000000000000000000,"dataset":{"id":1}}]`)
	if _, err := w.Create(t.Context(), as(w.who["ingest"]), huge); code(err) != icat.Validation {
		t.Errorf("sizes that do not fit together: %v, want VALIDATION", err)
	}
	if after := count(); after != before {
		t.Errorf("%d datasets, want still %d", after, before)
	}
	change, err := icat.ParseChange(lookup("Dataset"), []byte(`{"complete":true}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Update(t.Context(), as(w.who["member"]), change, 1); code(err) != icat.InsufficientPrivileges {
		t.Errorf("a member changes a dataset: %v", err)
	}
	if _, err := w.Update(t.Context(), as(w.who["ingest"]), change, 99999); code(err) != icat.NoSuchObject {
		t.Errorf("a change of what is not there: %v", err)
	}
}

// ingestsAtOnce writes to one dataset from many sides.
func ingestsAtOnce(t *testing.T, w world) {
	const writers, each = 8, 5
	before, visit := sumsOf(t, w, "Dataset", 1), sumsOf(t, w, "Investigation", w.model.keys["Dataset"][0]["investigation"])
	held, _ := w.Count(t.Context(), as(w.who["root"]), lookup("Datafile"), filter(t, lookup("Datafile"), "where", `{"dataset.id":{"eq":1}}`))
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for n := range each {
				body := fmt.Sprintf(`[{"name":"%d of %d","fileSize":7,"dataset":{"id":1}}]`, n, writer)
				objects, err := icat.ParseObjects(lookup("Datafile"), []byte(body))
				if err == nil {
					_, err = w.Create(t.Context(), as(w.who["ingest"]), objects)
				}
				if err != nil {
					t.Errorf("writer %d: %v", writer, err)
				}
			}
		})
	}
	all.Wait()
	after := sumsOf(t, w, "Dataset", 1)
	if want := held + writers*each; after[0] != want {
		t.Errorf("the dataset holds %d files, want %d", after[0], want)
	}
	if got, want := sumsOf(t, w, "Investigation", w.model.keys["Dataset"][0]["investigation"])[0], visit[0]+after[0]-before[0]; got != want {
		t.Errorf("the investigation holds %d files, want %d", got, want)
	}
}
