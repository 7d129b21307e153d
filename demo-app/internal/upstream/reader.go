package upstream

import (
	"context"

	"plumbline/demo-app/icat"
)

// Reader reads under the service account's session, for work that is done when
// nobody's own session is at hand. Whether the one it is done for may see what
// is read must have been asked before, under their session.
type Reader struct{ icat *ICAT }

// AsAccount returns a reader of u.
func (u *ICAT) AsAccount() *Reader { return &Reader{u} }

// Count is ICAT.Count; who asks makes no difference.
func (r *Reader) Count(ctx context.Context, _ icat.Session, e *icat.Entity, f icat.Filter) (n int64, err error) {
	err = r.icat.withAccount(ctx, func(session string) error {
		n, err = r.icat.Count(ctx, icat.Session{ID: session}, e, f)
		return err
	})
	return n, err
}

// List is ICAT.List; who asks makes no difference.
func (r *Reader) List(ctx context.Context, _ icat.Session, e *icat.Entity, f icat.Filter) (objects []icat.Object, err error) {
	err = r.icat.withAccount(ctx, func(session string) error {
		objects, err = r.icat.List(ctx, icat.Session{ID: session}, e, f)
		return err
	})
	return objects, err
}

// Get is ICAT.Get; who asks makes no difference.
func (r *Reader) Get(ctx context.Context, _ icat.Session, e *icat.Entity, id int64, include []icat.Include) (o icat.Object, err error) {
	err = r.icat.withAccount(ctx, func(session string) error {
		o, err = r.icat.Get(ctx, icat.Session{ID: session}, e, id, include)
		return err
	})
	return o, err
}
