package images

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"plumbline/stack/fetch"
	"plumbline/stack/native"
	"plumbline/stack/node"
	"plumbline/stack/versions"
)

// Sources are what the images are made of.
type Sources struct {
	fetch.Programs
	versions.Versions
	settings map[string]string // .env
	java     node.Java

	repository, cache string
	fakes, fakesKey   string // directory of the programs that are fakes
}

// Gather has the runner fetch and build what the native stack uses, too. In the
// directory cache it keeps what only the images need.
func Gather(ctx context.Context, options native.Options, cache string) (Sources, error) {
	s := Sources{repository: options.Repository, cache: cache, fakes: filepath.Join(cache, "fakes")}
	path := filepath.Join(s.repository, versions.File)
	var err error
	if s.Versions, err = versions.Read(path, os.Getenv); err != nil {
		return s, err
	}
	file, err := os.Open(path)
	if err != nil {
		return s, fmt.Errorf("read versions: %w", err)
	}
	defer file.Close()
	if s.settings, err = versions.Parse(file); err != nil {
		return s, fmt.Errorf("read versions: %s: %w", path, err)
	}
	if s.Programs, err = native.Fetch(ctx, options); err != nil {
		return s, err
	}
	if s.java, err = node.DefaultJavaSearch(func(string) error { return nil }).Find(s.Elastic); err != nil {
		return s, err
	}
	s.fakesKey, err = fakes(ctx, s.repository, s.fakes)
	return s, err
}
