package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// operation is one thing that clients ask of the catalogue, as they ask it.
type operation struct {
	name string
	// slow says why it may read whole tables; "" if it must not.
	slow string
	run  func(ctx context.Context, s *Store, r *rand.Rand) error
}

// asker asks with parameters as a request has them.
type asker struct {
	facility *facility.Facility
	who      icat.Session
}

func (a asker) list(entity string, parameters ...string) func(context.Context, *Store, *rand.Rand) error {
	return a.ask(entity, parameters, func(ctx context.Context, s *Store, e *icat.Entity, f icat.Filter) error {
		_, err := s.List(ctx, a.who, e, f)
		return err
	})
}

func (a asker) count(entity string, parameters ...string) func(context.Context, *Store, *rand.Rand) error {
	return a.ask(entity, parameters, func(ctx context.Context, s *Store, e *icat.Entity, f icat.Filter) error {
		_, err := s.Count(ctx, a.who, e, f)
		return err
	})
}

// ask puts ids into the parameters: {visit} of an investigation of the
// caller's, {set} of one of its datasets, {any} and {other} of whatever has 14.
func (a asker) ask(entity string, parameters []string, do func(context.Context, *Store, *icat.Entity, icat.Filter) error) func(context.Context, *Store, *rand.Rand) error {
	e := lookup(entity)
	return func(ctx context.Context, s *Store, r *rand.Rand) error {
		query := url.Values{}
		for i := 0; i < len(parameters); i += 2 {
			v := parameters[i+1]
			number := func(n int64) string { return strconv.FormatInt(n, 10) }
			visit := a.visit(r)
			v = strings.NewReplacer("{visit}", number(visit), "{set}", number(a.facility.DatasetsOf(visit)[0]),
				"{any}", number(1+r.Int64N(14)), "{other}", number(1+r.Int64N(14))).Replace(v)
			query.Add(parameters[i], v)
		}
		f, err := icat.ParseFilter(e, query, icat.ListParameters())
		if err != nil {
			return err
		}
		return do(ctx, s, e, f)
	}
}

// visit returns an investigation of the caller's.
func (a asker) visit(r *rand.Rand) int64 {
	mine := a.facility.InvestigationsOf(facility.KarenID)
	return mine[r.IntN(len(mine))]
}

func (a asker) get(entity, include string) func(context.Context, *Store, *rand.Rand) error {
	e := lookup(entity)
	return func(ctx context.Context, s *Store, r *rand.Rand) error {
		tree, err := icat.ParseInclude(e, include)
		if err != nil {
			return err
		}
		id := a.visit(r)
		if entity == "Dataset" {
			id = a.facility.DatasetsOf(id)[0]
		}
		_, err = s.Get(ctx, a.who, e, id, tree)
		return err
	}
}

func (a asker) search(target string, restrict bool) func(context.Context, *Store, *rand.Rand) error {
	return func(ctx context.Context, s *Store, r *rand.Rand) error {
		words := []string{"neutron", "diffraction", "magnetic", "sample", "scan"}
		_, err := s.Search(ctx, a.who, icat.Search{Target: lookup(target), Text: words[r.IntN(len(words))], MinCount: 10, MaxCount: 100, Restrict: restrict})
		return err
	}
}

// stops is why an operation may read a table in order: it needs no more than
// the first few.
const stops = "stops at 50"

