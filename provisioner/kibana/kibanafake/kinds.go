package kibanafake

// kind is a type of saved objects: what its attributes may be, and the newest
// form that a Kibana knows.
type kind struct {
	icon       string
	required   string   // attribute
	attributes []string // the others
	strings    []string // of these, the ones that hold JSON as a string
	newest     func(version string) string
}

var kinds = map[string]kind{
	"dashboard": {
		icon: "dashboardApp", required: "title",
		attributes: []string{"description", "kibanaSavedObjectMeta", "timeRestore", "timeFrom", "timeTo", "refreshInterval",
			"controlGroupInput", "panelsJSON", "optionsJSON", "hits", "version"},
		strings: []string{"panelsJSON", "optionsJSON"},
		newest: func(version string) string {
			if before(version, "9.1") {
				return "10.2.0"
			}
			return "10.3.0"
		},
	},
	"index-pattern": {
		icon: "indexPatternApp", required: "title",
		attributes: []string{"name", "timeFieldName", "fields", "fieldFormatMap", "fieldAttrs", "sourceFilters", "runtimeFieldMap", "allowNoIndex", "allowHidden", "type", "typeMeta"},
		strings:    []string{"fields", "fieldFormatMap", "fieldAttrs", "sourceFilters", "runtimeFieldMap"},
		newest:     always("8.0.0"),
	},
	"search": {
		icon: "discoverApp", required: "title",
		attributes: []string{"description", "columns", "sort", "grid", "hideChart", "isTextBasedQuery", "usesAdHocDataView", "kibanaSavedObjectMeta", "viewMode",
			"hideAggregatedPreview", "rowHeight", "headerRowHeight", "hits", "timeRestore", "timeRange", "refreshInterval", "rowsPerPage", "sampleSize", "breakdownField", "density", "version"},
		newest: always("10.5.0"),
	},
	"tag": {
		icon: "tag", required: "name", attributes: []string{"description", "color"}, newest: always("8.0.0"),
	},
}

func always(version string) func(string) string { return func(string) string { return version } }

// newestCore is the newest form of what all saved objects have in common.
const newestCore = "8.8.0"
