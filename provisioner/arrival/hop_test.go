package arrival

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/telemetry"
	"plumbline/provisioner/elastic"
)

// attic is what Elasticsearch holds without a search by number finding it: texts
// that it refused as documents, and documents by id.
type attic struct {
	Searcher // nothing else is asked
	run      string
	texts    []string
	stored   map[string]string // source by id
	fail     error
}

func (a attic) Search(_ context.Context, index string, body []byte) ([]byte, error) {
	if index != telemetry.StreamApp || !strings.Contains(string(body), fmt.Sprintf(`"match_phrase":{"message":%q}`, a.run)) {
		return nil, fmt.Errorf("unknown search of %s: %s", index, body)
	}
	if a.texts == nil {
		return nil, &elastic.Error{Op: "search " + index, Status: http.StatusNotFound}
	}
	var hits []object
	for _, text := range a.texts {
		hits = append(hits, object{"_source": object{"message": text, "error": object{"message": "failed to parse field\n [http.response.status_code]"}}})
	}
	return encode(object{"hits": object{"hits": hits}}), nil
}

func (a attic) Backing(context.Context, string) ([]string, error) {
	return []string{".ds-1", ".ds-2"}, a.fail
}

func (a attic) Fetch(_ context.Context, index string, ids []string) ([]byte, error) {
	var docs []object
	for _, id := range ids {
		source, there := a.stored[id]
		if there = there && index == ".ds-2"; !there {
			docs = append(docs, object{"_id": id, "found": false})
			continue
		}
		docs = append(docs, object{"_id": id, "found": true, "_source": json.RawMessage(source)})
	}
	return encode(object{"docs": docs}), nil
}

// app is a line of attempt seq in the application's log.
func appLine(seq int) string {
	return fmt.Sprintf(`{"service":{"name":"api"},"event":{"id":"e%d"},"run":{"id":"r","seq":%d}}`, seq, seq) + "\n"
}

