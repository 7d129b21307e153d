package fetch

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// prometheusTags leave the discovery of targets in clouds out of Prometheus: it
// finds its targets in a file, or on Kubernetes by DNS, and half of the code is
// clients of clouds.
const prometheusTags = "netgo,remove_all_sd,enable_dns_sd"

// prometheus are the programs of the profile, and the tools that check their
// configuration.
func (f Fetch) prometheus() (part, error) {
	source := filepath.Join(f.Repository, "prometheus", "native")
	v := f.Versions
	key, err := key(source, isGoSource, v.Prometheus, v.Alertmanager, prometheusTags, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return part{
		name: "prometheus", about: "building Prometheus " + v.Prometheus + " and Alertmanager " + v.Alertmanager + ", some minutes the first time",
		path: f.Cache("prometheus-" + v.Prometheus + "-" + key),
		make: func(ctx context.Context, into string) error {
			if err := os.MkdirAll(into, 0o755); err != nil {
				return err
			}
			for _, b := range []struct {
				module, version string
				commands        []string
			}{
				{"github.com/prometheus/prometheus", v.Prometheus, []string{"prometheus", "promtool"}},
				{"github.com/prometheus/alertmanager", v.Alertmanager, []string{"alertmanager", "amtool"}},
			} {
				build := goBuild{name: "prometheus", dir: source, into: into, flags: []string{"-tags=" + prometheusTags},
					ldflags: "-X github.com/prometheus/common/version.Version=" + b.version}
				for _, command := range b.commands {
					build.packages = append(build.packages, strings.Join([]string{b.module, "cmd", command}, "/"))
				}
				if err := f.goBuild(ctx, build); err != nil {
					return err
				}
			}
			return nil
		},
	}, err
}
