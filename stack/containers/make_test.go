package containers

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"plumbline/stack/images"
)

// prepare has all stand-ins in the engine, made anew where they have changed.
func (e *engine) prepare(t *testing.T, all []images.Image) {
	t.Helper()
	var making sync.WaitGroup
	for _, i := range all {
		making.Go(func() {
			if err := e.make(t, i); err != nil {
				t.Errorf("make %s: %v", i.Name, err)
			}
		})
	}
	making.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

const keyLabel = "plumbline.standin"

func (e *engine) make(t *testing.T, i images.Image) error {
	key, err := i.Sum()
	if err != nil {
		return err
	}
	if have, err := e.try(t.Context(), nil, "image", "inspect", "--format", `{{index .Config.Labels "`+keyLabel+`"}}`, i.Name); err == nil && strings.TrimSpace(have) == key {
		return nil
	}
	from, to := io.Pipe()
	go func() { to.CloseWithError(i.Write(to)) }()
	args := []string{"import"}
	for _, change := range append(i.Config, "LABEL "+keyLabel+"="+key) {
		args = append(args, "--change", change)
	}
	_, err = e.try(t.Context(), from, append(args, "-", i.Name)...)
	from.CloseWithError(err) // or the writer would wait for a reader for ever
	return err
}

// standIn makes the stand-ins that compose.yaml asks for and puts them over it:
// nothing else differs.
func (p *project) standIn(t *testing.T, s images.Sources) {
	t.Helper()
	compiler, err := s.Compiler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string]images.Image{compiler.Name: compiler}
	over := []string{"# Over compose.yaml, where nothing can be pulled.", "services:"}
	services, all := p.config(t, "*"), s.StandIns()
	for _, name := range slices.Sorted(maps.Keys(services)) {
		if services[name].Build != nil {
			continue
		}
		official, _, _ := strings.Cut(services[name].Image, ":")
		i := slices.IndexFunc(all, func(i images.Image) bool { return i.Official == official })
		if i < 0 {
			t.Fatalf("%s: there is no stand-in for %s", name, services[name].Image)
		}
		wanted[all[i].Name] = all[i]
		over = append(over, "  "+name+`: {image: "`+all[i].Name+`", pull_policy: never}`)
	}
	p.prepare(t, slices.Collect(maps.Values(wanted)))
	file := filepath.Join(filepath.Dir(p.data), "standin.yaml")
	if err := os.WriteFile(file, []byte(strings.Join(over, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p.env[0] += ":" + file
}
