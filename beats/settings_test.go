package beats

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// settings are the values of a configuration by dotted path, list elements by
// their number: Beats take "a.b: 1" and "a: {b: 1}" for the same.
type settings map[string]any

func load(t *testing.T, file string) settings {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(text))
}

func parse(t *testing.T, text string) settings {
	t.Helper()
	var document map[string]any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	s := settings{}
	s.flatten("", document)
	return s
}

func (s settings) flatten(path string, value any) {
	join := func(key string) string {
		if path == "" {
			return key
		}
		return path + "." + key
	}
	switch value := value.(type) {
	case map[string]any:
		for key, child := range value {
			s.flatten(join(key), child)
		}
	case []any:
		for i, child := range value {
			s.flatten(join(fmt.Sprint(i)), child)
		}
	default:
		s[path] = value
	}
}

// text is the value at a path as Beats read it, "" where there is none.
func (s settings) text(path string) string {
	if s[path] == nil {
		return ""
	}
	return fmt.Sprint(s[path])
}

// list is the elements of the list at a path, each with paths of its own.
func (s settings) list(path string) []settings {
	var elements []settings
	for i := 0; ; i++ {
		element := s.under(fmt.Sprintf("%s.%d", path, i))
		if len(element) == 0 {
			return elements
		}
		elements = append(elements, element)
	}
}

// under is the part below a path; a scalar there has the path "".
func (s settings) under(path string) settings {
	part := settings{}
	for key, value := range s {
		if key == path {
			part[""] = value
		} else if rest, ok := strings.CutPrefix(key, path+"."); ok {
			part[rest] = value
		}
	}
	return part
}

func (s settings) paths() []string { return slices.Sorted(maps.Keys(s)) }

// texts is the list of scalars at a path.
func (s settings) texts(path string) []string {
	var values []string
	for _, element := range s.list(path) {
		values = append(values, element.text(""))
	}
	return values
}

// environment is what the values take from environment variables: the default
// of each, "" for a variable that must be set.
func (s settings) environment() map[string]string {
	variable := regexp.MustCompile(`\$\{([^:}]+):?([^}]*)\}`)
	used := map[string]string{}
	for _, value := range s {
		for _, match := range variable.FindAllStringSubmatch(fmt.Sprint(value), -1) {
			used[match[1]] = match[2]
		}
	}
	return used
}

// stream is the data stream that events of a dataset get to: the output's
// index pattern filled in by the add_fields processors, in their order.
func stream(index string, processors []settings, dataset string) string {
	fields := map[string]string{}
	for _, processor := range processors {
		add := processor.under("add_fields")
		if add.text("target") != "data_stream" {
			continue
		}
		if when := add.under("when"); len(when) > 0 && when.text("equals.event.dataset") != dataset {
			continue
		}
		for field, value := range add.under("fields") {
			fields[field] = fmt.Sprint(value)
		}
	}
	return regexp.MustCompile(`%\{\[data_stream\.(\w+)\]\}`).ReplaceAllStringFunc(index, func(reference string) string {
		return fields[strings.TrimSuffix(strings.TrimPrefix(reference, "%{[data_stream."), "]}")]
	})
}
