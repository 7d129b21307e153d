package icat

// Kind is the type of a field's values.
type Kind int

// The kinds of values a field holds.
const (
	String Kind = iota
	Integer
	Boolean
	Date
)

// Field is one attribute of an entity, under its JSON name.
type Field struct {
	Name string
	Kind Kind
}

// Relation leads from an entity to another. Of a to-many relation, Inverse is
// the to-one name by which the other entity points back.
type Relation struct {
	Name    string
	To      string
	Inverse string // "" for a to-one relation
}

// Entity describes what a filter may name. Everything a client can say about
// the catalogue passes through these tables; nothing else reaches a query.
type Entity struct {
	Name       string // "Investigation"
	Collection string // "investigations"; "" when there is no route for it
	Fields     []Field
	Relations  []Relation
}

// Field returns the attribute called name.
func (e *Entity) Field(name string) (Field, bool) {
	for _, f := range e.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// Relation returns the relation called name.
func (e *Entity) Relation(name string) (Relation, bool) {
	for _, r := range e.Relations {
		if r.Name == name {
			return r, true
		}
	}
	return Relation{}, false
}

// Lookup returns the entity called name ("Dataset").
func Lookup(name string) (*Entity, bool) {
	for _, e := range Entities() {
		if e.Name == name {
			return e, true
		}
	}
	return nil, false
}

// Entities returns the schema. The entities are shared: read, don't write.
func Entities() []*Entity { return schema }

// schema never changes after the process has started.
var schema = []*Entity{
	{
		Name: "User", Collection: "users",
		Fields: fields(
			Field{"affiliation", String}, Field{"email", String}, Field{"familyName", String}, Field{"fullName", String},
			Field{"givenName", String}, Field{"name", String}, Field{"orcidId", String}),
		Relations: []Relation{{"investigationUsers", "InvestigationUser", "user"}},
	},
	{
		Name:   "Facility",
		Fields: fields(Field{"daysUntilRelease", Integer}, Field{"description", String}, Field{"fullName", String}, Field{"name", String}, Field{"url", String}),
	},
	{
		Name:      "InvestigationType",
		Fields:    fields(Field{"description", String}, Field{"name", String}),
		Relations: []Relation{{"facility", "Facility", ""}},
	},
	{
		Name: "Investigation", Collection: "investigations",
		Fields: fields(
			Field{"doi", String}, Field{"endDate", Date}, Field{"fileCount", Integer}, Field{"fileSize", Integer}, Field{"name", String},
			Field{"releaseDate", Date}, Field{"startDate", Date}, Field{"summary", String}, Field{"title", String}, Field{"visitId", String}),
		Relations: []Relation{{"facility", "Facility", ""}, {"type", "InvestigationType", ""},
			{"datasets", "Dataset", "investigation"}, {"investigationUsers", "InvestigationUser", "investigation"}},
	},
	{
		Name:      "InvestigationUser",
		Fields:    fields(Field{"role", String}),
		Relations: []Relation{{"user", "User", ""}, {"investigation", "Investigation", ""}},
	},
	{
		Name:      "DatasetType",
		Fields:    fields(Field{"description", String}, Field{"name", String}),
		Relations: []Relation{{"facility", "Facility", ""}},
	},
	{
		Name: "Dataset", Collection: "datasets",
		Fields: fields(
			Field{"complete", Boolean}, Field{"description", String}, Field{"doi", String}, Field{"endDate", Date}, Field{"fileCount", Integer},
			Field{"fileSize", Integer}, Field{"location", String}, Field{"name", String}, Field{"startDate", Date}),
		Relations: []Relation{{"investigation", "Investigation", ""}, {"type", "DatasetType", ""}, {"datafiles", "Datafile", "dataset"}},
	},
	{
		Name:      "DatafileFormat",
		Fields:    fields(Field{"description", String}, Field{"name", String}, Field{"type", String}, Field{"version", String}),
		Relations: []Relation{{"facility", "Facility", ""}},
	},
	{
		Name: "Datafile", Collection: "datafiles",
		Fields: fields(
			Field{"checksum", String}, Field{"datafileCreateTime", Date}, Field{"datafileModTime", Date}, Field{"description", String},
			Field{"doi", String}, Field{"fileSize", Integer}, Field{"location", String}, Field{"name", String}),
		Relations: []Relation{{"dataset", "Dataset", ""}, {"datafileFormat", "DatafileFormat", ""}},
	},
}

// fields puts what every entity has before its own.
func fields(own ...Field) []Field {
	base := []Field{{"id", Integer}, {"createId", String}, {"createTime", Date}, {"modId", String}, {"modTime", Date}}
	return append(base, own...)
}
