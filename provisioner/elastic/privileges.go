package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/rs/xid"

	"plumbline/demo-app/telemetry"
)

// A grant is a set of privileges on one name: an index, or "" for the cluster.
type grant struct {
	on         string
	privileges []string
}

// An expectation is what a role's key must be able to do, and what it must
// not: both are asked with the key itself.
type expectation struct {
	role    string
	may     []grant
	mayNot  []grant
	foreign string // stream in which a document of this role must be refused
}

func expectations() []expectation {
	const (
		forbiddenLog    = "logs-icat.forbidden-default"
		forbiddenMetric = "metrics-plumbline.forbidden-default"
		system          = "metrics-system.cpu-default"
		beats           = "metrics-beats.stats-default"
	)
	monitor := grant{"", []string{"monitor"}}
	admin := grant{"", []string{"manage_security", "manage_index_templates"}}
	add := []string{"create_doc", "auto_configure"}
	read := []string{"read", "view_index_metadata"}
	change := []string{"index", "delete", "delete_index", "manage"} // what nobody may
	return []expectation{
		{
			role:    "shipper_logs",
			may:     []grant{monitor, {telemetry.StreamAccess, add}, {telemetry.StreamApp, add}, {telemetry.StreamLines, add}},
			mayNot:  []grant{admin, {telemetry.StreamAccess, append(read, change...)}, {telemetry.StreamPrometheus, add}, {telemetry.StreamLag, add}, {telemetry.StreamLoad, add}},
			foreign: forbiddenMetric,
		},
		{
			role:    "shipper_metrics",
			may:     []grant{monitor, {telemetry.StreamPrometheus, add}, {system, add}, {beats, add}},
			mayNot:  []grant{admin, {telemetry.StreamPrometheus, append(read, change...)}, {telemetry.StreamAccess, add}, {telemetry.StreamLag, add}, {telemetry.StreamLoad, add}},
			foreign: forbiddenMetric,
		},
		{
			role: "provisioner",
			may: []grant{
				monitor, {"", []string{"manage_index_templates"}}, {telemetry.StreamLag, append(add, read...)},
				{telemetry.StreamAccess, read}, {telemetry.StreamPrometheus, read}, {telemetry.StreamLoad, read}, {system, read}, {beats, read},
			},
			mayNot:  []grant{{"", []string{"manage_security"}}, {telemetry.StreamLag, change}, {telemetry.StreamLoad, append(add, change...)}, {telemetry.StreamAccess, append(add, change...)}},
			foreign: forbiddenLog,
		},
		{
			role: "reader",
			may: []grant{
				monitor, {telemetry.StreamAccess, read}, {telemetry.StreamApp, read}, {telemetry.StreamLines, read},
				{telemetry.StreamPrometheus, read}, {telemetry.StreamLag, read}, {telemetry.StreamLoad, read}, {system, read}, {beats, read},
			},
			mayNot:  []grant{admin, {telemetry.StreamAccess, append(add, change...)}, {telemetry.StreamLag, add}, {telemetry.StreamLoad, append(add, change...)}, {"logs-other-default", read}},
			foreign: forbiddenLog,
		},
		{
			role:    "loadgen",
			may:     []grant{{telemetry.StreamLoad, add}},
			mayNot:  []grant{admin, monitor, {telemetry.StreamLoad, append(read, change...)}, {telemetry.StreamAccess, add}, {telemetry.StreamPrometheus, add}, {telemetry.StreamLag, add}},
			foreign: forbiddenMetric,
		},
	}
}

// checkRoles asks with each key what it may and may not, and then tries a
// document where it must be refused.
func checkRoles(access Config, dir string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		granted, refused := 0, 0
		for _, want := range expectations() {
			key, err := New(Config{URL: access.URL, CAFile: access.CAFile, KeyFile: KeyFile(dir, want.role)})
			if err != nil {
				return "", err
			}
			held, err := key.privileges(ctx, slices.Concat(want.may, want.mayNot))
			if err != nil {
				return "", fmt.Errorf("role %s: %w", want.role, err)
			}
			n, err := want.compare(held)
			if err != nil {
				return "", err
			}
			if err := key.tryForeign(ctx, want); err != nil {
				return "", err
			}
			granted, refused = granted+n, refused+held.count()-n+1
		}
		return fmt.Sprintf("%d privileges held, %d refused, as they must be", granted, refused), nil
	}
}

// tryForeign creates a document where it must not be possible.
func (c *Client) tryForeign(ctx context.Context, want expectation) error {
	op := "create in " + want.foreign
	err := c.tell(ctx, request{op: op, api: esapi.CreateRequest{
		Index: want.foreign, DocumentID: xid.New().String(), Body: strings.NewReader(`{"` + telemetry.FieldTimestamp + `":"2000-01-01T00:00:00Z"}`),
	}})
	switch {
	case errors.Is(err, &Error{Status: http.StatusForbidden}):
		return nil
	case err != nil:
		return fmt.Errorf("role %s: %w", want.role, err)
	}
	return fmt.Errorf("role %s is too wide: a document was accepted in %s", want.role, want.foreign)
}

// privileges is what _has_privileges answers: by index (or "" for the
// cluster), whether each privilege is held.
type privileges map[string]map[string]bool

func (p privileges) count() (n int) {
	for _, of := range p {
		n += len(of)
	}
	return n
}

func (c *Client) privileges(ctx context.Context, grants []grant) (privileges, error) {
	type onIndex struct {
		Names      []string `json:"names"`
		Privileges []string `json:"privileges"`
	}
	var body struct {
		Cluster []string  `json:"cluster,omitempty"`
		Index   []onIndex `json:"index,omitempty"`
	}
	for _, g := range grants {
		if g.on == "" {
			body.Cluster = append(body.Cluster, g.privileges...)
		} else {
			body.Index = append(body.Index, onIndex{[]string{g.on}, g.privileges})
		}
	}
	var answer struct {
		Cluster map[string]bool
		Index   privileges
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("ask privileges: %v", err)
	}
	err = c.ask(ctx, request{op: "ask privileges", repeat: true, api: esapi.SecurityHasPrivilegesRequest{Body: bytes.NewReader(text)}}, &answer)
	if err != nil {
		return nil, err
	}
	held := privileges{"": answer.Cluster}
	for name, of := range answer.Index {
		held[name] = of
	}
	return held, nil
}

// compare returns how many privileges are held as wanted, or the first that is
// missing or too many.
func (want expectation) compare(held privileges) (n int, err error) {
	for _, g := range want.may {
		for _, p := range g.privileges {
			if !held[g.on][p] {
				return 0, fmt.Errorf("role %s is too narrow: %s is refused", want.role, g.describe(p))
			}
			n++
		}
	}
	for _, g := range want.mayNot {
		for _, p := range g.privileges {
			if has, asked := held[g.on][p]; has || !asked {
				return 0, fmt.Errorf("role %s is too wide: %s is allowed", want.role, g.describe(p))
			}
		}
	}
	return n, nil
}

func (g grant) describe(privilege string) string {
	if g.on == "" {
		return privilege + " on the cluster"
	}
	return privilege + " on " + g.on
}
