// Package images makes stand-ins for images that cannot be pulled where the tests
// run: the same programs, and what compose.yaml and the manifests rely on of the
// official ones. An image is written as one tar stream, its root file system;
// which engine takes it, and as what, is the caller's business.
//
// It makes our own images, too, for engines that cannot build a Dockerfile.
package images

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
)

// made are the files that say how the images are made.
//
//go:embed *.go entrypoints/*.sh
var made embed.FS

// Image is a stand-in for one that cannot be pulled here: the same program, and
// what is relied on of the official image: user, paths, entry point, settings by
// environment, bash and curl where the official one has them.
type Image struct {
	Official string   // which it stands in for, without a tag
	Name     string   // what it is called here
	Key      string   // changes with what it is made of, and not with where that is
	User     string   // the name of a user besides root, if there is one
	Number   int      // that user's
	Home     string   // and directory
	Small    bool     // busybox is all there is beside the program
	Bare     bool     // there is nothing beside the program
	Config   []string // as in a Dockerfile: USER, WORKDIR, ENV, LABEL, EXPOSE, ENTRYPOINT and CMD
	Fill     func(*tree)
}

// StandIns are all that there are.
func (s Sources) StandIns() []Image {
	return []Image{
		s.server(), s.beat("filebeat", s.Filebeat), s.beat("metricbeat", s.Metricbeat), s.prometheus(), s.alertmanager(),
		redis(), haproxy(), mariadb(), s.kibana(), s.grafana(),
	}
}

// Write writes the image's root file system as a tar stream.
func (i Image) Write(to io.Writer) error {
	tree := newTree(to)
	if !i.Bare {
		tree.userland(i)
	}
	i.Fill(tree)
	return tree.close()
}

// Sum changes when the image does.
func (i Image) Sum() (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q", append(i.Config, i.Name, i.Key, i.User, i.Home, fmt.Sprint(i.Number, i.Small, i.Bare)))
	err := fs.WalkDir(made, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := made.ReadFile(name)
		sum.Write(text)
		return err
	})
	return fmt.Sprintf("%x", sum.Sum(nil)[:8]), err
}

// stamp changes when one of these programs does.
func stamp(programs ...string) string {
	var all strings.Builder
	for _, name := range programs {
		path, err := exec.LookPath(name)
		if info, wrong := os.Stat(path); err == nil && wrong == nil {
			fmt.Fprintln(&all, path, info.Size(), info.ModTime())
		}
	}
	return all.String()
}

func (t *tree) entrypoint(name, script string, replace ...string) {
	text, err := made.ReadFile("entrypoints/" + script)
	if err != nil {
		t.fail(err)
	}
	t.text(name, 0o755, strings.NewReplacer(replace...).Replace(string(text)))
}
