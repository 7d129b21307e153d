package images

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Compiler is the base of our own Dockerfile: this machine's Go, with the
// modules that go.mod names in place of a proxy, and this machine's packages in
// place of Debian's.
func (s Sources) Compiler(ctx context.Context) (Image, error) {
	text, err := os.ReadFile(filepath.Join(s.repository, "Dockerfile"))
	if err != nil {
		return Image{}, fmt.Errorf("the Dockerfile's base: %w", err)
	}
	from := regexp.MustCompile(`(?m)^FROM .*(golang:\S+)`).FindSubmatch(text)
	if from == nil {
		return Image{}, errors.New("no stage of the Dockerfile is FROM golang")
	}
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT", "GOVERSION").Output()
	if err != nil {
		return Image{}, fmt.Errorf("go env: %w", err)
	}
	goRoot, goName, _ := strings.Cut(strings.TrimSpace(string(out)), "\n") // go1.26.8
	modules, key, err := s.modules(ctx)
	if err != nil {
		return Image{}, err
	}
	return Image{
		Name: os.Expand(string(from[1]), func(name string) string { return s.settings[name] }),
		Key:  goName + key + mariadb().Key + redis().Key,
		Config: []string{
			"WORKDIR /go", "ENV GOPATH=/go", "ENV GOTOOLCHAIN=local", "ENV PATH=/go/bin:/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"ENV GOPROXY=file:///standin/modules", "ENV GOSUMDB=off", // go.sum has the sums
		},
		Fill: func(t *tree) {
			t.authorities()
			t.dir("go", 0o777)
			for _, name := range []string{"VERSION", "go.env"} {
				t.file("usr/local/go/"+name, filepath.Join(goRoot, name))
			}
			for _, dir := range []string{"bin", "lib", "pkg", "src"} {
				t.copy("usr/local/go/"+dir, filepath.Join(goRoot, dir), "testdata", "*_test.go")
			}
			t.copy("standin/modules", modules)
			t.entrypoint("usr/bin/apt-get", "apt-get.sh")
			t.mariadb("standin/packages/mariadb-server")
			t.redis("standin/packages/redis-server")
		},
	}, nil
}

// modules gathers what go.mod names, from the Go tool's own cache where it is
// there already, in a directory with the layout of a module proxy.
func (s Sources) modules(ctx context.Context) (dir, key string, err error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		return "", "", fmt.Errorf("go env: %w", err)
	}
	have, proxy, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	sums, err := os.ReadFile(filepath.Join(s.repository, "go.sum"))
	if err != nil {
		return "", "", fmt.Errorf("gather modules: %w", err)
	}
	key = fmt.Sprintf("%x", sha256.Sum256(sums))
	into := filepath.Join(s.cache, "modules")
	dir = filepath.Join(into, "cache", "download")
	done := into + ".of"
	if of, err := os.ReadFile(done); err == nil && string(of) == key {
		return dir, key, nil
	}
	cmd := exec.CommandContext(ctx, "go", "mod", "download")
	cmd.Dir = s.repository
	cmd.Env = append(os.Environ(), "GOMODCACHE="+into, "GOFLAGS=-modcacherw", "GOPROXY=file://"+filepath.Join(have, "cache", "download")+","+proxy)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("go mod download: %w\n%s", err, out)
	}
	unpacked, err := filepath.Glob(filepath.Join(into, "*"))
	if err != nil {
		return "", "", fmt.Errorf("gather modules: %w", err)
	}
	for _, path := range unpacked {
		if filepath.Base(path) != "cache" {
			if err := os.RemoveAll(path); err != nil {
				return "", "", fmt.Errorf("gather modules: %w", err)
			}
		}
	}
	if err := os.WriteFile(done, []byte(key), 0o600); err != nil {
		return "", "", fmt.Errorf("gather modules: %w", err)
	}
	return dir, key, nil
}
