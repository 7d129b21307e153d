package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// knob is a value of the chart, and where it stands in one object.
type knob struct {
	path     []string // in values.yaml
	form     form
	usual    any // what the manifests have there
	profiles []string
	token    string // stands in its place while the object is written
}

// form is how a value is written into a manifest.
type form int

const (
	text     form = iota // in place of another
	number               // likewise
	merged               // its members over those that are there
	optional             // a line that is not there without it
)

// knobs are all that were met, in that order.
type knobs struct{ met []knob }

// template writes an object with its values, under a condition where it is not the
// same in every profile.
func (k *knobs) template(variants []variant, all []string) string {
	var out strings.Builder
	for i, v := range variants {
		body := k.cut(v)
		if len(v.profiles) == len(all) {
			return body
		}
		word := "if"
		if i > 0 {
			word = "else if"
		}
		fmt.Fprintf(&out, "{{- %s has .Values.profile (list %s) }}\n%s", word, quoted(v.profiles), body)
	}
	return out.String() + "{{- end }}\n"
}

func quoted(names []string) string {
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf("%q", name))
	}
	return strings.Join(all, " ")
}

// cut writes one form of an object.
func (k *knobs) cut(v variant) string {
	first := len(k.met)
	o := clone(v.object)
	k.find(o, v.profiles)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(map[string]any(o)); err != nil {
		panic(err) // it was YAML just now
	}
	body := strings.ReplaceAll(out.String(), "{{", `{{ "{{" }}`)
	for _, knob := range k.met[first:] {
		body = knob.write(body)
	}
	return body
}

// find puts a token in the place of each value of an object.
func (k *knobs) find(o object, profiles []string) {
	name, kind := o.meta("name"), o.text("kind")
	set := func(at map[string]any, member string, f form, path ...string) {
		token := fmt.Sprintf("KNOB%06d", len(k.met))
		k.met = append(k.met, knob{path, f, at[member], profiles, token})
		at[member] = token
	}
	spec := child(o, "spec")
	switch kind {
	case "Deployment":
		if spec["replicas"] != nil {
			set(spec, "replicas", number, "replicas", name)
		}
	case "HorizontalPodAutoscaler":
		set(spec, "minReplicas", number, "autoscaling", name, "min")
		set(spec, "maxReplicas", number, "autoscaling", name, "max")
	case "Ingress":
		set(spec, "ingressClassName", optional, "ingress", "class")
		for _, rule := range children(spec, "rules") {
			set(rule, "host", text, "ingress", "host")
		}
	case "StatefulSet":
		for _, claim := range children(spec, "volumeClaimTemplates") {
			set(child(claim, "spec"), "storageClassName", optional, "storageClass")
			set(child(claim, "spec", "resources", "requests"), "storage", text, "storage", name)
		}
	}
	pod := child(spec, "template", "spec")
	if pod["containers"] == nil {
		pod = child(spec, "jobTemplate", "spec", "template", "spec")
	}
	if pod["containers"] == nil {
		return
	}
	set(pod, "imagePullSecrets", optional, "imagePullSecrets")
	for _, c := range slices.Concat(children(pod, "initContainers"), children(pod, "containers")) {
		set(c, "image", text, "images", imageName(c["image"].(string)))
	}
	for _, c := range children(pod, "containers") {
		if c["resources"] != nil && kind != "Job" { // whose pods cannot be changed
			set(c, "resources", merged, "resources", name, c["name"].(string))
		}
		for _, e := range children(c, "env") {
			if e["name"] == "SHIPPER_PROFILE" {
				set(e, "value", text, "shipperProfile")
			}
		}
	}
}

// imageName is the last part of an image's name, without its tag.
func imageName(image string) string {
	name, _, _ := strings.Cut(path.Base(image), ":")
	return name
}

// write replaces the token by what Helm shall do.
func (k knob) write(body string) string {
	holder, last := ".Values", k.path[len(k.path)-1]
	for _, name := range k.path[:len(k.path)-1] {
		holder += "." + name
	}
	usual, err := json.Marshal(k.usual)
	if err != nil {
		panic(err) // it was YAML just now
	}
	of := fmt.Sprintf("dig %s %s .Values.%s", quoted(k.path[1:]), "%s", k.path[0])
	switch k.form {
	case optional:
		line := regexp.MustCompile(`(?m)^( *)(\w+): ` + k.token + `$`)
		return line.ReplaceAllString(body, "{{- with "+holder+"."+last+" }}\n$1$2: {{ toJson . }}\n{{- end }}")
	case merged:
		return strings.Replace(body, k.token, fmt.Sprintf("{{ mergeOverwrite (fromJson `%s`) (%s) | toJson }}", usual, fmt.Sprintf(of, "dict")), 1)
	case number:
		return strings.Replace(body, k.token, "{{ "+fmt.Sprintf(of, usual)+" }}", 1)
	}
	if len(k.path) == 1 {
		return strings.Replace(body, k.token, fmt.Sprintf("{{ .Values.%s | default %s | quote }}", k.path[0], usual), 1)
	}
	return strings.Replace(body, k.token, "{{ "+fmt.Sprintf(of, usual)+" | quote }}", 1)
}

// child follows members that are objects; one that is not there is empty.
func child(o map[string]any, names ...string) map[string]any {
	for _, name := range names {
		next, ok := o[name].(map[string]any)
		if !ok {
			return map[string]any{}
		}
		o = next
	}
	return o
}

func children(o map[string]any, name string) []map[string]any {
	list, _ := o[name].([]any)
	var all []map[string]any
	for _, one := range list {
		if member, ok := one.(map[string]any); ok {
			all = append(all, member)
		}
	}
	return all
}

// clone copies all but the scalars.
func clone(o object) object {
	return object(cloneAny(map[string]any(o)).(map[string]any))
}

func cloneAny(value any) any {
	switch value := value.(type) {
	case map[string]any:
		out := maps.Clone(value)
		for name := range out {
			out[name] = cloneAny(out[name])
		}
		return out
	case []any:
		out := slices.Clone(value)
		for i := range out {
			out[i] = cloneAny(out[i])
		}
		return out
	}
	return value
}

// same tells whether two knobs are one value.
func (k knob) same(other knob) bool { return reflect.DeepEqual(k.path, other.path) }
