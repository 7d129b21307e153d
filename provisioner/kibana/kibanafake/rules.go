package kibanafake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
)

// rule is an alert rule as Kibana keeps it.
type rule struct {
	ID         string           `json:"id"`
	Name       string           `json:"name"`
	Tags       []string         `json:"tags"`
	Enabled    bool             `json:"enabled"`
	Consumer   string           `json:"consumer"`
	RuleTypeID string           `json:"rule_type_id"`
	Schedule   schedule         `json:"schedule"`
	Params     map[string]any   `json:"params"`
	Actions    []map[string]any `json:"actions"`
	Revision   int              `json:"revision"`
}

type schedule struct {
	Interval string `json:"interval"`
}

// changes are the members of a rule that can be changed.
type changes struct {
	Name     string           `json:"name"`
	Tags     []string         `json:"tags"`
	Schedule schedule         `json:"schedule"`
	Params   map[string]any   `json:"params"`
	Actions  []map[string]any `json:"actions"`
}

// basic are the rule types for which no licence is needed.
var basic = []string{".es-query", ".index-threshold"}

var interval = regexp.MustCompile(`^[1-9][0-9]*[smhd]$`)

func (k *Kibana) readRule(a *ask) {
	r, there := k.spaces[a.space].rules[a.r.PathValue("id")]
	if !there {
		k.fail(a, http.StatusNotFound, "Saved object [alert/"+a.r.PathValue("id")+"] not found", nil)
		return
	}
	answer(a.w, http.StatusOK, r)
}

func (k *Kibana) makeRule(a *ask) {
	body := struct {
		changes
		RuleTypeID string `json:"rule_type_id"`
		Consumer   string `json:"consumer"`
		Enabled    *bool  `json:"enabled"`
	}{}
	if !k.decode(a, &body) {
		return
	}
	r := rule{ID: a.r.PathValue("id"), Consumer: body.Consumer, RuleTypeID: body.RuleTypeID, Enabled: body.Enabled == nil || *body.Enabled}
	for _, s := range k.spaces {
		if _, there := s.rules[r.ID]; there {
			k.fail(a, http.StatusConflict, "Saved object [alert/"+r.ID+"] conflict", nil)
			return
		}
	}
	switch {
	case k.config.NoEncryptionKey:
		k.refuse(a, http.StatusInternalServerError, "Unable to create alerts client because the Encrypted Saved Objects plugin is missing encryption key. Please set xpack.encryptedSavedObjects.encryptionKey in the kibana.yml or use the bin/kibana-encryption-keys command.")
	case r.Consumer == "":
		k.refuse(a, http.StatusBadRequest, "[request body.consumer]: expected value of type [string] but got [undefined]")
	case r.RuleTypeID == "slo.rules.burnRate":
		k.refuse(a, http.StatusForbidden, "Rule type slo.rules.burnRate is disabled because it requires a Platinum license.")
	case !slices.Contains(basic, r.RuleTypeID):
		k.refuse(a, http.StatusBadRequest, fmt.Sprintf("Rule type %q is not registered.", r.RuleTypeID))
	default:
		k.keepRule(a, r, body.changes)
	}
}

func (k *Kibana) changeRule(a *ask) {
	r, there := k.spaces[a.space].rules[a.r.PathValue("id")]
	if !there {
		k.fail(a, http.StatusNotFound, "Saved object [alert/"+a.r.PathValue("id")+"] not found", nil)
		return
	}
	var body changes // rule_type_id, consumer and enabled are unknown here
	if k.decode(a, &body) {
		k.keepRule(a, r, body)
	}
}

