package journey

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Limits of a file of journeys.
const (
	MaxWeight   = 1_000_000
	maxFile     = 1 << 20 // bytes
	maxJourneys = 100
	maxSteps    = 1000 // of a journey
)

func methods() []string {
	return []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
}

// draft is a step before a visit's values are put in.
type draft struct {
	step  Step
	words written
	logs  template // the name under which it logs in; nil if it does not
}

// definition is a journey that a file defines.
type definition struct{ stages [][]draft }

func (d definition) plan(p *planner) []stage {
	scene := p.scene()
	stages := make([]stage, len(d.stages))
	for i, drafts := range d.stages {
		for _, draft := range drafts {
			words := draft.words
			words.scene = scene
			step := draft.step
			step.written = &words
			if len(draft.logs) > 0 {
				step.user = draft.logs.fill(func(name string) value { return scene[name] }, plainly)
			}
			stages[i] = append(stages[i], step)
		}
	}
	return stages
}

// journey reads one entry of journeys.
func (r *reader) journey(n *yaml.Node) Journey {
	fields := r.fields(n, "a journey", []string{"name", "weight", "steps"}, "about", "people", "think")
	j := Journey{Weight: r.weight(fields["weight"]), Name: r.name(fields["name"]), About: r.text(fields["about"], "about", 200)}
	if people := fields["people"]; people != nil {
		if people.Tag != "!!bool" || people.Decode(&j.person) != nil {
			r.fail(people, "people: allowed are true and false")
		}
	}
	own := r.think(fields["think"])
	steps := fields["steps"]
	if steps == nil {
		return j
	}
	if steps.Kind != yaml.SequenceNode || len(steps.Content) == 0 || len(steps.Content) > maxSteps {
		r.fail(steps, "steps: a list of 1 to %d steps is wanted", maxSteps)
		return j
	}
	c := &course{reader: r, known: variables()}
	for _, item := range steps.Content {
		think := c.stage(item)
		if think == nil {
			think = own
		}
		j.thinks = append(j.thinks, think)
	}
	j.plan = definition{c.stages}.plan
	return j
}

// course is a journey while its steps are read, with what is known so far.
type course struct {
	*reader
	stages [][]draft
	known  map[string]string // names that a template may use
	opened bool              // a session
}

// stage reads a step, or several that go out together, and returns the think
// time before it, nil for none of its own.
func (c *course) stage(n *yaml.Node) *Think {
	steps, think := []*yaml.Node{n}, (*yaml.Node)(nil)
	if n.Kind == yaml.MappingNode && valueOf(n, "together") != nil {
		fields := c.fields(n, "a group", []string{"together"}, "think")
		group := fields["together"]
		if group.Kind != yaml.SequenceNode || len(group.Content) == 0 || len(group.Content) > maxSteps {
			c.fail(group, "together: a list of 1 to %d steps is wanted", maxSteps)
			return nil
		}
		steps, think = group.Content, fields["think"]
	}
	var drafts []draft
	captured := map[string]string{}
	opens := false
	for _, s := range steps {
		fields := c.fields(s, "a step", []string{"method", "path"}, "route", "query", "body", "expect", "session", "capture", "think")
		if t := fields["think"]; t != nil && s != n {
			c.fail(t, "think: belongs to the group, beside together")
		} else if t != nil {
			think = t
		}
		d := c.step(fields, captured)
		opens = opens || d.step.Keep == Session
		drafts = append(drafts, d)
	}
	for name := range captured { // from the next stage on
		c.known[name] = "captured"
	}
	c.opened = c.opened || opens
	c.stages = append(c.stages, drafts)
	return c.think(think)
}

// valueOf returns the value of a mapping's key, nil without one.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func (c *course) step(fields map[string]*yaml.Node, captured map[string]string) draft {
	d := draft{step: Step{Expect: http.StatusOK}}
	if n := fields["method"]; n != nil {
		if d.step.Method = n.Value; n.Kind != yaml.ScalarNode || !slices.Contains(methods(), n.Value) {
			c.fail(n, "method %.20q: allowed are %s", n.Value, strings.Join(methods(), ", "))
		}
	}
	if n := fields["path"]; n != nil {
		d.words.path = c.path(n)
		d.step.Route = c.route(fields["route"], d.words.path, n)
	}
	if n := fields["query"]; n != nil {
		d.words.keys, d.words.query = c.query(n, c.known)
	}
	if n := fields["body"]; n != nil {
		if d.step.Method == http.MethodGet || d.step.Method == http.MethodHead {
			c.fail(n, "body: a %s has none", d.step.Method)
		} else if n.Kind == yaml.ScalarNode {
			c.fail(n, "body: a mapping or a list is wanted, it is sent as JSON")
		}
		d.words.body = c.node(n, c.known)
	}
	c.session(fields["session"], &d)
	if n := fields["expect"]; n != nil {
		d.step.Expect = c.expect(n)
	}
	if n := fields["capture"]; n != nil {
		d.step.capture = c.captures(n, captured)
		if d.step.Keep == Nothing {
			d.step.Keep = Captured
		}
	}
	return d
}

