package kibana

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"plumbline/cli"
	"plumbline/dashboards/kibana/savedobject"
)

// target names a saved object.
type target struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// putObjects makes the space's saved objects as they should be: it looks at what
// is there, imports what is missing or differs, and looks again.
func (c *Client) putObjects(ctx context.Context, want []savedobject.Object) (string, error) {
	wrong, _, err := c.compare(ctx, want, savedobject.Differ)
	if err != nil {
		return "", err
	}
	if len(wrong) == 0 {
		return fmt.Sprintf("%d as they were", len(want)), nil
	}
	var send []savedobject.Object
	for _, o := range want {
		if _, is := wrong[o.Name()]; is {
			send = append(send, o)
		}
	}
	if err := c.importObjects(ctx, send); err != nil {
		return "", err
	}
	// A Kibana that adds what it takes for granted has stored what was sent.
	wrong, missing, err := c.compare(ctx, want, savedobject.Lacks)
	if err != nil {
		return "", err
	}
	for _, o := range want {
		if how, is := wrong[o.Name()]; is {
			return "", fmt.Errorf("kibana at %s: %s is not stored as it was sent: %s", c.base.Host, o.Name(), how)
		}
	}
	if missing > 0 {
		return "", fmt.Errorf("kibana at %s: %d objects are referred to and not there", c.base.Host, missing)
	}
	note := fmt.Sprintf("%d imported", len(send))
	if rest := len(want) - len(send); rest > 0 {
		note += fmt.Sprintf(", %d as they were", rest)
	}
	return note, nil
}

// compare says of each object that is not as it should be how it differs, and how
// many objects are referred to and are nowhere.
func (c *Client) compare(ctx context.Context, want []savedobject.Object, by func(stored, sent savedobject.Object) string) (wrong map[string]string, missing int, err error) {
	var targets []target
	for _, o := range want {
		targets = append(targets, target{o.Type, o.ID})
	}
	there, missing, err := c.export(ctx, targets)
	if err != nil {
		return nil, 0, err
	}
	wrong = map[string]string{}
	for _, o := range want {
		if stored, is := there[o.Name()]; !is {
			wrong[o.Name()] = "it is not there"
		} else if how := by(stored, o); how != "" {
			wrong[o.Name()] = how
		}
	}
	return wrong, missing, nil
}

// export reads those of the objects that are there and what they refer to, by name.
func (c *Client) export(ctx context.Context, targets []target) (there map[string]savedobject.Object, missing int, err error) {
	for len(targets) > 0 {
		body, err := json.Marshal(map[string]any{"objects": targets, "includeReferencesDeep": true})
		if err != nil {
			return nil, 0, err
		}
		text, err := c.do(ctx, request{op: "export", method: http.MethodPost, path: "/api/saved_objects/_export", body: body})
		if err != nil {
			absent := absentOf(err)
			if len(absent) == 0 {
				return nil, 0, err
			}
			targets = slices.DeleteFunc(targets, func(t target) bool { return slices.Contains(absent, t) })
			continue
		}
		objects, end, err := savedobject.Parse(text)
		if err != nil {
			return nil, 0, fmt.Errorf("kibana at %s: export: %w", c.base.Host, err)
		}
		if end == nil || *end.Exported != len(objects) {
			return nil, 0, fmt.Errorf("kibana at %s: export: it is cut off after %d objects", c.base.Host, len(objects))
		}
		there = map[string]savedobject.Object{}
		for _, o := range objects {
			there[o.Name()] = o
		}
		return there, end.Missing, nil
	}
	return nil, 0, nil
}

// absentOf are the objects that Kibana does not find for an export.
func absentOf(err error) (absent []target) {
	e, is := errors.AsType[*Error](err)
	if !is || e.Status != http.StatusBadRequest {
		return nil
	}
	var said struct {
		Objects []struct {
			target
			Error struct{ StatusCode int }
		}
	}
	if json.Unmarshal(e.Attributes, &said) != nil {
		return nil
	}
	for _, o := range said.Objects {
		if o.Error.StatusCode != http.StatusNotFound {
			return nil
		}
		absent = append(absent, o.target)
	}
	return absent
}

// imported is what Kibana answers to an import.
type imported struct {
	Success      bool
	SuccessCount int
	Results      []struct {
		target
		DestinationID string
	} `json:"successResults"`
	Errors []struct {
		target
		Error struct {
			Type, Message string
			References    []target
		}
	}
}

// importObjects sends objects in place of those with the same ids.
func (c *Client) importObjects(ctx context.Context, objects []savedobject.Object) error {
	text, err := savedobject.Encode(objects)
	if err != nil {
		return err
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", "plumbline.ndjson")
	if err != nil {
		return err
	}
	if _, err := part.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	var said imported
	err = c.ask(ctx, request{op: "import", method: http.MethodPost, path: "/api/saved_objects/_import?overwrite=true", kind: w.FormDataContentType(), body: form.Bytes()}, &said)
	if err != nil {
		return err
	}
	return c.judge(said, len(objects))
}

// judge returns a line for each object that was not taken, or not under its id.
func (c *Client) judge(said imported, sent int) error {
	var wrong []error
	for _, e := range said.Errors {
		why := e.Error.Message
		switch e.Error.Type {
		case "missing_references":
			var names []string
			for _, r := range e.Error.References {
				names = append(names, r.Type+" "+r.ID)
			}
			why = "it refers to what is not there: " + strings.Join(names, ", ")
		case "conflict", "ambiguous_conflict":
			why = "there is another in its place"
		case "unsupported_type":
			why = "this Kibana has no such type"
		}
		wrong = append(wrong, fmt.Errorf("kibana at %s: import %s %s: %s", c.base.Host, e.Type, e.ID, why))
	}
	for _, r := range said.Results {
		if r.DestinationID != "" {
			wrong = append(wrong, &cli.Failure{Code: cli.Undone,
				Err:  fmt.Errorf("kibana at %s: import %s %s: another space has it, so here it is %s", c.base.Host, r.Type, r.ID, r.DestinationID),
				Next: "an id is unique in all spaces together: remove the objects from one of them (Stack Management, Saved Objects)"})
		}
	}
	if len(wrong) == 0 && (!said.Success || said.SuccessCount != sent) {
		wrong = append(wrong, fmt.Errorf("kibana at %s: import: %d of %d objects were taken, and nothing is said of the others", c.base.Host, said.SuccessCount, sent))
	}
	return errors.Join(wrong...)
}

// checkDashboards reads dashboards as Kibana understands them, which a Kibana
// from 9.4 on tells.
func (c *Client) checkDashboards(ctx context.Context, want []savedobject.Object) (string, error) {
	read := 0
	for _, o := range want {
		if o.Type != "dashboard" {
			continue
		}
		var said struct {
			Warnings []struct{ Type, Message string }
		}
		if err := c.ask(ctx, request{op: "read dashboard " + o.ID, method: http.MethodGet, path: "/api/dashboards/" + o.ID}, &said); err != nil {
			return "", err
		}
		for _, w := range said.Warnings {
			return "", fmt.Errorf("kibana at %s: dashboard %s: %s: %s", c.base.Host, o.ID, w.Type, w.Message)
		}
		read++
	}
	return fmt.Sprintf("%d read without a warning", read), nil
}
