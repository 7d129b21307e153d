//go:build !linux

package attack

import "errors"

func newDirect(Options) (Engine, error) { return nil, errors.ErrUnsupported }
