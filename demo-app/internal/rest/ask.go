package rest

import (
	"context"
	"errors"

	"plumbline/demo-app/icat"
)

// call names one use of what stands behind the API, for its histogram and its
// span: the backend, the operation and, if there is one, the entity.
type call struct{ backend, operation, entity string }

// ask does f under observation.
func ask[T any](ctx context.Context, s *Server, c call, f func(context.Context) (T, error)) (T, error) {
	ctx, done := s.metrics.Operation(ctx, c.backend, c.operation, c.entity)
	v, err := f(ctx)
	if err != nil {
		err = late(ctx, err)
	}
	done(err)
	return v, err
}

// tell is ask for what answers with nothing but an error.
func tell(ctx context.Context, s *Server, c call, f func(context.Context) error) error {
	_, err := ask(ctx, s, c, func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) })
	return err
}

// late gives an error without a code the one that the context explains.
func late(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*icat.Error](err); !ok && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return icat.Wrap(icat.Timeout, "the catalogue took too long", err)
	}
	return err
}
