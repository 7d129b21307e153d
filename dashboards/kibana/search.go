package kibana

import (
	"slices"

	"plumbline/dashboards"
	"plumbline/dashboards/kibana/savedobject"
)

// Discover's choices, and the fewest lines that it takes.
var perPage = []int{10, 25, 50, 100}

// search is the saved search of a panel of lines. Discover calls its columns by
// the names of the fields.
func search(p dashboards.Panel) savedobject.Object {
	var columns []any
	for _, c := range p.Columns {
		if c.Unit != dashboards.UnitTime { // Discover shows it by itself, and first
			columns = append(columns, c.Field)
		}
	}
	const ref = "kibanaSavedObjectMeta.searchSourceJSON.index"
	page := perPage[len(perPage)-1]
	if i := slices.IndexFunc(perPage, func(n int) bool { return n >= p.Show }); i >= 0 {
		page = perPage[i]
	}
	return savedobject.Object{
		Type: "search", ID: searchID(p.ID), Core: formCore, Version: formOther,
		Attributes: object{
			"title": "Plumbline: " + p.Title, "description": description(p), "columns": columns, "sort": []any{[]any{p.Order.Field, "desc"}},
			"grid": object{}, "hideChart": true, "isTextBasedQuery": false, "timeRestore": false,
			"rowsPerPage": page, "sampleSize": max(p.Show, perPage[0]),
			"kibanaSavedObjectMeta": object{"searchSourceJSON": object{"query": kuery(where(p.Source.Where)), "filter": []any{}, "indexRefName": ref}},
		},
		References: []savedobject.Reference{
			{Name: ref, Type: "index-pattern", ID: ViewID(p.Source.Stream)},
			{Name: "tag-ref-" + tag, Type: "tag", ID: tag},
		},
	}
}
