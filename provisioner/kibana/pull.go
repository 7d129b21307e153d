package kibana

import (
	"context"
	"fmt"
	"slices"

	"github.com/rogpeppe/go-internal/diff"

	"plumbline/cli"
	"plumbline/dashboards/kibana/savedobject"
)

// Pull reads a dashboard and all that it refers to, as it is in Kibana now.
func (c *Client) Pull(ctx context.Context, id string) ([]savedobject.Object, error) {
	if _, err := c.ready(ctx); err != nil {
		return nil, err
	}
	there, missing, err := c.export(ctx, []target{{"dashboard", id}})
	switch {
	case err != nil:
		return nil, err
	case len(there) == 0:
		return nil, &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("kibana at %s: there is no dashboard %s in space %s", c.base.Host, id, c.spaceName()),
			Next: "its id is in the address of its page, after /app/dashboards#/view/"}
	case missing > 0:
		return nil, fmt.Errorf("kibana at %s: dashboard %s refers to %d objects that are not there", c.base.Host, id, missing)
	}
	var all []savedobject.Object
	for _, o := range there {
		all = append(all, o)
	}
	return all, nil
}

func (c *Client) spaceName() string {
	if c.space == "" {
		return defaultSpace
	}
	return c.space
}

// Difference compares a dashboard and what it refers to with the set that is
// sent, line by line in a readable form; "" if they are the same.
func Difference(sent, pulled []savedobject.Object) (string, error) {
	names := map[string]bool{}
	for _, o := range pulled {
		names[o.Name()] = true
	}
	sent = slices.DeleteFunc(slices.Clone(sent), func(o savedobject.Object) bool { return !names[o.Name()] })
	before, err := savedobject.Readable(unversioned(sent))
	if err != nil {
		return "", err
	}
	after, err := savedobject.Readable(unversioned(pulled))
	if err != nil {
		return "", err
	}
	return string(diff.Diff("as it is sent", before, "as it is in Kibana", after)), nil
}

// unversioned leaves out the forms of the objects, which Kibana renews by itself.
func unversioned(objects []savedobject.Object) []savedobject.Object {
	all := slices.Clone(objects)
	for i := range all {
		all[i].Core, all[i].Version = "", ""
	}
	return all
}
