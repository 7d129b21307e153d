package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// section is a value at the top of values.yaml.
type section struct {
	name, about string
	schema      map[string]any // of the innermost value
}

func sections() []section {
	text := map[string]any{"type": "string", "minLength": 1}
	return []section{
		{"images", "Whole names, with the tag: of a registry of your own, say.", map[string]any{"type": "string", "pattern": ":[^/:]+$"}},
		{"replicas", "How many pods. Of what keeps data the profile says it.", map[string]any{"type": "integer", "minimum": 0}},
		{"autoscaling", "Between how many pods the autoscaler chooses.", map[string]any{"type": "integer", "minimum": 1}},
		{"resources", "Requests and limits; what is not said here stays.", map[string]any{"type": "object", "additionalProperties": false,
			"properties": map[string]any{"requests": quantities(), "limits": quantities()}}},
		{"storage", "Size of each volume. A volume that is there keeps its size.", map[string]any{"type": "string", "pattern": "^[0-9]+([KMGTP]i?)?$"}},
		{"storageClass", "Class of all volumes; the cluster's default if not said.", text},
		{"ingress", "The name by which demo-app is reached, and the class of its Ingress.", text},
		{"shipperProfile", "How soon Filebeat ships: fast or balanced (beats/profiles).", map[string]any{"enum": []string{"fast", "balanced"}}},
		{"imagePullSecrets", "Secrets of a registry, as in - name: mine. They have to exist in both namespaces.", map[string]any{"type": "array",
			"items": map[string]any{"type": "object", "required": []string{"name"}, "additionalProperties": false, "properties": map[string]any{"name": text}}}},
	}
}

func quantities() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": map[string]any{"type": []string{"string", "number"}}}
}

// of are the knobs of a section, one for each value, in order.
func (k *knobs) of(name string) []knob {
	var found []knob
	for _, one := range k.met {
		if one.path[0] == name && !slices.ContainsFunc(found, one.same) {
			found = append(found, one)
		}
	}
	slices.SortFunc(found, func(a, b knob) int { return slices.Compare(a.path, b.path) })
	return found
}

// usually says what the manifests have for a value, by profile where these differ.
func (k *knobs) usually(of knob, all []string) string {
	by := map[string][]string{} // profiles, by what they have
	var texts []string
	for _, profile := range all {
		for _, one := range k.met {
			if !one.same(of) || one.usual == nil || !slices.Contains(one.profiles, profile) {
				continue
			}
			text, err := json.Marshal(one.usual)
			if err != nil {
				panic(err) // it was YAML just now
			}
			said := strings.Trim(string(text), `"`)
			if !slices.Contains(texts, said) {
				texts = append(texts, said)
			}
			if !slices.Contains(by[said], profile) {
				by[said] = append(by[said], profile)
			}
		}
	}
	for i, text := range texts {
		if len(by[text]) < len(all) {
			texts[i] += " (" + strings.Join(by[text], ", ") + ")"
		}
	}
	return strings.Join(texts, "; ")
}

// values is values.yaml: nothing is set, and each comment says what is usual.
func (k *knobs) values(profiles []string) ([]byte, error) {
	var out strings.Builder
	fmt.Fprintf(&out, "# Made from the manifests: go run . in k8s/helm. Each profile is the overlay of its name; what is\n"+
		"# not set here is as it is there, which the comments tell.\n\nprofile: %s # of %s\n", profiles[0], strings.Join(profiles, ", "))
	for _, s := range sections() {
		met := k.of(s.name)
		if len(met) == 0 {
			continue
		}
		fmt.Fprintf(&out, "\n# %s\n", s.about)
		switch {
		case s.name == "imagePullSecrets":
			fmt.Fprintf(&out, "%s: []\n", s.name)
		case len(met[0].path) == 1:
			fmt.Fprintf(&out, "%s: \"\"%s\n", s.name, comment(k.usually(met[0], profiles)))
		default:
			fmt.Fprintf(&out, "%s: {}\n", s.name)
			for _, one := range met {
				fmt.Fprintf(&out, "#  %s: %s\n", strings.Join(one.path[1:], "."), cmp.Or(k.usually(one, profiles), "the cluster's default"))
			}
		}
	}
	return []byte(out.String()), nil
}

func comment(text string) string {
	if text == "" {
		return ""
	}
	return " # " + text
}

// schema is values.schema.json, by which Helm refuses a value that no template has.
func (k *knobs) schema(profiles []string) ([]byte, error) {
	properties := map[string]any{"profile": map[string]any{"enum": profiles}}
	for _, s := range sections() {
		for _, one := range k.of(s.name) {
			at := properties
			for _, name := range one.path[:len(one.path)-1] {
				if at[name] == nil {
					at[name] = map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{}}
				}
				at = at[name].(map[string]any)["properties"].(map[string]any)
			}
			leaf := s.schema
			if len(one.path) == 1 && s.name != "imagePullSecrets" {
				leaf = map[string]any{"anyOf": []any{s.schema, map[string]any{"const": ""}}} // "" is not set
			}
			at[one.path[len(one.path)-1]] = leaf
		}
	}
	text, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
		"required": []string{"profile"}, "additionalProperties": false, "properties": properties,
	}, "", "  ")
	return append(text, '\n'), err
}
