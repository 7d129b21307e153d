package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// object is a manifest.
type object map[string]any

// id names an object: kind, namespace, name.
func (o object) id() string { return o.text("kind") + " " + o.meta("namespace") + "/" + o.meta("name") }

func (o object) text(name string) string { text, _ := o[name].(string); return text }

func (o object) meta(name string) string {
	metadata, _ := o["metadata"].(map[string]any)
	text, _ := metadata[name].(string)
	return text
}

// profiles are the overlays that the chart has, the smallest first.
func profiles(k8s string) []string {
	var there []string
	for _, name := range []string{"dev", "staging", "production"} {
		if _, err := os.Stat(filepath.Join(k8s, "overlays", name, "kustomization.yaml")); err == nil {
			there = append(there, name)
		}
	}
	return there
}

// render builds a directory as `kubectl apply -k` does.
func render(dir string) (map[string]object, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, err
	}
	text, err := resources.AsYaml()
	if err != nil {
		return nil, err
	}
	return decode(text)
}

func decode(text []byte) (map[string]object, error) {
	all := map[string]object{}
	for documents := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var read map[string]any
		err := documents.Decode(&read)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if read == nil {
			continue // a template that came out empty
		}
		o := object(read)
		if all[o.id()] != nil {
			return nil, fmt.Errorf("%s is there twice", o.id())
		}
		all[o.id()] = o
	}
}

// variant is a form of an object, and the profiles in which it has it.
type variant struct {
	object   object
	profiles []string
}

// generate makes the files of the chart from the directory k8s.
func generate(k8s string) (map[string][]byte, error) {
	names := profiles(k8s)
	variants := map[string][]variant{} // by file
	var order []string
	for _, profile := range names {
		objects, err := render(filepath.Join(k8s, "overlays", profile))
		if err != nil {
			return nil, fmt.Errorf("%s: %v", profile, err)
		}
		for _, id := range sorted(objects) {
			order = append(order, id)
			variants[id] = addVariant(variants[id], objects[id], profile)
		}
	}
	slices.Sort(order)
	var all knobs
	templates := map[string][]string{}
	for _, id := range slices.Compact(order) {
		file := file(variants[id][0].object)
		templates[file] = append(templates[file], all.template(variants[id], names))
	}
	tests, err := render(filepath.Join(k8s, "verdict"))
	if err != nil {
		return nil, fmt.Errorf("verdict: %v", err)
	}
	for _, id := range sorted(tests) {
		o := asTest(tests[id])
		file := "templates/tests/" + path.Base(file(o))
		templates[file] = append(templates[file], all.template([]variant{{o, names}}, names))
	}
	made := map[string][]byte{}
	for file, texts := range templates {
		made[file] = []byte(head + strings.Join(texts, "---\n"))
	}
	if made["values.yaml"], err = all.values(names); err == nil {
		made["values.schema.json"], err = all.schema(names)
	}
	return made, err
}

const head = "{{- /* Made from k8s/overlays: go run . in k8s/helm. A change here is undone. */ -}}\n"

func addVariant(known []variant, o object, profile string) []variant {
	for i := range known {
		if reflect.DeepEqual(known[i].object, o) {
			known[i].profiles = append(known[i].profiles, profile)
			return known
		}
	}
	return append(known, variant{o, []string{profile}})
}

// asTest has `helm test` run an object, and nothing else.
func asTest(o object) object {
	metadata := o["metadata"].(map[string]any)
	metadata["annotations"] = map[string]any{"helm.sh/hook": "test", "helm.sh/hook-delete-policy": "before-hook-creation"}
	return o
}

// file is where an object is kept, by its name without what kustomize appends to
// that of a ConfigMap.
func file(o object) string {
	name := o.meta("name")
	if kind := o.text("kind"); kind == "ConfigMap" || kind == "Secret" {
		name = regexp.MustCompile(`-[a-z0-9]{10}$`).ReplaceAllString(name, "")
	}
	namespace := o.meta("namespace")
	if namespace == "" {
		namespace = "cluster"
	}
	return path.Join("templates", namespace, strings.ToLower(o.text("kind"))+"-"+name+".yaml")
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