func logFiles(t *testing.T, texts ...string) (files []string) {
	t.Helper()
	dir := t.TempDir()
	for i, text := range texts {
		path := filepath.Join(dir, fmt.Sprintf("app-%d.json", i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	return files
}

func TestEachMissingAttemptIsPutAtItsHop(t *testing.T) {
	const other = `{"run":{"id":"other","seq":2}}` + "\n" + `{"message":"listening"}` + "\n" + "not JSON\n"
	files := logFiles(t,
		// 1 and 10 arrived; 3 to 6 are between them, 11 and 12 behind.
		appLine(1)+other+appLine(3)+appLine(4)+appLine(5)+appLine(6)+appLine(7)+appLine(10)+appLine(10)+appLine(11)+appLine(12)+`{"run":{"id":"r","se`,
		appLine(20), // of this file nothing arrived
	)
	a := &Account{Run: "r", Answered: 20, index: telemetry.StreamAccess}
	for _, seq := range []uint64{2, 3, 4, 5, 6, 11, 12, 20} {
		a.Lost.Add(seq)
	}
	for _, seq := range []uint64{7, 8} {
		a.Indeterminate.Add(seq)
	}
	elasticsearch := attic{
		run: "r", texts: []string{`{"run":{"id":"other","seq":3}}`, `{"run":{"id":"r","seq":4},"http":{}}`, `{"run":{"id":"r","seq":7},"http":{"resp`, `the run "r" had no number`},
		stored: map[string]string{
			documentID("api", "e5"): `{"run":{"id":"r","seq":10}}`,
			documentID("api", "e6"): `{"run":{"id":"r","seq":6}}`,
		},
	}
	if err := (Trace{Files: files, Search: elasticsearch, Fetch: elasticsearch, Kept: telemetry.StreamApp}).Run(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	h := a.Hops
	for _, row := range []struct {
		proves string
		got    Seqs
		want   string
	}{
		{"lost without a line is the application's", h.App, "2"},
		{"lost with a line is not", h.Behind, "3-6 (4), 11-12 (2), 20"},
		{"indeterminate with a line was handled", h.Handled, "7"},
		{"behind the last line that arrived, the shipper has not been; nor in a file of which nothing arrived", h.Unread, "11-12 (2), 20"},
		{"what was kept as text was refused, even if the text was cut off", h.Refused, "4, 7"},
		{"an id that another attempt's document has", h.Collided, "5"},
		{"a document that is stored and not found", h.Hidden, "6"},
		{"for what is left there is no trace", h.Shipper, "3"},
		{"a line that stands twice in the log", h.Twice, "10"},
	} {
		if diff := cmp.Diff(row.want, row.got.Text(9)); diff != "" {
			t.Errorf("%s: %s", row.proves, diff)
		}
	}
	evidence := map[string]string{}
	for _, c := range h.Cases {
		evidence[c.Range.String()] = string(c.Hop) + ": " + c.Evidence
	}
	last := strings.LastIndex(appLine(1)+other+appLine(3)+appLine(4)+appLine(5)+appLine(6)+appLine(7)+appLine(10)+appLine(10), `{"service"`)
	want := map[string]string{
		"2":         "app: answered, and no line in 2 log files",
		"3":         fmt.Sprintf("shipper: later lines of app-0.json arrived, up to byte %d; nothing is stored under its id or kept as text", last),
		"4":         "refused: kept as text in logs-icat.app-default: failed to parse field [http.response.status_code]",
		"5":         "collided: its id is that of the document of attempt 10",
		"6":         "hidden: stored under its id, and no search found it",
		"7":         "refused: kept as text in logs-icat.app-default: failed to parse field [http.response.status_code]",
		"11-12 (2)": fmt.Sprintf("unread: the last line of app-0.json that arrived stands before it, at byte %d", last),
		"20":        "unread: no line of the run in app-1.json has arrived",
	}
	if diff := cmp.Diff(want, evidence); diff != "" {
		t.Errorf("evidence: %s", diff)
	}
	none := a.properties(0)[0].Text
	for _, want := range []string{"1 at hop app", "3 not read by the shipper yet: 11-12 (2), 20", "1 lost between the shipper's reading and Elasticsearch: 3"} {
		if !strings.Contains(none, want) {
			t.Errorf("the property says %q, want %q in it", none, want)
		}
	}
}

func TestATraceThatCannotBeReadIsNone(t *testing.T) {
	lost := func() *Account {
		a := &Account{Run: "r", index: telemetry.StreamAccess}
		a.Lost.Add(1)
		return a
	}
	files := logFiles(t, appLine(1))
	for _, row := range []struct {
		proves string
		files  []string
		of     attic
	}{
		{"a log that is not there", []string{files[0] + ".gone"}, attic{}},
		{"an Elasticsearch that does not say what it holds", files, attic{run: "r", fail: errors.New("403")}},
	} {
		a := lost()
		if err := (Trace{Files: row.files, Search: row.of, Fetch: row.of, Kept: telemetry.StreamApp}).Run(t.Context(), a); err == nil {
			t.Errorf("%s is no error", row.proves)
		}
	}
	a := lost()
	if err := (Trace{Files: files, Search: attic{run: "r"}, Fetch: attic{}, Kept: telemetry.StreamApp}).Run(t.Context(), a); err != nil || !a.Hops.Unread.Has(1) {
		t.Errorf("a stream of refused texts that nothing was ever written to is an answer: %v, %+v", err, a.Hops)
	}
}

// A case is a range only while nothing differs.
func TestNeighboursAreOneCase(t *testing.T) {
	h := &Hops{}
	h.add(1, HopApp, "x")
	h.add(2, HopApp, "x")
	h.add(4, HopApp, "x")
	h.add(5, HopApp, "y")
	h.add(6, HopUnread, "y")
	want := []HopCase{{Range{1, 2}, HopApp, "x"}, {Range{4, 4}, HopApp, "x"}, {Range{5, 5}, HopApp, "y"}, {Range{6, 6}, HopUnread, "y"}}
	if !slices.Equal(h.Cases, want) {
		t.Errorf("%+v, want %+v", h.Cases, want)
	}
}

// stats is what Filebeat 7.17 answered, cut down to what is read.
const stats = `{"beat":{"info":{"ephemeral_id":%q,"uptime":{"ms":535986},"version":"7.17.29"}},"filebeat":{"events":{"active":0,"added":%d,"done":3324}},
"libbeat":{"output":{"events":{"acked":%[2]d,"active":0,"batches":578,"dropped":1,"duplicates":4,"failed":2,"toomany":2,"total":3324}},"pipeline":{"clients":1,"events":{"active":7,"dropped":0,"published":%[2]d}}}}`

func TestShipperCountsSinceTheWatchBegan(t *testing.T) {
	answer := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/stats" {
			http.NotFound(w, r)
		}
		fmt.Fprint(w, answer)
	}))
	defer server.Close()
	read := func(text string) *Reading {
		t.Helper()
		answer = text
		r, err := ReadShipper(t.Context(), server.URL+"/")
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	early, late, other := read(fmt.Sprintf(stats, "a", 100)), read(fmt.Sprintf(stats, "a", 300)), read(fmt.Sprintf(stats, "b", 50))
	for _, row := range []struct {
		proves    string
		from, now *Reading
		read      int64
		since     time.Duration
		anew      bool
	}{
		{"between two readings", early, late, 200, time.Minute, false},
		{"without an earlier one, since its start", nil, late, 300, 535986 * time.Millisecond, false},
		{"of another process, since its start", early, other, 50, 535986 * time.Millisecond, true},
	} {
		s := Shipped(row.from, row.now, time.Minute)
		if s.Read != row.read || s.Since != row.since || s.Restarted != row.anew || s.Waiting != 7 || s.Name != "Filebeat 7.17.29" {
			t.Errorf("%s: %+v", row.proves, s)
		}
	}
	if s := Shipped(nil, late, 0); s.Acked != 304 || s.Copies != 4 || s.Dropped != 1 || s.TooMany != 2 {
		t.Errorf("counters: %+v", s)
	}
	answer = `{"name":"somebody else"}`
	if _, err := ReadShipper(t.Context(), server.URL); err == nil || !strings.Contains(err.Error(), "not a Beat's counters") {
		t.Errorf("what is no Beat: %v", err)
	}
}

// What Filebeat makes of the same lines is tested in the loop.
func TestDocumentIDsAreFilebeats(t *testing.T) {
	const unique, upper = "0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789ABCDEF"
	if got := documentID("api", unique); got != unique {
		t.Errorf("of an event with 32 hex digits it is %s", got)
	}
	for _, event := range []string{"e5", upper, unique + "0", unique[1:]} {
		if got := documentID("api", event); len(got) != 64 || got == documentID("other", event) {
			t.Errorf("of event %s it is %s: want a fingerprint with the service", event, got)
		}
	}
}
