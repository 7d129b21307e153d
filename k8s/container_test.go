package k8s

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// container is what compose and Kubernetes have in common.
type container struct {
	Name     string // the service's, or workload/container
	Image    string
	User     string // number, "" if the image decides
	ReadOnly bool   // root file system
	Confined bool   // no new privileges
	Drop     []string
	Add      []string
	Memory   int64 // bytes, 0 = no limit
	CPU      string
	Ends     bool // by itself, when its work is done
	Checked  bool // by a health check or a readiness probe
	Env      map[string]string
	Args     []string
	Script   string // what a shell runs, if one does
	Check    string // the shell's part of the health check

	CheckArgs []string // of the program itself, where that is the health check
}

// program is the image's last name.
func (c container) program() string {
	name, _, _ := strings.Cut(c.Image[strings.LastIndex(c.Image, "/")+1:], ":")
	return name
}

// text is all in which addresses and file names may stand.
func (c container) text() string {
	return strings.Join(c.Args, "\n") + "\n" + c.Script + "\n" + c.Check + "\n" + strings.Join(slices.Sorted(maps.Values(c.Env)), "\n")
}

// exceptions are the rules that a container may break, each for a reason.
type exceptions map[string]string

// objections are the rules that a container breaks; elastic is the version in .env.
func objections(c container, elastic string, allowed exceptions) []string {
	var found []string
	object := func(rule, format string, args ...any) {
		if _, ok := allowed[c.Name+": "+rule]; !ok {
			found = append(found, c.Name+": "+rule+": "+fmt.Sprintf(format, args...))
		}
	}
	repository, tag, _ := strings.Cut(c.Image, ":")
	switch {
	case strings.HasPrefix(repository, "docker.elastic.co/") && tag != elastic:
		object("version", "%s, and .env says %s", c.Image, elastic)
	case tag == "" || tag == "latest":
		object("version", "%s is whatever is newest", c.Image)
	}
	if !regexp.MustCompile(`^[1-9]\d*(:\d+)?$`).MatchString(c.User) {
		object("user", "%q is root, or may be", c.User)
	}
	if !c.ReadOnly {
		object("root", "can be written to")
	}
	if !c.Confined {
		object("privileges", "may be gained")
	}
	if !slices.Equal(c.Drop, []string{"ALL"}) {
		object("capabilities", "%v dropped, want ALL", c.Drop)
	}
	if len(c.Add) > 0 {
		object("capabilities", "%v added", c.Add)
	}
	if c.Memory <= 0 {
		object("memory", "has no limit")
	}
	if c.CPU == "" || c.CPU == "0" {
		object("cpu", "has no limit")
	}
	if !c.Ends && !c.Checked {
		object("health", "nobody checks it")
	}
	return found
}

// check holds all containers against the rules, and the exceptions against use.
func check(t *testing.T, all []container, elastic string, allowed exceptions) {
	t.Helper()
	for _, c := range all {
		for _, objection := range objections(c, elastic, allowed) {
			t.Error(objection)
		}
		for exception := range allowed {
			name, rule, _ := strings.Cut(exception, ": ")
			if name == c.Name && !slices.ContainsFunc(objections(c, elastic, nil), func(o string) bool { return strings.HasPrefix(o, name+": "+rule+": ") }) {
				t.Errorf("the exception %q is needed no more", exception)
			}
		}
	}
	for exception := range allowed {
		name, _, _ := strings.Cut(exception, ": ")
		if !slices.ContainsFunc(all, func(c container) bool { return c.Name == name }) {
			t.Errorf("the exception %q is for nobody", exception)
		}
	}
}

func good() container {
	return container{Name: "a", Image: "plumbline/demo-app:dev", User: "1000:0", ReadOnly: true, Confined: true,
		Drop: []string{"ALL"}, Memory: 1, CPU: "1", Checked: true}
}

func TestEachRuleObjects(t *testing.T) {
	for _, row := range []struct {
		proves string
		change func(*container)
		want   []string
	}{
		{"a container that keeps all rules is accepted", func(*container) {}, nil},
		{"an image without a version is refused", func(c *container) { c.Image = "plumbline/demo-app" }, []string{"a: version: plumbline/demo-app is whatever is newest"}},
		{"latest is refused", func(c *container) { c.Image = "plumbline/demo-app:latest" }, []string{"a: version: plumbline/demo-app:latest is whatever is newest"}},
		{"Elastic's images have the version of .env", func(c *container) { c.Image = "docker.elastic.co/beats/filebeat:8.0.0" },
			[]string{"a: version: docker.elastic.co/beats/filebeat:8.0.0, and .env says 8.19.7"}},
		{"root is refused", func(c *container) { c.User = "0:0" }, []string{`a: user: "0:0" is root, or may be`}},
		{"a user that the image decides is refused", func(c *container) { c.User = "" }, []string{`a: user: "" is root, or may be`}},
		{"a root that can be written to is refused", func(c *container) { c.ReadOnly = false }, []string{"a: root: can be written to"}},
		{"new privileges are refused", func(c *container) { c.Confined = false }, []string{"a: privileges: may be gained"}},
		{"capabilities that stay are refused", func(c *container) { c.Drop = []string{"NET_RAW"} }, []string{"a: capabilities: [NET_RAW] dropped, want ALL"}},
		{"capabilities that come are refused", func(c *container) { c.Add = []string{"CHOWN"} }, []string{"a: capabilities: [CHOWN] added"}},
		{"memory without limit is refused", func(c *container) { c.Memory = 0 }, []string{"a: memory: has no limit"}},
		{"processor time without limit is refused", func(c *container) { c.CPU = "0" }, []string{"a: cpu: has no limit"}},
		{"a service that nobody checks is refused", func(c *container) { c.Checked = false }, []string{"a: health: nobody checks it"}},
		{"what ends by itself needs no check", func(c *container) { c.Checked, c.Ends = false, true }, nil},
	} {
		t.Run(row.proves, func(t *testing.T) {
			c := good()
			row.change(&c)
			if diff := cmp.Diff(row.want, objections(c, "8.19.7", nil)); diff != "" {
				t.Errorf("objections (-want +got):\n%s", diff)
			}
		})
	}
}
