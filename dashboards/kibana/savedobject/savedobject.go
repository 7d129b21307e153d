// Package savedobject is the form in which Kibana imports and exports what it
// keeps: a line of JSON for each dashboard, data view, saved search and tag,
// some of whose attributes are JSON again, as strings. It reads and writes that
// form, in one canonical way, and tells two of them apart by what they mean. What
// a dashboard says is for package plumbline/dashboards/kibana to write.
package savedobject

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Object is one saved object. An attribute that Kibana keeps as a string of JSON
// is here as the value that the string holds.
type Object struct {
	Type, ID   string
	Attributes map[string]any
	References []Reference
	Core       string // coreMigrationVersion: the form of what all types have in common
	Version    string // typeMigrationVersion: the form of the attributes
}

// Reference names another object, under a name that attributes use for it.
type Reference struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// Name is how the object is called in messages: "dashboard red".
func (o Object) Name() string { return o.Type + " " + o.ID }

// line is an object as it is written.
type line struct {
	Attributes map[string]any `json:"attributes"`
	Core       string         `json:"coreMigrationVersion,omitempty"`
	ID         string         `json:"id"`
	References []Reference    `json:"references"`
	Type       string         `json:"type"`
	Version    string         `json:"typeMigrationVersion,omitempty"`
}

const maxLine = 16 << 20 // bytes

// Parse reads objects, a line each, and leaves out what Kibana says of them
// besides: when they were changed and by whom. The line that ends an export is
// read as Details, which is nil if there is none.
func Parse(ndjson []byte) (objects []Object, end *Details, err error) {
	seen := map[string]bool{}
	scanner := bufio.NewScanner(bytes.NewReader(ndjson))
	scanner.Buffer(nil, maxLine)
	for n := 1; scanner.Scan(); n++ {
		text := bytes.TrimSpace(scanner.Bytes())
		if len(text) == 0 {
			continue
		}
		var read struct {
			line
			Details
		}
		if err := json.Unmarshal(text, &read); err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", n, err)
		}
		if read.Exported != nil {
			end = &read.Details
			continue
		}
		o := Object{Type: read.Type, ID: read.ID, References: read.References, Core: read.Core, Version: read.line.Version}
		switch {
		case end != nil:
			return nil, nil, fmt.Errorf("line %d: an object after the end of an export", n)
		case o.Type == "" || o.ID == "" || read.Attributes == nil:
			return nil, nil, fmt.Errorf("line %d: not a saved object: it has no type, no id or no attributes", n)
		case seen[o.Name()]:
			return nil, nil, fmt.Errorf("line %d: %s for the second time", n, o.Name())
		}
		seen[o.Name()] = true
		if o.Attributes, err = opened(read.Attributes); err != nil {
			return nil, nil, fmt.Errorf("line %d: %s: %w", n, o.Name(), err)
		}
		objects = append(objects, o)
	}
	if err := scanner.Err(); err != nil {
		return nil, nil, fmt.Errorf("lines of objects: %w", err)
	}
	return objects, end, nil
}

// Details is the line that ends an export.
type Details struct {
	Exported *int        `json:"exportedCount,omitempty"`
	Missing  int         `json:"missingRefCount,omitempty"`
	Absent   []Reference `json:"missingReferences,omitempty"` // what is referred to and is not there
}

// Encode writes objects for an import: ordered by type and id, the members of
// each in alphabetical order.
func Encode(objects []Object) ([]byte, error) {
	var b bytes.Buffer
	for _, o := range sorted(objects) {
		attributes, err := closed(o.Attributes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Name(), err)
		}
		text, err := compact(line{attributes, o.Core, o.ID, references(o), o.Type, o.Version})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Name(), err)
		}
		b.Write(append(text, '\n'))
	}
	return b.Bytes(), nil
}

// Readable writes objects for people: indented, and the JSON within strings
// opened. Two of them can be compared line by line.
func Readable(objects []Object) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	for _, o := range sorted(objects) {
		if err := encoder.Encode(line{o.Attributes, o.Core, o.ID, references(o), o.Type, o.Version}); err != nil {
			return nil, fmt.Errorf("%s: %w", o.Name(), err)
		}
	}
	return b.Bytes(), nil
}

func sorted(objects []Object) []Object {
	return slices.SortedFunc(slices.Values(objects), func(a, b Object) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
	})
}

// references are those of an object, in the order of their names: it means nothing.
func references(o Object) []Reference {
	all := slices.Clone(o.References)
	slices.SortFunc(all, func(a, b Reference) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
	})
	if all == nil {
		return []Reference{}
	}
	return all
}

func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// inStrings are the attributes that Kibana keeps as strings of JSON, of whatever
// type of object.
var inStrings = []string{"panelsJSON", "optionsJSON", "searchSourceJSON", "ignoreParentSettingsJSON",
	"fields", "fieldFormatMap", "fieldAttrs", "sourceFilters", "runtimeFieldMap", "typeMeta"}

// opened replaces strings of JSON by what they hold, a level down, too:
// kibanaSavedObjectMeta.searchSourceJSON.
func opened(attributes map[string]any) (map[string]any, error) {
	return each(attributes, func(value any) (any, error) {
		text, is := value.(string)
		if !is {
			return nil, errors.New("not a string")
		}
		var v any
		if err := json.NewDecoder(strings.NewReader(text)).Decode(&v); err != nil {
			return nil, fmt.Errorf("not JSON: %w", err)
		}
		return v, nil
	})
}

// closed is the reverse.
func closed(attributes map[string]any) (map[string]any, error) {
	return each(attributes, func(value any) (any, error) {
		text, err := compact(value)
		return string(text), err
	})
}

func each(attributes map[string]any, change func(any) (any, error)) (map[string]any, error) {
	changed := make(map[string]any, len(attributes))
	for name, value := range attributes {
		var err error
		if inner, is := value.(map[string]any); slices.Contains(inStrings, name) {
			value, err = change(value)
		} else if is {
			value, err = each(inner, change)
		}
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		changed[name] = value
	}
	return changed, nil
}
