package kibanafake

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// migrate is what happens when Kibana brings an object to its own form; a status
// other than 0 ends the whole import.
func migrate(o Object, version string) (status int, message string) {
	newest := kinds[o.Type].newest(version)
	if o.CoreMigrationVersion != "" && before(newestCore, o.CoreMigrationVersion) {
		return newer(o, o.CoreMigrationVersion, newestCore)
	}
	if o.TypeMigrationVersion == nil {
		// Every migration runs, and the old ones of Lens do not know its form of today.
		for _, p := range panels(o) {
			if p.Type == "lens" && !strings.Contains(string(p.EmbeddableConfig), `"indexpattern":`) {
				return http.StatusInternalServerError, "Cannot read properties of undefined (reading 'layers')"
			}
		}
		return 0, ""
	}
	if before(newest, *o.TypeMigrationVersion) {
		return newer(o, *o.TypeMigrationVersion, newest)
	}
	return 0, ""
}

func newer(o Object, is, known string) (int, string) {
	return http.StatusUnprocessableEntity,
		fmt.Sprintf("Document %q belongs to a more recent version of Kibana [%s] when the last known version is [%s].", o.ID, is, known)
}

// validate returns why Kibana's schema of the type refuses the attributes, or "".
func validate(o Object) string {
	k := kinds[o.Type]
	if text, is := o.Attributes[k.required].(string); !is || text == "" {
		return "[attributes." + k.required + "]: expected value of type [string] but got [undefined]: Bad Request"
	}
	for _, name := range slices.Sorted(maps.Keys(o.Attributes)) {
		if name != k.required && !slices.Contains(k.attributes, name) {
			return "[attributes." + name + "]: definition for this key is missing: Bad Request"
		}
	}
	for _, name := range k.strings {
		if value, there := o.Attributes[name]; there {
			if text, is := value.(string); !is || !json.Valid([]byte(text)) {
				return "[attributes." + name + "]: expected value of type [string] but got [" + fmt.Sprintf("%T", value) + "]: Bad Request"
			}
		}
	}
	return dangling(o)
}

// panel is what the fake looks at in a dashboard's panel.
type panel struct {
	Type             string
	PanelIndex       string
	EmbeddableConfig json.RawMessage
}

func panels(o Object) (all []panel) {
	text, _ := o.Attributes["panelsJSON"].(string)
	_ = json.Unmarshal([]byte(text), &all) // validate says what is wrong with it
	return all
}

// dangling is stricter than Kibana, which shows such a panel as broken: each
// reference within a Lens panel has to be among the dashboard's, under the
// panel's name.
func dangling(o Object) string {
	for _, p := range panels(o) {
		var config struct {
			Attributes struct{ References []Reference }
		}
		if err := json.Unmarshal(p.EmbeddableConfig, &config); err != nil {
			return "[attributes.panelsJSON]: panel " + p.PanelIndex + " has no embeddableConfig: Bad Request"
		}
		for _, r := range config.Attributes.References {
			r.Name = p.PanelIndex + ":" + r.Name
			if !slices.Contains(o.References, r) {
				return "[references]: " + r.Name + " is missing: Bad Request"
			}
		}
	}
	return ""
}
