package kibana

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"plumbline/cli"
)

// Rule is an alert rule of type .es-query, which every licence has.
type Rule struct {
	ID     string // stable
	Name   string
	Tags   []string
	Every  string         // how often it is evaluated: 1m
	Params map[string]any // all of them, so that Kibana has none to add
}

const (
	ruleType = ".es-query"
	consumer = "stackAlerts"
)

// storedRule is what Kibana tells of a rule, as far as it matters here.
type storedRule struct {
	Name     string           `json:"name"`
	Tags     []string         `json:"tags"`
	Schedule schedule         `json:"schedule"`
	Params   map[string]any   `json:"params"`
	Actions  []map[string]any `json:"actions"`
	Type     string           `json:"rule_type_id"`
	Consumer string           `json:"consumer"`
}

type schedule struct {
	Interval string `json:"interval"`
}

// putRules makes rules as they should be and leaves alone those that are. What is
// somebody else's to say stays: whether a rule is on, and what it does.
func (c *Client) putRules(ctx context.Context, rules []Rule) (string, error) {
	var made, changed int
	for _, r := range rules {
		there, same, err := c.putRule(ctx, r)
		switch {
		case err != nil:
			return "", err
		case !there:
			made++
		case !same:
			changed++
		}
	}
	if made+changed == 0 {
		return fmt.Sprintf("%d as they were", len(rules)), nil
	}
	return fmt.Sprintf("%d made, %d changed, %d as they were", made, changed, len(rules)-made-changed), nil
}

func (c *Client) putRule(ctx context.Context, r Rule) (there, same bool, err error) {
	path := "/api/alerting/rule/" + r.ID
	var stored storedRule
	err = c.ask(ctx, request{op: "alert rule " + r.ID, method: http.MethodGet, path: path}, &stored)
	body := map[string]any{"name": r.Name, "tags": r.Tags, "schedule": schedule{r.Every}, "params": r.Params, "actions": []any{}}
	switch {
	case status(err) == http.StatusNotFound:
		body["rule_type_id"], body["consumer"] = ruleType, consumer
		err := c.sendRule(ctx, http.MethodPost, r.ID, body)
		if status(err) == http.StatusConflict {
			err = &cli.Failure{Code: cli.Undone, Err: fmt.Errorf("kibana at %s: alert rule %s is in another space", c.base.Host, r.ID),
				Next: "an id is unique in all spaces together: delete that rule, or leave them out here: -alerts=false"}
		}
		return false, false, err
	case err != nil:
		return false, false, err
	case stored.Type != ruleType || stored.Consumer != consumer:
		return true, false, &cli.Failure{Code: cli.Undone,
			Err:  fmt.Errorf("kibana at %s: alert rule %s is of type %s for %s, which cannot be changed", c.base.Host, r.ID, stored.Type, stored.Consumer),
			Next: "delete it in Stack Management, Rules"}
	case equal(stored, r):
		return true, true, nil
	}
	actions := slices.Clone(stored.Actions)
	for _, a := range actions {
		delete(a, "connector_type_id") // is told, and must not be sent
	}
	if actions != nil {
		body["actions"] = actions
	}
	return true, false, c.sendRule(ctx, http.MethodPut, r.ID, body)
}

func (c *Client) sendRule(ctx context.Context, method, id string, body map[string]any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("alert rule %s: %w", id, err)
	}
	_, err = c.do(ctx, request{op: "alert rule " + id, method: method, path: "/api/alerting/rule/" + id, body: text})
	return err
}

// equal compares in the types of JSON.
func equal(stored storedRule, r Rule) bool {
	plain := func(v any) (out any) {
		text, _ := json.Marshal(v) // maps, lists, texts and numbers
		_ = json.Unmarshal(text, &out)
		return out
	}
	return stored.Name == r.Name && stored.Schedule.Interval == r.Every && slices.Equal(stored.Tags, r.Tags) &&
		reflect.DeepEqual(plain(stored.Params), plain(r.Params))
}
