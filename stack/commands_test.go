package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExplain(t *testing.T) {
	stubborn, broken := errors.New("stop filebeat: it was killed"), errors.New("board ended: exit status 1")
	interrupted, cancel := context.WithCancel(context.Background())
	cancel()
	calm := context.Background()
	for _, row := range []struct {
		proves string
		ctx    context.Context
		err    error
		want   string
	}{
		{"no error is none after Ctrl-C", interrupted, nil, "<nil>"},
		{"Ctrl-C has a word and a meaning", interrupted, context.Canceled, "interrupted: no verdict"},
		{"said once, however often it is found", interrupted, errors.Join(context.Canceled, fmt.Errorf("fetch: %w", context.Canceled)), "interrupted: no verdict"},
		{"what stopping said stays", interrupted, errors.Join(context.Canceled, stubborn), "interrupted: no verdict\nstop filebeat: it was killed"},
		{"also from within", interrupted, fmt.Errorf("fetch: %w", errors.Join(context.Canceled, stubborn)), "interrupted: no verdict\nstop filebeat: it was killed"},
		{"another error is not an interruption", interrupted, broken, broken.Error()},
		{"without Ctrl-C nothing is replaced", calm, context.Canceled, context.Canceled.Error()},
	} {
		t.Run(row.proves, func(t *testing.T) {
			if diff := cmp.Diff(row.want, fmt.Sprint(explain(row.ctx, row.err, "no verdict"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
