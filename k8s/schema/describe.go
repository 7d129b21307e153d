package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// prefix is of references in an OpenAPI description.
const prefix = "#/components/schemas/"

// Describe takes the kinds, each as "apps/v1 Deployment", out of Kubernetes' OpenAPI
// v3 files, with all that they refer to, and forbids each object the fields that
// are not described.
func Describe(openapi fs.FS, version string, kinds []string) (Document, error) {
	d := Document{Version: version, Kinds: map[string]string{}, Definitions: map[string]json.RawMessage{}}
	for _, kind := range kinds {
		groupVersion, name, _ := strings.Cut(kind, " ")
		file := "api__" + groupVersion + "_openapi.json"
		if strings.Contains(groupVersion, "/") {
			file = "apis__" + strings.ReplaceAll(groupVersion, "/", "__") + "_openapi.json"
		}
		schemas, err := components(openapi, file)
		if err != nil {
			return d, err
		}
		definition, err := definitionOf(schemas, groupVersion, name)
		if err != nil {
			return d, fmt.Errorf("%s: %v", file, err)
		}
		d.Kinds[kind] = definition
		if err := d.add(schemas, definition); err != nil {
			return d, fmt.Errorf("%s: %v", file, err)
		}
	}
	return d, nil
}

// Text is the document as it is stored, a definition on each line.
func (d Document) Text() ([]byte, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Concat([]string{"kinds", "definitions"}, keys(d.Kinds), keys(d.Definitions)) {
		text = bytes.ReplaceAll(text, []byte(`,"`+name+`":`), []byte(",\n\""+name+`":`))
	}
	return append(text, '\n'), nil
}

func components(openapi fs.FS, file string) (map[string]map[string]any, error) {
	text, err := fs.ReadFile(openapi, file)
	if err != nil {
		return nil, err
	}
	var description struct {
		Components struct{ Schemas map[string]map[string]any }
	}
	if err := json.Unmarshal(text, &description); err != nil {
		return nil, fmt.Errorf("%s: %v", file, err)
	}
	return description.Components.Schemas, nil
}

// definitionOf finds the schema that says of itself that it is the kind's.
func definitionOf(schemas map[string]map[string]any, groupVersion, kind string) (string, error) {
	group, version, found := strings.Cut(groupVersion, "/")
	if !found {
		group, version = "", groupVersion
	}
	for _, name := range keys(schemas) {
		of, _ := schemas[name]["x-kubernetes-group-version-kind"].([]any)
		for _, one := range of {
			gvk, _ := one.(map[string]any)
			if gvk["group"] == group && gvk["version"] == version && gvk["kind"] == kind {
				return name, nil
			}
		}
	}
	return "", fmt.Errorf("no kind %s in %s", kind, groupVersion)
}

// add takes a definition and all that it refers to. The same name means the same
// in every file.
func (d Document) add(schemas map[string]map[string]any, name string) error {
	if _, done := d.Definitions[name]; done {
		return nil
	}
	source, ok := schemas[name]
	if !ok {
		return fmt.Errorf("no schema %s", name)
	}
	var refers []string
	text, err := json.Marshal(strict(source, &refers))
	if err != nil {
		return err
	}
	d.Definitions[name] = text
	for _, other := range refers {
		if err := d.add(schemas, other); err != nil {
			return err
		}
	}
	return nil
}

// strict is a schema as JSON Schema has it: without words, without Kubernetes' own
// members, and closed if it lists its properties.
func strict(schema map[string]any, refers *[]string) map[string]any {
	if ref, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, prefix)
		*refers = append(*refers, name)
		return map[string]any{"$ref": "#/definitions/" + name}
	}
	out := map[string]any{}
	for name, value := range schema {
		switch {
		case name == "description" || name == "default" || name == "format" || name == "nullable" || strings.HasPrefix(name, "x-kubernetes-"):
		case name == "properties":
			properties := map[string]any{}
			for property, of := range value.(map[string]any) {
				properties[property] = strict(of.(map[string]any), refers)
			}
			out[name] = properties
		default:
			out[name] = strictAny(value, refers)
		}
	}
	if _, lists := out["properties"]; lists && out["additionalProperties"] == nil && schema["x-kubernetes-preserve-unknown-fields"] != true {
		out["additionalProperties"] = false
	}
	// A reference that stands alone says the same and is shorter.
	if all, ok := out["allOf"].([]any); ok && len(all) == 1 && len(out) == 1 {
		return all[0].(map[string]any)
	}
	return out
}

func strictAny(value any, refers *[]string) any {
	switch value := value.(type) {
	case map[string]any:
		return strict(value, refers)
	case []any:
		out := make([]any, len(value))
		for i, one := range value {
			out[i] = strictAny(one, refers)
		}
		return out
	}
	return value
}

func keys[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
