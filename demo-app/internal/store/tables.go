package store

import (
	"database/sql"
	"strings"

	"plumbline/demo-app/icat"
)

// row is what one result can be scanned from.
type row interface{ Scan(dest ...any) error }

// Table ties an entity of the schema to its Go type.
type Table[T any] struct {
	entity *icat.Entity
	// fields returns where to scan the entity's fields, in the schema's order.
	fields func(*T) []any
}

func table[T any](entity string, fields func(*T) []any) Table[T] {
	e, ok := icat.Lookup(entity)
	if !ok {
		panic("store: no entity " + entity)
	}
	return Table[T]{e, fields}
}

// columns lists the entity's columns in the schema's order.
func (t Table[T]) columns() string {
	names := make([]string, len(t.entity.Fields))
	for i, f := range t.entity.Fields {
		names[i] = column(f.Name)
	}
	return strings.Join(names, ", ")
}

func (t Table[T]) scan(r row) (T, error) {
	var v T
	err := r.Scan(t.fields(&v)...)
	return v, err
}

// The tables that the API serves. They never change after start.
var (
	users = table("User", func(v *icat.User) []any {
		return append(base(&v.Base), text(&v.Affiliation), text(&v.Email), text(&v.FamilyName), text(&v.FullName), text(&v.GivenName), text(&v.Name), text(&v.ORCID))
	})
	investigations = table("Investigation", func(v *icat.Investigation) []any {
		return append(base(&v.Base), text(&v.DOI), date{&v.EndDate}, &v.FileCount, &v.FileSize, text(&v.Name),
			date{&v.ReleaseDate}, date{&v.StartDate}, text(&v.Summary), text(&v.Title), text(&v.VisitID))
	})
	datasets = table("Dataset", func(v *icat.Dataset) []any {
		return append(base(&v.Base), &v.Complete, text(&v.Description), text(&v.DOI), date{&v.EndDate}, &v.FileCount,
			&v.FileSize, text(&v.Location), text(&v.Name), date{&v.StartDate})
	})
	datafiles = table("Datafile", func(v *icat.Datafile) []any {
		return append(base(&v.Base), text(&v.Checksum), date{&v.DatafileCreateTime}, date{&v.DatafileModTime}, text(&v.Description),
			text(&v.DOI), &v.FileSize, text(&v.Location), text(&v.Name))
	})
)

// Users, Investigations, Datasets and Datafiles name the tables to List, Count and Get.
func Users() Table[icat.User]                   { return users }
func Investigations() Table[icat.Investigation] { return investigations }
func Datasets() Table[icat.Dataset]             { return datasets }
func Datafiles() Table[icat.Datafile]           { return datafiles }

// Entity returns the schema's description of what the table holds.
func (t Table[T]) Entity() *icat.Entity { return t.entity }

func base(b *icat.Base) []any {
	return []any{&b.ID, text(&b.CreateID), date{&b.CreateTime}, text(&b.ModID), date{&b.ModTime}}
}

// text scans a string, null as "".
func text(s *string) sql.Scanner { return nullable{s} }

type nullable struct{ s *string }

func (n nullable) Scan(src any) error {
	var v sql.NullString
	err := v.Scan(src)
	*n.s = v.String
	return err
}

// date scans milliseconds, null as no date.
type date struct{ t *icat.Time }

func (d date) Scan(src any) error {
	var v sql.NullInt64
	if err := v.Scan(src); err != nil || !v.Valid {
		return err
	}
	*d.t = icat.FromMillis(v.Int64)
	return nil
}

// tableName and column turn names of the schema into SQL's: createTime is
// create_time. They see no other names, so their answers need no quoting.
func tableName(e *icat.Entity) string {
	if e.Name == "User" {
		return "user_" // user is a reserved word
	}
	return column(e.Name)
}

func column(name string) string {
	var b strings.Builder
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}
