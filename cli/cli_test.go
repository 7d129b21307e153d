package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type hinted struct{ error }

func (hinted) Hint() string { return "its own hint" }

func TestReport(t *testing.T) {
	plain := errors.New("read x: no such file")
	for name, row := range map[string]struct {
		err  error
		code int
		text string
	}{
		"no error is success in silence":          {nil, 0, ""},
		"shown help is success in silence":        {fmt.Errorf("run: %w", flag.ErrHelp), 0, ""},
		"an error without a code is nothing said": {plain, Undone, "p: read x: no such file\n"},
		"bad input has its code and hint":         {BadInput(plain, "name another"), Usage, "p: read x: no such file\nhint: name another\n"},
		"a code holds through wrapping":           {fmt.Errorf("verify: %w", &Failure{Code: False, Err: plain}), False, "p: verify: read x: no such file\n"},
		"an error's own hint is used":             {&Failure{Code: False, Err: hinted{plain}}, False, "p: read x: no such file\nhint: its own hint\n"},
		"and gives way to a better one":           {BadInput(hinted{plain}, "better"), Usage, "p: read x: no such file\nhint: better\n"},
		"a failure that was told has its code":    {&Failure{Code: False}, False, ""},
		"several errors have a line each":         {BadInput(errors.Join(plain, errors.New("y")), "fix them"), Usage, "p: read x: no such file\np: y\nhint: fix them\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			if code := Report(&stderr, "p", row.err); code != row.code {
				t.Errorf("exit code %d, want %d", code, row.code)
			}
			if diff := cmp.Diff(row.text, stderr.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestASignalEndsTheProgramInOrder(t *testing.T) {
	code := Main("p", func(ctx context.Context, _ []string, _, _ io.Writer) error {
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return &Failure{Code: False}
		case <-time.After(time.Minute):
			return errors.New("the signal was not seen")
		}
	})
	if code != False {
		t.Errorf("exit code %d, want the program's own", code)
	}
}
