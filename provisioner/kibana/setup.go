package kibana

import (
	"context"
	"fmt"
	"strings"
	"time"

	"plumbline/dashboards/kibana/savedobject"
	"plumbline/provisioner/elastic"
)

// Setup is what is put into Kibana.
type Setup struct {
	Config
	Objects []byte        // saved objects, a line each
	Rules   []Rule        // alert rules
	Within  time.Duration // to wait for Kibana
}

// Steps returns, in order, what is done. All of it can be done again, and then
// changes nothing unless something differs.
func (s Setup) Steps() ([]elastic.Step, error) {
	client, err := New(s.Config)
	if err != nil {
		return nil, err
	}
	return client.steps(s)
}

func (c *Client) steps(s Setup) ([]elastic.Step, error) {
	objects, _, err := savedobject.Parse(s.Objects)
	if err != nil {
		return nil, fmt.Errorf("saved objects: %w", err)
	}
	var number string
	steps := []elastic.Step{
		{Name: "kibana", Run: func(ctx context.Context) (note string, err error) { // answers, and is of a version that takes them
			number, err = c.await(ctx, s.Within)
			return number, err
		}},
		{Name: "space", Run: c.ensureSpace}, // is there
		{Name: "saved objects", Run: func(ctx context.Context) (string, error) { return c.putObjects(ctx, objects) }}, // are there as they should be
		{Name: "dashboards", Run: func(ctx context.Context) (string, error) { // are understood, where Kibana says so
			if v, err := parseVersion(number); err != nil || v.before(dashboards) {
				return "stored; only Kibana 9.4 and newer tell whether they can read all panels", err
			}
			return c.checkDashboards(ctx, objects)
		}},
	}
	if len(s.Rules) > 0 {
		steps = append(steps, elastic.Step{Name: "alert rules", Run: func(ctx context.Context) (string, error) { return c.putRules(ctx, s.Rules) }})
	}
	return append(steps, elastic.Step{Name: "address", Run: func(context.Context) (string, error) { return c.address(), nil }}), nil // for whoever wants to look
}

// address is where the dashboards are, for a browser.
func (c *Client) address() string {
	address := strings.TrimRight(c.base.String(), "/")
	if c.space != "" {
		address += "/s/" + c.space
	}
	return address + "/app/dashboards"
}
