package containers

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// prepare has all stand-ins in the engine, made anew where they have changed.
func (e *engine) prepare(t *testing.T, images []image) {
	t.Helper()
	var making sync.WaitGroup
	for _, i := range images {
		making.Go(func() {
			if err := e.make(t, i); err != nil {
				t.Errorf("make %s: %v", i.name, err)
			}
		})
	}
	making.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

const keyLabel = "plumbline.standin"

func (e *engine) make(t *testing.T, i image) error {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q", append(i.config, i.name, i.key, i.user, i.home, fmt.Sprint(i.number), layout(t)))
	key := fmt.Sprintf("%x", sum.Sum(nil)[:8])
	if have, err := e.try(t.Context(), nil, "image", "inspect", "--format", `{{index .Config.Labels "`+keyLabel+`"}}`, i.name); err == nil && strings.TrimSpace(have) == key {
		return nil
	}
	from, to := io.Pipe()
	go func() {
		tree := newTree(to)
		tree.userland(i)
		i.fill(tree)
		to.CloseWithError(tree.close())
	}()
	args := []string{"import"}
	for _, change := range append(i.config, "LABEL "+keyLabel+"="+key) {
		args = append(args, "--change", change)
	}
	_, err := e.try(t.Context(), from, append(args, "-", i.name)...)
	from.CloseWithError(err) // or the writer would wait for a reader for ever
	return err
}

// layout is the content of the files that say how the images are made.
func layout(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("standin/*.sh")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, name := range append(files, "images_test.go", "parts_test.go", "fakes_test.go", "tree_test.go") {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(content)
	}
	return text.String()
}

// standIn makes the stand-ins that compose.yaml asks for and puts them over it:
// nothing else differs.
func (p *project) standIn(t *testing.T, s sources) {
	t.Helper()
	wanted := map[string]image{s.compiler(t).name: s.compiler(t)}
	over := []string{"# Over compose.yaml, where nothing can be pulled.", "services:"}
	services, all := p.config(t, "*"), s.standIns()
	for _, name := range slices.Sorted(maps.Keys(services)) {
		if services[name].Build != nil {
			continue
		}
		official, _, _ := strings.Cut(services[name].Image, ":")
		i := slices.IndexFunc(all, func(i image) bool { return i.official == official })
		if i < 0 {
			t.Fatalf("%s: there is no stand-in for %s", name, services[name].Image)
		}
		wanted[all[i].name] = all[i]
		over = append(over, "  "+name+`: {image: "`+all[i].name+`", pull_policy: never}`)
	}
	p.prepare(t, slices.Collect(maps.Values(wanted)))
	file := filepath.Join(filepath.Dir(p.data), "standin.yaml")
	if err := os.WriteFile(file, []byte(strings.Join(over, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p.env[0] += ":" + file
}
