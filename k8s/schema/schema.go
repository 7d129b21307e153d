// Package schema says whether an object is one that an API server of Kubernetes
// would read: its kind exists, and each field of it, with a value of the right
// type. Unlike a server it refuses what it does not know.
//
// kubernetes.json is made from the OpenAPI description that is part of Kubernetes'
// sources, for the kinds that are used here; command generate makes it. Kinds of
// others come with their CustomResourceDefinition. What a server checks beyond
// that, such as that a selector fits its template, is left to a server.
package schema

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:embed kubernetes.json
var kubernetes []byte

// Document is the form of kubernetes.json.
type Document struct {
	Version     string                     `json:"version"` // of Kubernetes, as 1.36.3
	Kinds       map[string]string          `json:"kinds"`   // "apps/v1 Deployment": name of its definition
	Definitions map[string]json.RawMessage `json:"definitions"`
}

// Schemas are those of all kinds that are known.
type Schemas struct {
	Version string
	kinds   map[string]*jsonschema.Schema
}

// Load reads the schemas of Kubernetes' own kinds.
func Load() (*Schemas, error) {
	var document Document
	if err := json.Unmarshal(kubernetes, &document); err != nil {
		return nil, fmt.Errorf("read kubernetes.json: %v", err)
	}
	read, err := jsonschema.UnmarshalJSON(bytes.NewReader(kubernetes))
	if err != nil {
		return nil, fmt.Errorf("read kubernetes.json: %v", err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("kubernetes.json", read); err != nil {
		return nil, fmt.Errorf("read kubernetes.json: %v", err)
	}
	s := &Schemas{document.Version, map[string]*jsonschema.Schema{}}
	for kind, definition := range document.Kinds {
		if s.kinds[kind], err = compiler.Compile("kubernetes.json#/definitions/" + definition); err != nil {
			return nil, fmt.Errorf("compile the schema of %s: %v", kind, err)
		}
	}
	return s, nil
}

// Define adds the kinds of a CustomResourceDefinition, one for each version that is
// served. A field that it does not describe is a fault, where a server would drop
// it without a word.
func (s *Schemas) Define(crd map[string]any) error {
	text, err := json.Marshal(crd)
	if err != nil {
		return fmt.Errorf("read a CustomResourceDefinition: %v", err)
	}
	var definition struct {
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Served bool
				Schema struct {
					OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := json.Unmarshal(text, &definition); err != nil {
		return fmt.Errorf("read a CustomResourceDefinition: %v", err)
	}
	for _, version := range definition.Spec.Versions {
		kind := definition.Spec.Group + "/" + version.Name + " " + definition.Spec.Names.Kind
		if !version.Served || len(version.Schema.OpenAPIV3Schema) == 0 {
			return fmt.Errorf("%s: it is not served, or has no schema", kind)
		}
		if s.kinds[kind], err = compileOwn(kind, version.Schema.OpenAPIV3Schema); err != nil {
			return fmt.Errorf("compile the schema of %s: %v", kind, err)
		}
	}
	return nil
}

// compileOwn closes a schema, but for what every object has.
func compileOwn(kind string, described map[string]any) (*jsonschema.Schema, error) {
	closed := strict(described, new([]string))
	properties, ok := closed["properties"].(map[string]any)
	if !ok {
		return nil, errors.New("it lists no properties")
	}
	for name, kind := range map[string]string{"apiVersion": "string", "kind": "string", "metadata": "object"} {
		if properties[name] == nil {
			properties[name] = map[string]any{"type": kind}
		}
	}
	compiler := jsonschema.NewCompiler()
	name := strings.ReplaceAll(kind, " ", "/") + ".json"
	if err := compiler.AddResource(name, closed); err != nil {
		return nil, err
	}
	return compiler.Compile(name)
}

// Kinds are those that are known, each as "apps/v1 Deployment", in order.
func (s *Schemas) Kinds() []string {
	var all []string
	for kind := range s.kinds {
		all = append(all, kind)
	}
	slices.Sort(all)
	return all
}

// Faults are what is wrong with an object, each with its path, as in
// "Deployment.spec.replicas: got string, want integer". The object is as
// encoding/json or a YAML library reads it.
func (s *Schemas) Faults(object map[string]any) []string {
	name := fmt.Sprintf("%v %v", object["apiVersion"], object["kind"])
	schema := s.kinds[name]
	if schema == nil {
		return []string{name + ": no such kind"}
	}
	// The library knows the types of JSON alone.
	text, err := json.Marshal(object)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", name, err)}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", name, err)}
	}
	var invalid *jsonschema.ValidationError
	if err := schema.Validate(value); errors.As(err, &invalid) {
		found := leaves(fmt.Sprint(object["kind"]), invalid)
		slices.Sort(found)
		return slices.Compact(found)
	}
	return nil
}

// leaves are the causes that have no cause themselves.
func leaves(kind string, e *jsonschema.ValidationError) []string {
	if len(e.Causes) == 0 {
		path := strings.Join(append([]string{kind}, e.InstanceLocation...), ".")
		return []string{path + ": " + e.ErrorKind.LocalizedString(message.NewPrinter(language.English))}
	}
	var found []string
	for _, cause := range e.Causes {
		found = append(found, leaves(kind, cause)...)
	}
	return found
}
