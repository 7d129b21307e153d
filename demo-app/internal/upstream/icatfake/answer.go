package icatfake

import (
	"encoding/json"
	"slices"
	"strconv"

	"plumbline/demo-app/icat"
)

// wrapped is an entity as icat.server answers it: {"Entity":{...}}.
type wrapped struct{ object icat.Object }

// MarshalJSON writes the five fields that every entity has and then all others,
// relations among them, by name.
func (w wrapped) MarshalJSON() ([]byte, error) {
	b, err := appendObject([]byte(`{"`+w.object.Entity.Name+`":`), w.object)
	return append(b, '}'), err
}

func appendObject(b []byte, o icat.Object) ([]byte, error) {
	lead := byte('{')
	member := func(name string, v any) error {
		value, err := json.Marshal(v)
		b = append(b, lead)
		b = strconv.AppendQuote(b, name)
		b = append(append(b, ':'), value...)
		lead = ','
		return err
	}
	names := []string{"id", "createId", "createTime", "modId", "modTime"}
	var own []string
	for _, f := range o.Entity.Fields {
		if !f.Kept {
			own = append(own, f.Name)
		}
	}
	for _, r := range o.Entity.Relations {
		own = append(own, r.Name)
	}
	own = append(own, elsewhere(o.Entity.Name)...)
	slices.Sort(own)
	for _, name := range append(names, own...) {
		var err error
		if f, ok := o.Entity.Field(name); ok {
			if v := o.Value(f.Name); v != nil {
				err = member(name, value(v))
			}
		} else if r, ok := o.Entity.Relation(name); ok && !r.Many() {
			if to := o.To(name); len(to) > 0 {
				err = member(name, bare{to[0]})
			}
		} else {
			children := []bare{} // never null
			for _, child := range o.To(name) {
				children = append(children, bare{child})
			}
			err = member(name, children)
		}
		if err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// bare is an included entity.
type bare struct{ object icat.Object }

// MarshalJSON writes it as wrapped does, without its name.
func (o bare) MarshalJSON() ([]byte, error) { return appendObject(nil, o.object) }

// value returns v as icat.server writes it.
func value(v any) any {
	if t, ok := v.(icat.Time); ok {
		return t.Time().Format("2006-01-02T15:04:05.000Z07:00")
	}
	return v
}

// row is what SELECT of fields answers: one value bare, several as an array.
func row(o icat.Object, columns []icat.Field) any {
	values := make([]any, len(columns))
	for i, f := range columns {
		if v := o.Value(f.Name); v != nil {
			values[i] = value(v)
		}
	}
	if len(values) == 1 {
		return values[0]
	}
	return values
}

// elsewhere returns the to-many relations that icat.server's entity has and the
// demo facility's has not: they come as empty arrays.
func elsewhere(entity string) []string {
	switch entity {
	case "User":
		return []string{"dataPublicationUsers", "studies", "userGroups"}
	case "Facility":
		return []string{"applications", "dataPublicationTypes", "dataPublications"}
	case "Instrument":
		return []string{"datasetInstruments", "shifts"}
	case "Investigation":
		return []string{"dataCollectionInvestigations", "fundingReferences", "investigationGroups", "parameters", "publications", "shifts", "studyInvestigations"}
	case "Sample":
		return []string{"parameters"}
	case "Dataset":
		return []string{"dataCollectionDatasets", "datasetInstruments", "datasetTechniques", "parameters"}
	case "Datafile":
		return []string{"dataCollectionDatafiles", "destDatafiles", "sourceDatafiles"}
	default:
		return nil
	}
}
