// Package elasticsearch holds what the stack puts into Elasticsearch before
// anything is sent: the ingest pipeline of its lines, the index templates of its
// data streams and its roles, as the JSON bodies of the requests that put them.
// Putting them is the provisioner's part.
//
// Beside it, pom.xml fetches the server for the native way to run and
// completes it with the three plugins under plugins/.
package elasticsearch

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

//go:embed pipelines roles templates
var files embed.FS

// A Body is the JSON body of a PUT request under the name it is put with.
type Body struct {
	Name string // the file's name without .json
	JSON json.RawMessage
}

// Roles returns one role for each party that talks to Elasticsearch: loadgen,
// provisioner, reader, shipper_logs and shipper_metrics.
func Roles() ([]Body, error) { return read("roles") }

// Pipelines returns the ingest pipelines that the templates name; they are put
// before them.
func Pipelines() ([]Body, error) { return read("pipelines") }

// ComponentTemplates returns the pieces that the index templates share; they
// are put before them.
func ComponentTemplates() ([]Body, error) { return read("templates/component") }

// IndexTemplates returns a composable index template for each group of data
// streams of one shape.
func IndexTemplates() ([]Body, error) { return read("templates/index") }

// read returns the files of an embedded directory by name.
func read(dir string) ([]Body, error) {
	entries, err := files.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var bodies []Body
	for _, e := range entries {
		text, err := files.ReadFile(path.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		if !json.Valid(text) {
			return nil, fmt.Errorf("%s/%s: not JSON", dir, e.Name())
		}
		bodies = append(bodies, Body{Name: strings.TrimSuffix(e.Name(), ".json"), JSON: text})
	}
	return bodies, nil
}
