package images

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Own are our images, as our Dockerfile makes them.
func (s Sources) Own() ([]Image, error) {
	var all []Image
	for _, program := range []string{s.DemoApp, s.Loadgen, s.Provisioner} {
		text, err := os.ReadFile(program)
		if err != nil {
			return nil, fmt.Errorf("make our images: %w", err)
		}
		name := filepath.Base(program)
		all = append(all, Image{
			Official: "plumbline/" + name, Name: "plumbline/" + name + ":dev", Key: fmt.Sprintf("%x", sha256.Sum256(text)), Bare: true,
			Config: []string{"USER 1000:0", "ENTRYPOINT [" + strconv.Quote("/"+name) + "]"},
			Fill: func(t *tree) {
				t.authorities()
				t.file(name, program)
			},
		})
	}
	return all, nil
}

// authorities are those that this machine trusts.
func (t *tree) authorities() {
	const file = "/etc/ssl/certs/ca-certificates.crt"
	t.file(file, file)
}

// Pause is what holds the namespaces of a pod while its containers come and go.
func Pause() Image {
	return Image{
		Official: "registry.k8s.io/pause", Name: "standin/pause:local", Key: stamp("tini-static", "busybox"), Small: true,
		Config: []string{"USER 65535:65535", `ENTRYPOINT ["/usr/bin/tini", "--", "sleep", "2147483647"]`},
		Fill:   func(t *tree) { t.program("usr/bin/tini", "tini-static") },
	}
}
