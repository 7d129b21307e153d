package store

import (
	"fmt"
	"reflect"
	"strings"

	"plumbline/demo-app/icat"
)

// layout says where in a Go type of an entity each column's value is.
type layout struct {
	columns []string
	get     []func(reflect.Value) any
}

// newLayout matches the Go type that row points to with the schema: a field by
// its JSON name, the key of the to-one relation x by the name XID.
func newLayout(t *table, row any) (*layout, error) {
	of := reflect.TypeOf(row).Elem()
	byName := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(of) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			name = f.Name
		}
		byName[name] = f
	}
	l := &layout{}
	for _, f := range t.entity.Fields {
		from, ok := byName[f.Name]
		if !ok {
			return nil, fmt.Errorf("%s has no field %s", of, f.Name)
		}
		get, err := getter(from, f.Required)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", of, f.Name, err)
		}
		l.columns = append(l.columns, t.column[f.Name])
		l.get = append(l.get, get)
	}
	for _, r := range t.entity.Relations {
		if r.Many() {
			continue
		}
		name := strings.ToUpper(r.Name[:1]) + r.Name[1:] + "ID"
		from, ok := byName[name]
		if !ok {
			return nil, fmt.Errorf("%s has no field %s", of, name)
		}
		get, err := getter(from, r.Required)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", of, name, err)
		}
		l.columns = append(l.columns, t.key[r.Name])
		l.get = append(l.get, get)
	}
	return l, nil
}

// append appends the row's values, in the order of the columns.
func (l *layout) append(args []any, row any) []any {
	v := reflect.ValueOf(row).Elem()
	for _, get := range l.get {
		args = append(args, get(v))
	}
	return args
}

// getter returns what reads a field as a driver takes it. A zero value is null
// unless the schema says that there always is one.
func getter(f reflect.StructField, required bool) (func(reflect.Value) any, error) {
	at := f.Index
	switch f.Type {
	case reflect.TypeFor[string]():
		return func(v reflect.Value) any { return orNull(v.FieldByIndex(at).String(), required) }, nil
	case reflect.TypeFor[int64]():
		return func(v reflect.Value) any { return orNull(v.FieldByIndex(at).Int(), required) }, nil
	case reflect.TypeFor[bool]():
		return func(v reflect.Value) any { return parameter(v.FieldByIndex(at).Bool()) }, nil
	case reflect.TypeFor[*int64]():
		return func(v reflect.Value) any { return pointed[int64](v.FieldByIndex(at)) }, nil
	case reflect.TypeFor[*float64]():
		return func(v reflect.Value) any { return pointed[float64](v.FieldByIndex(at)) }, nil
	case reflect.TypeFor[icat.Time]():
		return func(v reflect.Value) any {
			t := v.FieldByIndex(at).Interface().(icat.Time)
			if t.IsZero() {
				return nil
			}
			return t.Millis()
		}, nil
	}
	return nil, fmt.Errorf("values of type %s have no column", f.Type)
}

func orNull[T comparable](v T, required bool) any {
	var zero T
	if v == zero && !required {
		return nil
	}
	return v
}

func pointed[T any](v reflect.Value) any {
	if v.IsNil() {
		return nil
	}
	return *v.Interface().(*T)
}
