package arrival

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// WriteJSON writes everything the report knows. Times are RFC 3339, durations
// nanoseconds (their keys end in _ns), sets of attempts {"count", "ranges"}.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Time     string      `xml:"timestamp,attr"`
	Seconds  string      `xml:"time,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitMessage `xml:"failure"`
	Error   *junitMessage `xml:"error"`
	Skipped *junitMessage `xml:"skipped"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
}

// WriteJUnit writes one test case per property: a failure for what does not
// hold, an error for what could not be measured.
func (r *Report) WriteJUnit(w io.Writer) error {
	suite := junitSuite{
		Name: "plumbline verify " + r.Run, Time: r.Judged.UTC().Format(time.RFC3339),
		Seconds: fmt.Sprintf("%.3f", r.Took.Seconds()), Tests: len(r.Properties),
	}
	for _, p := range r.Properties {
		c := junitCase{Class: "plumbline." + p.Group, Name: p.Name}
		message := &junitMessage{p.Text}
		switch p.Outcome {
		case Fails:
			c.Failure = message
			suite.Failures++
		case Unmeasured:
			c.Error = message
			suite.Errors++
		case NotJudged:
			c.Skipped = message
			suite.Skipped++
		default:
			c.Out = p.Text
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
