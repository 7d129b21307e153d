package kibanafake

import (
	"cmp"
	"maps"
	"slices"
)

// Object is a saved object as it is imported and exported.
type Object struct {
	Type                 string         `json:"type"`
	ID                   string         `json:"id"`
	Attributes           map[string]any `json:"attributes"`
	References           []Reference    `json:"references"`
	CoreMigrationVersion string         `json:"coreMigrationVersion,omitempty"`
	TypeMigrationVersion *string        `json:"typeMigrationVersion,omitempty"`
	Managed              bool           `json:"managed"`

	// What an export tells besides, and an import takes no notice of.
	Version          string         `json:"version,omitempty"`
	CreatedAt        string         `json:"created_at,omitempty"`
	UpdatedAt        string         `json:"updated_at,omitempty"`
	CreatedBy        string         `json:"created_by,omitempty"`
	UpdatedBy        string         `json:"updated_by,omitempty"`
	OriginID         string         `json:"originId,omitempty"`
	Namespaces       []string       `json:"namespaces,omitempty"`
	MigrationVersion map[string]any `json:"migrationVersion,omitempty"`
}

// Reference names another object, under a name that attributes use for it.
type Reference struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

func (o Object) key() string { return o.Type + ":" + o.ID }

func (o Object) title() any {
	if o.Type == "tag" {
		return o.Attributes["name"]
	}
	return o.Attributes["title"]
}

// meta is what answers say about an object besides type and id.
func (o Object) meta() map[string]any {
	return map[string]any{"title": o.title(), "icon": kinds[o.Type].icon}
}

// Objects are the saved objects of a space, by type and id.
func (k *Kibana) Objects(space string) []Object {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, there := k.spaces[space]
	if !there {
		return nil
	}
	return slices.SortedFunc(maps.Values(s.objects), func(a, b Object) int { return cmp.Compare(a.key(), b.key()) })
}

// Remove deletes a saved object, as somebody in front of a screen does, and tells
// whether it was there.
func (k *Kibana) Remove(space, kind, id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := kind + ":" + id
	_, there := k.spaces[space].objects[key]
	delete(k.spaces[space].objects, key)
	return there
}

// Edit sets an attribute of a saved object, as somebody in front of a screen does.
func (k *Kibana) Edit(space, kind, id, attribute string, value any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	o := k.spaces[space].objects[kind+":"+id]
	o.Attributes = maps.Clone(o.Attributes)
	o.Attributes[attribute] = value
	k.spaces[space].objects[o.key()] = o
}

// elsewhere is whether another space has this object: ids are unique in all of
// them together.
func (k *Kibana) elsewhere(space string, o Object) bool {
	for id, s := range k.spaces {
		if _, there := s.objects[o.key()]; there && id != space {
			return true
		}
	}
	return false
}
