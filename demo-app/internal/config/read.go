package config

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"plumbline/cli"
	"plumbline/demo-app/telemetry/spans"
)

// maxSecretFile bounds what is read of a secret's file, in bytes.
const maxSecretFile = 64 << 10

// Read reads a command line and the environment that lookup knows. All that is
// wrong is refused at once, with exit code 64. After -h it has printed the help
// and returns flag.ErrHelp.
func Read(args []string, lookup func(name string) (string, bool), stdout io.Writer) (Config, error) {
	c := Config{Command: Serve}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		c.Command, args = Command(args[0]), args[1:]
		if !slices.Contains([]Command{Serve, Worker, Healthcheck}, c.Command) {
			return Config{}, badInput(Serve, fmt.Errorf("unknown command %q: want serve, worker or healthcheck", c.Command))
		}
	}
	mine := slices.DeleteFunc(rows(&c), func(r row) bool {
		if slices.Contains(r.of, c.Command) {
			return false
		}
		_ = r.set(r.Default) // what the command does not take
		return true
	})
	given, bad := flags(mine, args)
	if slices.ContainsFunc(bad, func(err error) bool { return errors.Is(err, flag.ErrHelp) }) {
		fmt.Fprint(stdout, usage(c.Command))
		return Config{}, flag.ErrHelp
	}
	for _, r := range mine {
		found, err := find(r.Setting, given, lookup)
		if err == nil {
			err = found.put(r)
		}
		if err != nil {
			bad = append(bad, err)
			continue
		}
		c.values = append(c.values, Value{Name: r.Name, Value: shown(r.Setting, found.value), From: found.from})
	}
	if c.Command != Healthcheck {
		bad = append(bad, spans.Check(func(name string) string {
			value, _ := lookup(name)
			return value
		})...)
	}
	if bad == nil { // only then do the values mean something together
		bad = c.contradictions()
	}
	if bad != nil {
		return Config{}, badInput(c.Command, errors.Join(bad...))
	}
	return c, nil
}

func badInput(c Command, err error) error {
	next := "demo-app"
	if c != Serve {
		next += " " + string(c)
	}
	return cli.BadInput(err, next+" -h shows the settings and an example")
}

// flags returns the flags that args give. It goes on after a flag that is
// wrong, to find the next one.
func flags(mine []row, args []string) (given map[string]string, bad []error) {
	set := flag.NewFlagSet("demo-app", flag.ContinueOnError)
	set.SetOutput(io.Discard) // errors are printed once, by main
	given = map[string]string{}
	for _, r := range mine {
		set.Func(r.Name, "", func(value string) error {
			if r.Flag != "" {
				given[r.Name] = value
			} else if !slices.ContainsFunc(bad, func(err error) bool { return strings.HasPrefix(err.Error(), "-"+r.Name+":") }) {
				bad = append(bad, fmt.Errorf("-%s: a secret on a command line can be read by every user of the machine; set %s or %[2]s_FILE", r.Name, r.Env))
			}
			return nil
		})
	}
	for {
		err := set.Parse(args)
		if err == nil {
			break
		}
		bad = append(bad, err)
		if args = set.Args(); len(args) > 0 && !strings.HasPrefix(args[0], "-") {
			args = args[1:] // probably meant for the flag that does not exist
		}
	}
	for _, stray := range set.Args() {
		bad = append(bad, fmt.Errorf("unexpected argument %q", stray))
	}
	return given, bad
}

// found is a value and where it came from.
type found struct {
	value string
	from  string // flag, environment, file or default
	name  string // what the operator wrote: -log-level, LOG_LEVEL, ADMIN_TOKEN_FILE
}

func find(s Setting, given map[string]string, lookup func(string) (string, bool)) (found, error) {
	if value, ok := given[s.Name]; ok {
		if s.Secret && holdsPassword(value) {
			return found{}, fmt.Errorf("%s: a password on a command line can be read by every user of the machine; set %s or %[2]s_FILE", s.Flag, s.Env)
		}
		return found{value, "flag", s.Flag}, nil
	}
	if s.Env == "" {
		return found{s.Default, "default", s.Flag}, nil
	}
	value, _ := lookup(s.Env)
	var file string
	if s.Secret {
		file, _ = lookup(s.Env + "_FILE")
	}
	switch {
	case value != "" && file != "":
		return found{}, fmt.Errorf("%s and %[1]s_FILE are both set; drop one", s.Env)
	case value != "":
		return found{value, "environment", s.Env}, nil
	case file != "":
		value, err := readSecret(file)
		if err != nil {
			return found{}, fmt.Errorf("%s_FILE: %w", s.Env, err)
		}
		return found{value, "file", s.Env + "_FILE"}, nil
	}
	return found{s.Default, "default", s.Env}, nil
}

// put sets the row's place. What holds a secret is not repeated in an error.
func (f found) put(r row) error {
	if r.Flag == "" && f.value == "" { // a secret that is not set
		return nil
	}
	if r.Secret && r.Default == "" && f.from == "default" {
		return nil
	}
	switch err := r.set(f.value); {
	case err == nil:
		return nil
	case f.value != "" && (r.Secret || holdsPassword(f.value)):
		return fmt.Errorf("%s: %w", f.name, err)
	default:
		return fmt.Errorf("%s %q: %w", f.name, f.value, err)
	}
}

func readSecret(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, cause(err))
	}
	defer file.Close() // only read
	text, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	switch text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r")); {
	case err != nil:
		return "", fmt.Errorf("%s: %w", path, cause(err))
	case len(text) > maxSecretFile:
		return "", fmt.Errorf("%s: larger than %d bytes", path, maxSecretFile)
	case len(text) == 0:
		return "", fmt.Errorf("%s: empty", path)
	case bytes.ContainsAny(text, "\x00\r\n"):
		return "", fmt.Errorf("%s: more than one line", path)
	}
	return string(text), nil
}

// cause is a file's error without path and operation, which the caller says.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// shown is a value fit for everybody's eyes.
func shown(s Setting, value string) string {
	switch {
	case value == "" || !s.Secret:
		return value
	case s.Flag == "":
		return password(value).String()
	default:
		return withoutUserinfo(value)
	}
}
