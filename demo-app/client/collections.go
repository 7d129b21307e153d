package client

import (
	"context"
	"net/http"
	"reflect"
	"strconv"

	"plumbline/demo-app/icat"
)

// Entity is what has a collection of its own.
type Entity interface {
	icat.Facility | icat.User | icat.Instrument | icat.FacilityCycle | icat.Investigation | icat.Sample | icat.Dataset | icat.Datafile
}

// path returns the path of T's collection.
func path[T Entity]() string {
	e, ok := icat.Lookup(reflect.TypeFor[T]().Name())
	if !ok {
		panic("client: a type that the schema does not have")
	}
	return "/" + e.Collection
}

func get[T Entity, A any](ctx context.Context, c *Client, below string, q Query) (A, error) {
	var answer A
	query, err := q.values()
	if err != nil {
		return answer, err
	}
	return answer, c.do(ctx, request{method: http.MethodGet, path: path[T]() + below, query: query}, &answer)
}

// List returns the entities that q selects and the caller may read.
func List[T Entity](ctx context.Context, c *Client, q Query) ([]T, error) {
	return get[T, []T](ctx, c, "", q)
}

// Count returns how many List would. Of q only conditions and distinct fields
// are allowed.
func Count[T Entity](ctx context.Context, c *Client, q Query) (int64, error) {
	return get[T, int64](ctx, c, "/count", q)
}

// FindOne returns the first that List would; none is NO_SUCH_OBJECT_FOUND.
func FindOne[T Entity](ctx context.Context, c *Client, q Query) (T, error) {
	return get[T, T](ctx, c, "/findone", q)
}

// Get returns the entity with id; of q only includes are allowed.
func Get[T Entity](ctx context.Context, c *Client, id int64, q Query) (T, error) {
	return get[T, T](ctx, c, "/"+strconv.FormatInt(id, 10), q)
}
