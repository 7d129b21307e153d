package icat

// Kind is the type of a field's values.
type Kind int

// The kinds of values a field holds, and the Go type of each.
const (
	String  Kind = iota // string
	Integer             // int64
	Number              // float64
	Boolean             // bool
	Date                // Time
)

// String says what a value of the kind looks like in JSON.
func (k Kind) String() string {
	return [...]string{String: "a string", Integer: "a whole number", Number: "a number", Boolean: "true or false", Date: "an RFC 3339 date"}[k]
}

// Field is one attribute of an entity, under its JSON name.
type Field struct {
	Name     string
	Kind     Kind
	Required bool // never null
	Max      int  // longest string in characters; 0 for other kinds
	Kept     bool // by the catalogue itself: nobody sets it; every entity has the same of them
}

// Relation leads from an entity to another. Of a to-many relation, Inverse is
// the to-one name by which the other entity points back.
type Relation struct {
	Name     string
	To       string
	Inverse  string // "" for a to-one relation
	Required bool   // a to-one that is never null
}

// Many reports whether the relation leads to any number of entities.
func (r Relation) Many() bool { return r.Inverse != "" }

// Entity describes what a request may name. Everything a client can say about
// the catalogue passes through these tables; nothing else reaches a query.
type Entity struct {
	Name       string // "Investigation"
	Collection string // "investigations"; "" when there is no route for it
	Fields     []Field
	Relations  []Relation
	Unique     []string // fields and to-one relations that no two entities share
	// Owner is the to-one relation towards the investigation that decides who may
	// read this entity. Public entities have none, and Investigation decides itself.
	Owner  string
	Public bool // everybody who is logged in may read it
}

// Field returns the attribute called name.
func (e *Entity) Field(name string) (Field, bool) {
	if i := e.index(name); i >= 0 {
		return e.Fields[i], true
	}
	return Field{}, false
}

// index returns the place of the field in Fields, -1 if there is none.
func (e *Entity) index(name string) int {
	for i := range e.Fields {
		if e.Fields[i].Name == name {
			return i
		}
	}
	return -1
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
	for _, e := range schema {
		if e.Name == name {
			return e, true
		}
	}
	return nil, false
}

// Entity returns the entity that a relation of the schema leads to.
func (r Relation) Entity() *Entity {
	e, ok := Lookup(r.To)
	if !ok {
		panic("icat: no entity " + r.To)
	}
	return e
}

// Entities returns the schema, what is pointed at before what points at it.
func Entities() []*Entity { return schema }

// Collections returns the entities that have a route of their own.
func Collections() []*Entity {
	var served []*Entity
	for _, e := range schema {
		if e.Collection != "" {
			served = append(served, e)
		}
	}
	return served
}
