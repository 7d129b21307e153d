package k8s

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
)

// handed are the secrets in each volume: what setup-certs makes or copies, and
// what hand-out copies.
func handed(p *types.Project) map[string][]string {
	made, out := ofService(p, p.Services["setup-certs"]).Script, ofService(p, p.Services["hand-out"]).Script
	found := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?: |/made/)([a-z-]+)/([a-z-]+\.(?:token|password|secret|url))\b`).FindAllStringSubmatch(made, -1) {
		found[m[1]] = append(found[m[1]], m[2])
	}
	for _, m := range regexp.MustCompile(`(?m)\bcp (?:-p )?(.+) (?:/made|\.\.)/([a-z-]+)/$`).FindAllStringSubmatch(made+"\n"+out, -1) {
		for _, file := range strings.Fields(m[1]) {
			found[m[2]] = append(found[m[2]], file[strings.LastIndex(file, "/")+1:])
		}
	}
	return found
}

// strays are secrets that a service can read and does not use, or uses and
// cannot read. Those who make them and hand them out have all.
func strays(p *types.Project) []string {
	volumes := handed(p)
	var found []string
	for _, s := range p.Services {
		if slices.Contains([]string{"setup-certs", "setup", "hand-out"}, s.Name) {
			continue
		}
		var has []string
		for _, v := range s.Volumes {
			if v.Source == "keys" || v.Source == "secrets" {
				found = append(found, s.Name+": has all "+v.Source)
			} else {
				has = append(has, volumes[v.Source]...)
			}
		}
		text := strings.ReplaceAll(ofService(p, s).text(), "certs/node.key", "") // in a volume of Elasticsearch's own
		for _, name := range has {
			if !regexp.MustCompile(`[/ ]` + regexp.QuoteMeta(name)).MatchString(text) {
				found = append(found, s.Name+": has "+name+" for nothing")
			}
		}
		for _, m := range regexp.MustCompile(`/([a-z_-]+\.(?:key|token|password|secret|url))\b`).FindAllStringSubmatch(text, -1) {
			if name := m[1]; !slices.Contains(has, name) && name != "kibana.token" { // which setup writes by itself
				found = append(found, s.Name+": nobody hands out "+name)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestEachServiceHasItsOwnSecrets(t *testing.T) {
	p := loadCompose(t, allProfiles)
	for _, problem := range strays(p) {
		t.Error(problem)
	}
	if volumes := handed(p); len(volumes) < 15 {
		t.Errorf("secrets in %d volumes only: %v", len(volumes), volumes)
	}
	p, err := compose(t.Context(), `
services:
  setup-certs: {image: x, entrypoint: [bash], command: ["for name in three/d.token; do\necho x >/made/four/e.url\ncp /made/secrets/f.password /made/five/"]}
  hand-out: {image: x, entrypoint: [bash], command: ["cp -p a.key b.key ../one/\ncp -p a.key ../two/"]}
  right: {image: x, command: ["-key-file=/k/a.key", "/t/d.token", "/u/e.url", "/v/f.password"], volumes: ["two:/k", "three:/t", "four:/u", "five:/v"]}
  curious: {image: x, command: ["-key-file=/k/a.key"], volumes: ["one:/k", "three:/t", "four:/u", "five:/v"]}
  greedy: {image: x, command: ["-key-file=/k/a.key"], volumes: ["keys:/k", "secrets:/s"]}
volumes: {one: , two: , three: , four: , five: , keys: , secrets: }`, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"curious: has b.key for nothing", "curious: has d.token for nothing", "curious: has e.url for nothing", "curious: has f.password for nothing",
		"greedy: has all keys", "greedy: has all secrets", "greedy: nobody hands out a.key",
	}
	if diff := cmp.Diff(want, strays(p)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}
