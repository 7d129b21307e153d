package grafana

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/grafana/grafana-openapi-client-go/client/dashboards"
	"github.com/grafana/grafana-openapi-client-go/client/folders"
	"github.com/grafana/grafana-openapi-client-go/client/search"
	"github.com/grafana/grafana-openapi-client-go/models"

	"plumbline/cli"
	board "plumbline/dashboards/grafana"
)

// EnsureFolder makes a folder if it is not there, and returns what was done.
func (c *Client) EnsureFolder(ctx context.Context, f Folder) (string, error) {
	_, err := c.folders.GetFolderByUIDWithParams(folders.NewGetFolderByUIDParamsWithContext(ctx).WithFolderUID(f.UID))
	if err == nil {
		return "unchanged: " + f.Title, nil
	}
	if !missing(err) {
		return "", c.refused("folder "+f.UID, err)
	}
	_, err = c.folders.CreateFolderWithParams(folders.NewCreateFolderParamsWithContext(ctx).WithBody(&models.CreateFolderCommand{UID: f.UID, Title: f.Title}))
	return "added: " + f.Title, c.refused("folder "+f.UID, err)
}

// EnsureDashboard makes a dashboard as it should be, reads it back, and returns
// what was done and its path.
func (c *Client) EnsureDashboard(ctx context.Context, text []byte) (done, path string, err error) {
	var want map[string]any
	if err := json.Unmarshal(text, &want); err != nil {
		return "", "", fmt.Errorf("dashboard: %w", err)
	}
	uid, _ := want["uid"].(string)
	there, meta, err := c.dashboard(ctx, uid)
	switch {
	case err != nil && !missing(err):
		return "", "", c.refused("dashboard "+uid, err)
	case err == nil && same(want, there):
		done = "unchanged"
		if meta.Provisioned {
			done = "from a file"
		}
		return done, meta.URL, nil
	case err == nil && meta.Provisioned:
		return "", "", &cli.Failure{
			Code: cli.Undone, Err: fmt.Errorf("grafana at %s: dashboard %s comes from the file %s there, which differs", c.host, uid, meta.ProvisionedExternalID),
			Next: "provisioner grafana pull " + uid + " shows in what; renew the files in Grafana's provisioning directory",
		}
	case err == nil:
		done = "mended: it had been changed there"
	default:
		done = "added"
	}
	_, err = c.dashboards.PostDashboardWithParams(dashboards.NewPostDashboardParamsWithContext(ctx).WithBody(
		&models.SaveDashboardCommand{Dashboard: want, FolderUID: DashboardFolder().UID, Overwrite: true, Message: "by provisioner grafana"}))
	if err != nil {
		return "", "", c.refused("dashboard "+uid, err)
	}
	there, meta, err = c.dashboard(ctx, uid)
	if err != nil {
		return "", "", c.refused("dashboard "+uid, err)
	}
	if got, want := panels(there), panels(want); got != want {
		return "", "", fmt.Errorf("grafana at %s: dashboard %s has %d panels there, want %d", c.host, uid, got, want)
	}
	return done, meta.URL, nil
}

func panels(dashboard map[string]any) int {
	all, _ := dashboard["panels"].([]any)
	return len(all)
}

func (c *Client) dashboard(ctx context.Context, uid string) (map[string]any, *models.DashboardMeta, error) {
	found, err := c.dashboards.GetDashboardByUIDWithParams(dashboards.NewGetDashboardByUIDParamsWithContext(ctx).WithUID(uid))
	if err != nil {
		return nil, nil, err
	}
	model, _ := found.Payload.Dashboard.(map[string]any)
	if model == nil || found.Payload.Meta == nil {
		return nil, nil, fmt.Errorf("dashboard %s: the answer holds none", uid)
	}
	return model, found.Payload.Meta, nil
}

// same compares two dashboards without what Grafana counts.
func same(a, b map[string]any) bool {
	one, err := board.Canonical(a)
	if err != nil {
		return false
	}
	other, err := board.Canonical(b)
	return err == nil && bytes.Equal(one, other)
}

// Strays names what is in the folder of dashboards and is none of these.
func (c *Client) Strays(ctx context.Context, uids []string) ([]string, error) {
	kind := "dash-db"
	found, err := c.search.Search(search.NewSearchParamsWithContext(ctx).WithFolderUIDs([]string{DashboardFolder().UID}).WithType(&kind), nil)
	if err != nil {
		return nil, c.refused("search", err)
	}
	var strays []string
	for _, hit := range found.Payload {
		if !slices.Contains(uids, hit.UID) {
			strays = append(strays, hit.Title)
		}
	}
	return strays, nil
}

// Pull reads a dashboard from Grafana in the canonical form.
func (c *Client) Pull(ctx context.Context, uid string) ([]byte, error) {
	there, _, err := c.dashboard(ctx, uid)
	if missing(err) {
		return nil, &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("grafana at %s: there is no dashboard %s", c.host, uid), Next: "its uid is in its address: /d/UID/…"}
	}
	if err != nil {
		return nil, c.refused("dashboard "+uid, err)
	}
	return board.Canonical(there)
}

// summary says how often each thing was done: "2 added, 1 unchanged".
func summary(done []string) string {
	count, order := map[string]int{}, []string{}
	for _, d := range done {
		what, _, _ := strings.Cut(d, ":")
		if count[what]++; count[what] == 1 {
			order = append(order, what)
		}
	}
	for i, what := range order {
		order[i] = fmt.Sprintf("%d %s", count[what], what)
	}
	return strings.Join(order, ", ")
}