// session reads whose session a step goes out with.
func (c *course) session(n *yaml.Node, d *draft) {
	if c.opened {
		d.step.Auth = Own
	}
	if n == nil {
		return
	}
	switch n.Value {
	case "own":
		if d.step.Auth = Own; !c.opened {
			c.fail(n, "session: own, but no step before has session: open")
		}
	case "none":
		d.step.Auth = Nobody
	case "stale":
		d.step.Auth = Stale
	case "open":
		d.step.Auth, d.step.Keep, d.step.Expect = Nobody, Session, http.StatusCreated
		if body := d.words.body; d.step.Method != http.MethodPost || body == nil {
			c.fail(n, "session: open is for the POST with a body that logs in")
		} else if i := slices.Index(body.keys, "username"); i >= 0 && body.items[i].kind == textNode {
			d.logs = body.items[i].text
		}
	default:
		c.fail(n, "session %.20q: allowed are own, none, open and stale", n.Value)
	}
}

func (c *course) path(n *yaml.Node) template {
	t := c.template(n, "path", c.known)
	raw := t.fill(func(string) value { return value{text: "x"} }, plainly)
	_, err := url.ParseRequestURI(raw)
	switch {
	case t == nil: // said already
	case !strings.HasPrefix(n.Value, "/") || strings.HasPrefix(n.Value, "//"):
		c.fail(n, "path %.40q: must begin with one /", n.Value)
	case len(n.Value) > 2000:
		c.fail(n, "path: longer than 2000 bytes")
	case strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"#<>\\^`{|}", r) }):
		c.fail(n, "path %.40q: holds a character that a path cannot; write what follows the ? under query", n.Value)
	case err != nil:
		c.fail(n, "path %.40q: holds a %% without two hex digits", n.Value)
	}
	return t
}

// route is the template under which the target knows the path.
func (c *course) route(n *yaml.Node, path template, at *yaml.Node) string {
	if n == nil {
		for _, p := range path {
			if literal, _, query := strings.Cut(p.literal, "?"); p.name != "" {
				c.fail(at, "path has {{%s}}, so a route is wanted beside it, for example route: /datasets/{id}", p.name)
				return ""
			} else if query || len(path) == 1 {
				return literal
			}
		}
		return ""
	}
	route := n.Value
	if n.Kind != yaml.ScalarNode || !strings.HasPrefix(route, "/") || len(route) > 200 || strings.Contains(route, "{{") ||
		strings.ContainsFunc(route, func(r rune) bool { return r <= ' ' || r > '~' || r == '?' }) {
		c.fail(n, "route %.40q: the target's name for the path is wanted, without a query, for example /datasets/{id}", route)
	}
	return route
}

func (c *course) expect(n *yaml.Node) int {
	status, err := strconv.Atoi(n.Value)
	if n.Value == "any" {
		return 0
	}
	if err != nil || status < 200 || status > 599 {
		c.fail(n, "expect %.20q: allowed are 200 to 599 and any", n.Value)
	}
	return status
}

func (c *course) captures(n *yaml.Node, captured map[string]string) (captures []capture) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		c.fail(n, "capture: names and JSON pointers are wanted, for example {dataset_id: /0/id}")
		return nil
	}
	c.pairs(n, func(key, to *yaml.Node) {
		pointer, err := parsePointer(to.Value)
		switch _, fixed := variables()[key.Value]; {
		case !isName(key.Value):
			c.fail(key, "capture %.20q: a name of a-z, 0-9, _ and . is wanted", key.Value)
		case fixed || captured[key.Value] != "":
			c.fail(key, "capture %.20q: the name is taken", key.Value)
		case to.Kind != yaml.ScalarNode || err != nil:
			c.fail(to, "capture %s: %.40q is no JSON pointer: it begins with /, for example /0/id", key.Value, to.Value)
		}
		captured[key.Value] = "captured"
		captures = append(captures, capture{key.Value, pointer})
	})
	return captures
}
