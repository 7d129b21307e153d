// Package cli is what every program of the project promises at the command
// line: how it is started and ended, the exit codes, and errors of one line with
// a hint of what to type next.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes; 0 means that all holds.
const (
	False  = 1  // ran, and found that something does not hold
	Undone = 2  // could not be measured or done, which is never a pass
	Usage  = 64 // wrong flags or unusable input
)

// Main runs a program under its name and returns its exit code. SIGINT and
// SIGTERM end its context; a second one, or any of more, ends the process at once.
func Main(name string, run func(ctx context.Context, args []string, stdout, stderr io.Writer) error, more ...os.Signal) int {
	ctx, stop := signal.NotifyContext(context.Background(), append(more, os.Interrupt, syscall.SIGTERM)...)
	context.AfterFunc(ctx, stop)
	return Report(os.Stderr, name, run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Failure is an error that knows its exit code.
type Failure struct {
	Code int
	Err  error  // one line; errors.Join for several; nil if all has been said
	Next string // what to type next; "" if the error's own hint says it, or nobody knows
}

func (f *Failure) Error() string {
	if f.Err == nil {
		return fmt.Sprintf("exit code %d", f.Code)
	}
	return f.Err.Error()
}

func (f *Failure) Unwrap() error { return f.Err }

// Hint says what to type next.
func (f *Failure) Hint() string {
	if f.Next != "" {
		return f.Next
	}
	return Hint(f.Err)
}

// BadInput is an error of the caller's: exit code 64.
func BadInput(err error, next string) error {
	return &Failure{Code: Usage, Err: err, Next: next}
}

// Hint returns the hint of the first error in err's chain that has one, or "".
func Hint(err error) string {
	if hinted, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		return hinted.Hint()
	}
	return ""
}

// Report prints err for a human, a line for each error that it joins, then its
// hint, and returns the exit code: 2 for an error that names none, since then
// nothing could be said about the question. Having shown the help is a success.
func Report(stderr io.Writer, program string, err error) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	failure, ok := errors.AsType[*Failure](err)
	if !ok {
		failure = &Failure{Code: Undone, Err: err}
	}
	for _, line := range parts(err) {
		fmt.Fprintf(stderr, "%s: %v\n", program, line)
	}
	if hint := Hint(err); hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", hint)
	}
	return failure.Code
}

// parts takes apart what errors.Join put together.
func parts(err error) []error {
	if f, ok := err.(*Failure); ok {
		if f.Err == nil {
			return nil
		}
		return parts(f.Err)
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
