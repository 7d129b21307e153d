package grafanafake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// expander puts variables and files into a value, as Grafana does: $__env{NAME},
// $__file{PATH}, ${NAME} and $NAME; $$ stands for a dollar.
type expander struct {
	root   string
	lookup func(name string) (string, bool)
	faults *[]error
}

func (e expander) err() error { return errors.Join(*e.faults...) }

func (e expander) text(value string) string {
	parts := strings.Split(value, "$$")
	for i, part := range parts {
		part = regexp.MustCompile(`\$__(env|file)\{([^}]+)\}`).ReplaceAllStringFunc(part, func(found string) string {
			kind, name, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(found, "$__"), "}"), "{")
			if kind == "env" {
				return e.variable(name)
			}
			text, err := os.ReadFile(filepath.Join(e.root, name))
			if err != nil {
				*e.faults = append(*e.faults, err)
			}
			return strings.TrimSpace(string(text))
		})
		parts[i] = os.Expand(part, e.variable)
	}
	return strings.Join(parts, "$")
}

func (e expander) variable(name string) string {
	value, set := e.lookup(name)
	if !set {
		*e.faults = append(*e.faults, fmt.Errorf("variable %s is not set", name))
	}
	return value
}

func (e expander) all(value any) any {
	switch v := value.(type) {
	case string:
		return e.text(v)
	case map[string]any:
		expanded := map[string]any{}
		for name, inner := range v {
			expanded[name] = e.all(inner)
		}
		return expanded
	case []any:
		var expanded []any
		for _, inner := range v {
			expanded = append(expanded, e.all(inner))
		}
		return expanded
	}
	return value
}
