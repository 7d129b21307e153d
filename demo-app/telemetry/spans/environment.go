package spans

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Check reports every OTEL_* value that OpenTelemetry would otherwise pass over
// with its default. Values that may hold a secret are not repeated.
func Check(getenv func(string) string) (wrong []error) {
	if disabled(getenv) {
		return nil
	}
	for _, v := range variables() {
		text := strings.TrimSpace(getenv(v.name))
		if text == "" {
			continue
		}
		if err := v.check(text); err != nil {
			wrong = append(wrong, fmt.Errorf("%s %w", v.name, err))
		}
	}
	if wrong == nil { // only then do the values mean something together
		if _, err := newCollector(getenv); err != nil {
			wrong = append(wrong, err)
		}
	}
	return wrong
}

func disabled(getenv func(string) string) bool {
	return strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true")
}

type variable struct {
	name  string
	check func(string) error
}

func variables() []variable {
	known := []variable{
		{"OTEL_SDK_DISABLED", oneOf("true", "false")},
		{"OTEL_TRACES_EXPORTER", listOf("otlp", "console", "none")},
		{"OTEL_PROPAGATORS", listOf("tracecontext", "baggage")},
		{"OTEL_RESOURCE_ATTRIBUTES", pairs},
		{"OTEL_TRACES_SAMPLER", oneOf("always_on", "always_off", "traceidratio",
			"parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio")},
		{"OTEL_TRACES_SAMPLER_ARG", ratio},
	}
	for _, prefix := range []string{"OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"} {
		known = append(known,
			variable{prefix + "ENDPOINT", address},
			variable{prefix + "PROTOCOL", oneOf("http/protobuf")},
			variable{prefix + "COMPRESSION", oneOf("gzip", "none")},
			variable{prefix + "INSECURE", oneOf("true", "false")},
			variable{prefix + "TIMEOUT", count},
			variable{prefix + "HEADERS", pairs},
			variable{prefix + "CERTIFICATE", file},
			variable{prefix + "CLIENT_CERTIFICATE", file},
			variable{prefix + "CLIENT_KEY", file},
		)
	}
	for _, name := range []string{
		"OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
		"OTEL_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
		"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_SPAN_LINK_COUNT_LIMIT",
	} {
		known = append(known, variable{name, count})
	}
	return known
}

func oneOf(known ...string) func(string) error {
	return func(v string) error {
		if !slices.Contains(known, strings.ToLower(v)) {
			return fmt.Errorf("%q: known are %s", v, strings.Join(known, ", "))
		}
		return nil
	}
}

func listOf(known ...string) func(string) error {
	check := oneOf(known...)
	return func(list string) error {
		for v := range strings.SplitSeq(list, ",") {
			if err := check(strings.TrimSpace(v)); err != nil {
				return err
			}
		}
		return nil
	}
}

func address(v string) error {
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return errors.New("is not an address like http://localhost:4318")
	}
	return nil
}

func count(v string) error {
	if n, err := strconv.Atoi(v); err != nil || n < 0 {
		return fmt.Errorf("%q: not a whole number from 0", v)
	}
	return nil
}

func ratio(v string) error {
	if f, err := strconv.ParseFloat(v, 64); err != nil || !(0 <= f && f <= 1) {
		return fmt.Errorf("%q: not a number from 0 to 1", v)
	}
	return nil
}

func pairs(v string) error {
	for pair := range strings.SplitSeq(v, ",") {
		key, value, found := strings.Cut(pair, "=")
		if _, err := url.PathUnescape(value); err != nil || !found || strings.TrimSpace(key) == "" {
			return errors.New("is not a list like key=value,key=value")
		}
	}
	return nil
}

func file(v string) error {
	f, err := os.Open(v)
	if err != nil {
		return err
	}
	return f.Close()
}
