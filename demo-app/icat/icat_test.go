package icat

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestDatesAreReadAndWritten(t *testing.T) {
	for _, row := range []struct{ proves, in, want string }{
		{"UTC by offset", `"2009-02-18T13:40:27+00:00"`, `"2009-02-18T13:40:27+00:00"`},
		{"UTC by Z", `"2009-02-18T13:40:27Z"`, `"2009-02-18T13:40:27+00:00"`},
		{"another offset becomes UTC", `"2009-02-18T13:40:27.5+02:00"`, `"2009-02-18T11:40:27.5+00:00"`},
		{"a space for the T", `"2009-02-18 13:40:27+00:00"`, `"2009-02-18T13:40:27+00:00"`},
		{"a day alone", `"2009-02-18"`, `"2009-02-18T00:00:00+00:00"`},
		{"milliseconds and no finer", `"2009-02-18T13:40:27.1239Z"`, `"2009-02-18T13:40:27.123+00:00"`},
	} {
		var d Time
		if err := json.Unmarshal([]byte(row.in), &d); err != nil {
			t.Errorf("%s: %v", row.proves, err)
			continue
		}
		if got, err := json.Marshal(d); string(got) != row.want || err != nil {
			t.Errorf("%s: %s becomes %s (%v), want %s", row.proves, row.in, got, err, row.want)
		}
		if FromMillis(d.Millis()) != d {
			t.Errorf("%s: milliseconds do not lead back to %s", row.proves, d)
		}
	}
	for _, in := range []string{`"yesterday"`, `7`, `""`} {
		var d Time
		if err := json.Unmarshal([]byte(in), &d); err == nil {
			t.Errorf("%s is read as %s", in, d)
		}
	}
	if b, _ := json.Marshal(Dataset{}); strings.Contains(string(b), "startDate") {
		t.Errorf("a date that is not there is written: %s", b)
	}
	if At(time.Time{}.Add(time.Hour)).IsZero() {
		t.Error("a date is taken for none")
	}
}

func TestCodesHaveTheirStatus(t *testing.T) {
	for code, want := range map[Code]int{
		BadParameter: 400, Unauthenticated: 401, BadSession: 403, InsufficientPrivileges: 403, NoSuchObject: 404, NoSuchRoute: 404,
		MethodNotAllowed: 405, ObjectAlreadyExists: 412, Validation: 412, TooLarge: 413, ClientClosed: 499, Internal: 500,
		NotImplemented: 501, BadUpstream: 502, Unavailable: 503, Timeout: 504, "SOMETHING_ELSE": 500,
	} {
		if got := code.Status(); got != want {
			t.Errorf("%s is %d, want %d", code, got, want)
		}
	}
}

func TestAnUnknownErrorIsInternalAndKeepsItsTextBack(t *testing.T) {
	cause := errors.New("table user_ is on fire")
	e := AsError(cause)
	if e.Code != Internal || strings.Contains(e.Message, "fire") || !errors.Is(e, cause) {
		t.Errorf("AsError: %+v", e)
	}
}
