package lens

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"plumbline/dashboards/kibana/savedobject"
)

// List is a panel of a dashboard that shows single documents: a saved search, as
// Discover runs it.
type List struct {
	ID      string // panelIndex
	Index   string // what its data view covers
	Columns []string

	timeField string
	query     string
	sort      [][]string
	size      int
}

// Lists reads the panels of single documents of all dashboards in a set of objects.
func Lists(objects []savedobject.Object) ([]List, error) {
	views, searches := map[string]view{}, map[string]savedobject.Object{}
	for _, o := range objects {
		switch o.Type {
		case "index-pattern":
			title, _ := o.Attributes["title"].(string)
			time, _ := o.Attributes["timeFieldName"].(string)
			views[o.ID] = view{title, time}
		case "search":
			searches[o.ID] = o
		}
	}
	var all []List
	for _, o := range objects {
		if o.Type != "dashboard" {
			continue
		}
		for _, r := range o.References {
			panel, _, is := strings.Cut(r.Name, ":panel_")
			if !is || r.Type != "search" {
				continue
			}
			l, err := list(panel, searches[r.ID], views)
			if err != nil {
				return nil, fmt.Errorf("%s: panel %s: %w", o.Name(), panel, err)
			}
			all = append(all, l)
		}
	}
	return all, nil
}

func list(panel string, o savedobject.Object, views map[string]view) (List, error) {
	var search struct {
		Columns    []string
		Sort       [][]string
		SampleSize int
		Meta       struct {
			Source struct {
				Query        struct{ Query string }
				IndexRefName string
			} `json:"searchSourceJSON"`
		} `json:"kibanaSavedObjectMeta"`
	}
	text, err := json.Marshal(o.Attributes)
	if err == nil {
		err = json.Unmarshal(text, &search)
	}
	if err != nil {
		return List{}, err
	}
	l := List{ID: panel, Columns: search.Columns, query: search.Meta.Source.Query.Query, sort: search.Sort, size: search.SampleSize}
	for _, r := range o.References {
		if r.Name == search.Meta.Source.IndexRefName {
			l.Index, l.timeField = views[r.ID].title, views[r.ID].timeField
		}
	}
	if l.Index == "" || l.timeField == "" || len(l.sort) == 0 || l.size == 0 {
		return List{}, fmt.Errorf("its saved search has no data view with a time, no order or no size")
	}
	return l, nil
}

// Request writes the search that Discover sends, and where it sends it.
func (l List) Request(s Scope) (index string, body []byte, err error) {
	query, err := Panel{query: l.query, timeField: l.timeField}.documents(s)
	if err != nil {
		return "", nil, fmt.Errorf("panel %s: %w", l.ID, err)
	}
	var sort []any
	for _, by := range l.sort {
		if len(by) != 2 {
			return "", nil, fmt.Errorf("panel %s: ordered by %v", l.ID, by)
		}
		sort = append(sort, object{by[0]: object{"order": by[1], "unmapped_type": "boolean"}})
	}
	body, err = json.MarshalIndent(object{
		"size": l.size, "track_total_hits": true, "timeout": searchWithin, "query": query, "sort": sort, "_source": false,
		"fields": []any{object{"field": "*"}, object{"field": l.timeField, "format": "strict_date_optional_time_nanos"}},
	}, "", "  ")
	return l.Index, body, err
}

// Read returns the documents in order: the text of each field that one has.
func (l List) Read(response []byte) ([]map[string]string, error) {
	var a struct {
		TimedOut bool                  `json:"timed_out"`
		Shards   *struct{ Failed int } `json:"_shards"`
		Hits     struct {
			Hits []struct{ Fields map[string][]json.RawMessage }
		}
	}
	if err := json.Unmarshal(response, &a); err != nil {
		return nil, fmt.Errorf("panel %s: answer of %s: %w", l.ID, l.Index, err)
	}
	if a.TimedOut || a.Shards == nil || a.Shards.Failed > 0 {
		return nil, fmt.Errorf("panel %s: answer of %s: not all was searched", l.ID, l.Index)
	}
	var all []map[string]string
	for _, hit := range a.Hits.Hits {
		document := map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(hit.Fields)) {
			var words []string
			for _, raw := range hit.Fields[name] {
				text := string(raw)
				_ = json.Unmarshal(raw, &text) // unless it is no string
				words = append(words, text)
			}
			document[name] = strings.Join(words, ", ")
		}
		all = append(all, document)
	}
	return all, nil
}
