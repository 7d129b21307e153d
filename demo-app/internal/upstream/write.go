package upstream

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"plumbline/demo-app/icat"
)

// layout is how icat.server wants the dates of entities.
const layout = "2006-01-02T15:04:05.000Z07:00"

// Permit refuses nobody: who may write is for icat.server's rules to say.
func (u *ICAT) Permit(icat.Session, string, *icat.Entity) error { return nil }

// Create stores all objects or none, and returns them as they were stored.
func (u *ICAT) Create(ctx context.Context, who icat.Session, objects []icat.Object) ([]icat.Object, error) {
	if len(objects) == 0 {
		return nil, nil
	}
	e := objects[0].Entity
	ids, err := u.write(ctx, "create", who.ID, e, 0, objects)
	if err != nil {
		return nil, err
	}
	if len(ids) != len(objects) {
		return nil, icat.Errorf(icat.BadUpstream, "icat.server created %d of %d objects", len(ids), len(objects))
	}
	field, _ := e.Field("id")
	values := make([]any, len(ids))
	for i, id := range ids {
		values[i] = id
	}
	stored, err := u.list(ctx, "create", who.ID, e, icat.Filter{
		Where: []icat.Condition{{Field: field, Op: icat.In, Values: values}}, Limit: -1})
	if err != nil {
		return nil, icat.Wrap(icat.AsError(err).Code, "created, but not read back", err)
	}
	created := make([]icat.Object, len(ids))
	for i, id := range ids {
		at := slices.IndexFunc(stored, func(o icat.Object) bool { return o.ID() == id })
		if at < 0 { // it may be created by who must not read it
			created[i] = objects[i]
			created[i].Related = nil
			created[i].Set("id", id)
			continue
		}
		created[i] = stored[at]
	}
	return created, nil
}

// Update changes the fields of the entity that are not nil in change, and the
// to-one relations that it holds.
func (u *ICAT) Update(ctx context.Context, who icat.Session, change icat.Object, id int64) (icat.Object, error) {
	if _, err := u.write(ctx, "update", who.ID, change.Entity, id, []icat.Object{change}); err != nil {
		return icat.Object{}, err
	}
	return u.get(ctx, "update", who.ID, change.Entity, id, nil)
}

// write posts objects in one transaction. With an id, it is an update of that
// one object; else it returns the ids of what was created.
func (u *ICAT) write(ctx context.Context, operation, session string, e *icat.Entity, id int64, objects []icat.Object) ([]int64, error) {
	entities := make([]map[string]any, len(objects))
	for i, o := range objects {
		members := map[string]any{}
		for n, f := range o.Entity.Fields {
			if v := o.Values[n]; v != nil && !f.Kept {
				members[f.Name] = wire(v)
			}
		}
		for _, r := range o.Related {
			if !r.Relation.Many() && len(r.Objects) == 1 {
				members[r.Relation.Name] = map[string]int64{"id": r.Objects[0].ID()}
			}
		}
		if id != 0 {
			members["id"] = id
		}
		entities[i] = map[string]any{o.Entity.Name: members}
	}
	body, err := json.Marshal(entities)
	if err != nil {
		return nil, icat.Wrap(icat.BadParameter, "an object cannot be written as JSON", err)
	}
	var ids []int64
	err = u.do(ctx, call{
		operation: operation, entity: e, method: http.MethodPost, path: "/entityManager", session: session,
		form: url.Values{"sessionId": {session}, "entities": {string(body)}},
	}, &ids)
	return ids, err
}

func wire(v any) any {
	if t, ok := v.(icat.Time); ok {
		return t.Time().Format(layout)
	}
	return v
}
