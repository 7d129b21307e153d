package docker

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
)

// What Docker's API answers, as far as it is read.

type version struct {
	Version    string
	Components []struct{ Name, Version string }
}

// podman is whether it is Podman that answers as Docker does.
func (v version) podman() bool {
	return slices.ContainsFunc(v.Components, func(c struct{ Name, Version string }) bool { return strings.Contains(c.Name, "Podman") })
}

type info struct {
	NCPU            int
	MemTotal        uint64 // bytes
	DockerRootDir   string
	LoggingDriver   string
	OperatingSystem string
	Architecture    string
	MemoryLimit     bool
	CpuCfsQuota     bool
	PidsLimit       bool
	SecurityOptions []string
	Plugins         struct{ Log []string }
}

// desktop is whether Docker runs in a virtual machine of its own.
func (i info) desktop() bool {
	return strings.Contains(i.OperatingSystem, "Docker Desktop") || strings.Contains(i.OperatingSystem, "OrbStack")
}

func (i info) rootless() bool { return slices.Contains(i.SecurityOptions, "name=rootless") }

type container struct {
	State  string
	Labels map[string]string
	Ports  []struct{ PublicPort int }
}

type volume struct {
	Name      string
	CreatedAt time.Time
	Labels    map[string]string
}

// of is the name that compose.yaml gives the volume.
func (v volume) of() string { return v.Labels["com.docker.compose.volume"] }

type image struct{ RepoTags []string }

// filter is the query by which Docker's lists are narrowed.
func filter(key, value string) url.Values {
	text, _ := json.Marshal(map[string][]string{key: {value}}) // strings always can
	return url.Values{"filters": {string(text)}}
}

// all adds what has stopped.
func all(query url.Values) url.Values {
	return url.Values{"filters": query["filters"], "all": {"true"}}
}