func (k *Kibana) keepRule(a *ask, r rule, c changes) {
	params, message := c.Params, ""
	if r.RuleTypeID == ".es-query" {
		params, message = queryParams(c.Params)
	}
	switch {
	case c.Name == "":
		k.refuse(a, http.StatusBadRequest, "[request body.name]: expected value of type [string] but got [undefined]")
		return
	case !interval.MatchString(c.Schedule.Interval):
		k.refuse(a, http.StatusBadRequest, "[request body.schedule.interval]: string is not a valid duration: "+c.Schedule.Interval)
		return
	case message != "":
		k.refuse(a, http.StatusBadRequest, "params invalid: "+message)
		return
	}
	for _, action := range c.Actions {
		if _, there := action["connector_type_id"]; there {
			k.refuse(a, http.StatusBadRequest, "[request body.actions.0.connector_type_id]: definition for this key is missing")
			return
		}
	}
	r.Name, r.Tags, r.Schedule, r.Params, r.Actions = c.Name, c.Tags, c.Schedule, params, []map[string]any{}
	for _, action := range c.Actions { // answers name the type of the connector, too
		action["connector_type_id"] = ".server-log"
		r.Actions = append(r.Actions, action)
	}
	r.Revision++
	k.spaces[a.space].rules[r.ID] = r
	k.writes++
	answer(a.w, http.StatusOK, r)
}

// queryParams is what Kibana makes of the parameters of a rule of type .es-query.
func queryParams(given map[string]any) (params map[string]any, message string) {
	p := struct {
		SearchType     string `json:"searchType"`
		Size           *int   `json:"size"`
		TimeField      string `json:"timeField"`
		TimeWindowSize int    `json:"timeWindowSize"`
		TimeWindowUnit string `json:"timeWindowUnit"`
		Threshold      []int  `json:"threshold"`
		Comparator     string `json:"thresholdComparator"`
		AggType        string `json:"aggType"`
		GroupBy        string `json:"groupBy"`
		Exclude        *bool  `json:"excludeHitsFromPreviousRun"`
		ESQuery        string `json:"esQuery"`
		Index          []string
		ESQL           *struct {
			ESQL string `json:"esql"`
		} `json:"esqlQuery"`
	}{SearchType: "esQuery", AggType: "count", GroupBy: "all"}
	text, _ := json.Marshal(given)
	if message := strict(text, &p); message != "" {
		return nil, message
	}
	var query struct{ Query json.RawMessage }
	switch {
	case p.Size == nil:
		return nil, "[size]: expected value of type [number] but got [undefined]"
	case p.TimeWindowSize < 1:
		return nil, "[timeWindowSize]: Value must be equal to or greater than [1]."
	case !slices.Contains([]string{"s", "m", "h", "d"}, p.TimeWindowUnit):
		return nil, "[timeWindowUnit]: invalid timeWindowUnit: " + fmt.Sprintf("%q", p.TimeWindowUnit)
	case !slices.Contains([]string{">", ">=", "<", "<="}, p.Comparator):
		return nil, "[thresholdComparator]: invalid thresholdComparator specified: " + p.Comparator
	case len(p.Threshold) != 1:
		return nil, "[threshold]: array size is [0], but cannot be smaller than [1]"
	case p.TimeField == "":
		return nil, "[timeField]: is required"
	case p.SearchType == "esqlQuery" && (p.ESQL == nil || p.ESQL.ESQL == ""):
		return nil, "[esqlQuery.esql]: expected value of type [string] but got [undefined]"
	case p.SearchType == "esqlQuery" && p.Comparator != ">":
		return nil, "[thresholdComparator]: is required to be greater than"
	case p.SearchType == "esqlQuery" && p.Threshold[0] != 0:
		return nil, "[threshold]: is required to be 0"
	case p.SearchType == "esqlQuery" && (p.ESQuery != "" || p.Index != nil):
		return nil, "[esQuery]: a value wasn't expected to be present"
	case p.SearchType == "esqlQuery":
	case p.SearchType != "esQuery":
		return nil, "[searchType]: this fake knows esQuery and esqlQuery"
	case len(p.Index) == 0:
		return nil, "[index]: array size is [0], but cannot be smaller than [1]"
	case json.Unmarshal([]byte(p.ESQuery), &query) != nil:
		return nil, "[esQuery]: must be valid JSON"
	case query.Query == nil:
		return nil, `[esQuery]: must contain "query"`
	}
	params = map[string]any{"searchType": p.SearchType, "aggType": p.AggType, "groupBy": p.GroupBy, "excludeHitsFromPreviousRun": true}
	for name, value := range given {
		params[name] = value
	}
	return params, ""
}
