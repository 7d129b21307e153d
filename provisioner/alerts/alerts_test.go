package alerts

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// message is a notification as Alertmanager sends it, cut to what matters.
func message(status, fingerprint string) string {
	return `{"version":"4","groupKey":"{}","status":"` + status + `","receiver":"page","externalURL":"http://127.0.0.1:9093","alerts":[{"status":"` + status + `",
		"labels":{"alertname":"TargetDown","job":"demo-app"},"annotations":{"summary":"it is\ngone","action":"look"},
		"startsAt":"2026-11-21T20:00:00Z","endsAt":"0001-01-01T00:00:00Z","fingerprint":"` + fingerprint + `"}]}`
}

func send(t *testing.T, h http.Handler, body string) int {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/alerts", strings.NewReader(body)))
	return w.Code
}

func kept(t *testing.T, h http.Handler) []Change {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/alerts", nil))
	var list []Change
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return list
}

func TestEachBeginningAndEndIsToldOnce(t *testing.T) {
	var out bytes.Buffer
	h := New(&out)
	if list := kept(t, h); list == nil || len(list) != 0 {
		t.Errorf("before anything: %v, want an empty list", list)
	}
	for _, body := range []string{
		message("resolved", "a"), // of a time before this one: nobody was told that it began
		message("firing", "a"),
		message("firing", "a"), // repeated
		message("firing", "b"),
		message("resolved", "a"),
		message("resolved", "a"), // repeated
		message("firing", "a"),   // again
	} {
		if code := send(t, h, body); code != http.StatusOK {
			t.Fatalf("%d for %s", code, body)
		}
	}
	var got []string
	for _, c := range kept(t, h) {
		got = append(got, c.Status+" "+c.Receiver+" "+c.Labels["job"])
	}
	want := []string{"firing page demo-app", "firing page demo-app", "resolved page demo-app", "firing page demo-app"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	lines := regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d`).ReplaceAllString(out.String(), "TIME")
	firing := "TIME  firing    page    TargetDown: it is gone\n          to do: look\n"
	if diff := cmp.Diff(firing+firing+"TIME  resolved  page    TargetDown: it is gone\n"+firing, lines); diff != "" {
		t.Error(diff)
	}
}

func TestOtherMessagesAreRefused(t *testing.T) {
	for proves, body := range map[string]string{
		"what is not JSON":      "firing",
		"a list":                "[]",
		"what is far too large": `{"receiver":"` + strings.Repeat("x", maxMessage) + `"}`,
	} {
		h := New(&bytes.Buffer{})
		if code := send(t, h, body); code != http.StatusBadRequest {
			t.Errorf("%s: %d", proves, code)
		}
		if len(kept(t, h)) != 0 {
			t.Errorf("%s: something was kept", proves)
		}
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	h := New(&bytes.Buffer{})
	for range maxKept {
		send(t, h, message("firing", "a"))
		send(t, h, message("resolved", "a"))
	}
	list := kept(t, h)
	if len(list) != maxKept || list[len(list)-1].Status != "resolved" {
		t.Errorf("%d kept, the last is %+v", len(list), list[len(list)-1])
	}
}

func FuzzTake(f *testing.F) {
	f.Add(message("firing", "a"))
	f.Add(`{"alerts":[{"labels":null}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		var out bytes.Buffer
		h := New(&out)
		send(t, h, body)
		kept(t, h)
		if strings.ContainsAny(out.String(), "\x1b\r\t") {
			t.Errorf("%q steers a terminal", out.String())
		}
		for line := range strings.Lines(out.String()) {
			if !regexp.MustCompile(`^(\d\d:\d\d:\d\d|          to do:) `).MatchString(line) {
				t.Errorf("%q is no line of ours", line)
			}
		}
	})
}
