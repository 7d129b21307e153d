package grafana

// The members of Grafana's classic schema that are used here.

type object map[string]any

type model struct {
	UID           string   `json:"uid"`
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	Tags          []string `json:"tags"`
	SchemaVersion int      `json:"schemaVersion"`
	Editable      bool     `json:"editable"`
	GraphTooltip  int      `json:"graphTooltip"` // 1: one crosshair for all
	Refresh       string   `json:"refresh"`
	Timezone      string   `json:"timezone"`
	Time          span     `json:"time"`
	Timepicker    object   `json:"timepicker"`
	Annotations   list     `json:"annotations"`
	Templating    list     `json:"templating"`
	Links         []object `json:"links"`
	Panels        []panel  `json:"panels"`
}

type span struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type list struct {
	List []object `json:"list"`
}

type panel struct {
	ID              uint32      `json:"id"`
	Type            string      `json:"type"`
	Title           string      `json:"title"`
	Description     string      `json:"description,omitempty"`
	Datasource      *source     `json:"datasource,omitempty"`
	GridPos         position    `json:"gridPos"`
	Interval        string      `json:"interval,omitempty"` // at least
	FieldConfig     fieldConfig `json:"fieldConfig"`
	Options         object      `json:"options"`
	Targets         []object    `json:"targets,omitempty"`
	Transformations []object    `json:"transformations,omitempty"`
}

type source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type position struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"` // of 24
	H int `json:"h"`
}

type fieldConfig struct {
	Defaults  object   `json:"defaults"`
	Overrides []object `json:"overrides"`
}

// override sets properties of the column with a name.
func override(name string, properties object) object {
	var all []object
	for _, id := range []string{"unit", "decimals", "links", "noValue"} {
		if value, set := properties[id]; set {
			all = append(all, object{"id": id, "value": value})
		}
	}
	return object{"matcher": object{"id": "byName", "options": name}, "properties": all}
}

// link is a data link, with all that Grafana's schema wants of one.
func link(title, url string) []object {
	return []object{{
		"title": title, "url": url, "type": "link", "icon": "", "tooltip": "", "tags": []string{},
		"asDropdown": false, "targetBlank": false, "includeVars": false, "keepTime": false,
	}}
}