// operations are those of the journeys, then those that are slow on purpose.
func operations(f *facility.Facility) []operation {
	karen, root, anon := asker{f, as(facility.KarenName)}, asker{f, as(facility.RootName)}, asker{f, as(icat.Anonymous)}
	const mine = `{"investigationUsers.user.name":{"eq":"` + facility.KarenName + `"}}`
	const browse = `{"investigationInstruments.instrument.id":{"eq":{any}},"investigationFacilityCycles.facilityCycle.id":{"eq":{other}}}`
	const three = `[{"investigationInstruments":"instrument"},{"investigationFacilityCycles":"facilityCycle"},{"investigationUsers":"user"}]`
	const page = "50"
	return []operation{
		{"login", "", func(ctx context.Context, s *Store, _ *rand.Rand) error {
			_, err := s.CheckPassword(ctx, icat.Credentials{Username: facility.KarenName, Password: facility.Password})
			return err
		}},
		{"user by name", "", func(ctx context.Context, s *Store, r *rand.Rand) error {
			_, err := s.UserByName(ctx, f.Users()[r.IntN(499)].Name)
			return err
		}},
		{"my investigations", "", karen.list("Investigation", "where", mine, "order", "id asc", "limit", page, "include", three)},
		{"my investigations, count", "", karen.count("Investigation", "where", mine)},
		{"investigation's page", "", karen.get("Investigation", `[{"investigationUsers":"user"},{"samples":"type"},"type","keywords"]`)},
		{"datasets of one", "", karen.list("Dataset", "where", `{"investigation.id":{"eq":{visit}}}`, "order", "id asc", "limit", page, "include", `"type"`)},
		{"datasets of one, count", "", karen.count("Dataset", "where", `{"investigation.id":{"eq":{visit}}}`)},
		{"dataset by id", "", karen.get("Dataset", `["investigation","type"]`)},
		{"datafiles of one", "", karen.list("Datafile", "where", `{"dataset.id":{"eq":{set}}}`, "order", "id asc", "limit", page)},
		{"datafiles of one, next page", "", karen.list("Datafile", "where", `{"dataset.id":{"eq":{set}}}`, "order", "id asc", "limit", page, "skip", "50")},
		{"datafiles of one, count", "", karen.count("Datafile", "where", `{"dataset.id":{"eq":{set}}}`)},
		{"instruments", "", karen.list("Instrument", "order", "name asc", "limit", page)},
		{"instruments, count", "", karen.count("Instrument")},
		{"cycles of an instrument", "", func(ctx context.Context, s *Store, r *rand.Rand) error {
			_, err := s.List(ctx, karen.who, lookup("FacilityCycle"), icat.Filter{Limit: 50, Where: []icat.Condition{{
				Path:  path("FacilityCycle", "investigationFacilityCycles", "investigation", "investigationInstruments", "instrument"),
				Field: icat.Field{Name: "id", Kind: icat.Integer}, Op: icat.Eq, Values: []any{1 + r.Int64N(14)}}}})
			return err
		}},
		{"investigations of both", "", karen.list("Investigation", "where", browse, "order", "startDate desc", "limit", page, "include", three)},
		{"investigations of both, count", "", karen.count("Investigation", "where", browse)},
		{"search my files", "", karen.search("Datafile", true)},
		{"ingest a dataset", "", func(ctx context.Context, s *Store, r *rand.Rand) error { return ingest(ctx, s, r, karen.visit(r)) }},

		{"first page of files", stops, karen.list("Datafile", "order", "id asc", "limit", page)},
		{"newest investigations", "sorts all: dates backwards, then ids forwards", karen.list("Investigation", "order", "startDate desc", "limit", page)},
		{"count every file, root", "counts all", root.count("Datafile")},
		{"count every file, user", "counts all", karen.count("Datafile")},
		{"count every file, anonymous", "counts all", anon.count("Datafile")},
		{"count distinct names", "counts all", karen.count("Datafile", "distinct", `"checksum"`)},
		{"ilike on titles", "no index for parts of a text", karen.list("Investigation", "where", `{"title":{"ilike":"neutron"}}`, "limit", page)},
		{"ilike on files", "no index for parts of a text", karen.count("Datafile", "where", `{"location":{"ilike":"scan"}}`)},
		{"deep skip", "skips row by row", karen.list("Datafile", "order", "id asc", "limit", page, "skip", "15000")},
		{"sort by a joined field", "sorts all", karen.list("Datafile", "order", "dataset.investigation.title asc", "limit", page)},
		{"wide include", "reads 9,000 entities", root.list("Investigation", "limit", "100", "include", `["keywords",{"investigationUsers":"user"},"samples","datasets"]`)},
		{"too many", "reads 10,001 before it refuses", func(ctx context.Context, s *Store, r *rand.Rand) error {
			if err := root.list("Datafile")(ctx, s, r); code(err) != icat.Validation {
				return fmt.Errorf("all files: %w", err)
			}
			return nil
		}},
		{"search visits, root", "searches texts", root.search("Investigation", false)},
		{"search visits, user", "searches texts", karen.search("Investigation", false)},
		{"search files, root", "searches texts", root.search("Datafile", false)},
		{"search files, anonymous", "searches texts", anon.search("Datafile", false)},
	}
}

// ingest stores a dataset with files and completes it.
func ingest(ctx context.Context, s *Store, r *rand.Rand, visit int64) error {
	who := as(facility.IngestName)
	one := func(e, body string) ([]icat.Object, error) {
		objects, err := icat.ParseObjects(lookup(e), []byte(body))
		if err != nil {
			return nil, err
		}
		return s.Create(ctx, who, objects)
	}
	sets, err := one("Dataset", fmt.Sprintf(`{"name":"bench %d","investigation":{"id":%d},"type":{"id":1}}`, r.Int64(), visit))
	if err != nil {
		return err
	}
	id, files := sets[0].ID(), "["
	for n := range 30 {
		if n > 0 {
			files += ","
		}
		files += fmt.Sprintf(`{"name":"file %d","fileSize":%d,"dataset":{"id":%d},"datafileFormat":{"id":1}}`, n, n, id)
	}
	if _, err = one("Datafile", files+"]"); err != nil {
		return err
	}
	change, err := icat.ParseChange(lookup("Dataset"), []byte(`{"complete":true}`))
	if err != nil {
		return err
	}
	_, err = s.Update(ctx, who, change, id)
	return err
}

func path(from string, relations ...string) []icat.Relation {
	e := lookup(from)
	var all []icat.Relation
	for _, name := range relations {
		r, ok := e.Relation(name)
		if !ok {
			panic(e.Name + " has no relation " + name)
		}
		all = append(all, r)
		e = r.Entity()
	}
	return all
}
