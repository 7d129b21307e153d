package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/internal/upstream"
	"plumbline/demo-app/telemetry"
	"plumbline/localweb"
)

// Each function here returns what reads one kind of value into its place. Their
// errors never repeat the value: whether it may be shown is the reader's business.

type set = func(value string) error

func text(to *string) set {
	return func(v string) error {
		*to = v
		return nil
	}
}

func address(to *string) set {
	return func(v string) error {
		_, port, err := net.SplitHostPort(v)
		if err != nil {
			return errors.New("not of the form host:port")
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return errors.New("port is not a number from 0 to 65535")
		}
		*to = v
		return nil
	}
}

// loopback refuses addresses that others reach. To use the admin port from
// elsewhere, forward it: ssh -L, kubectl port-forward.
func loopback(to *string) set {
	parse := address(to)
	return func(v string) error {
		if err := parse(v); err != nil {
			return err
		}
		if !localweb.Loopback(v) {
			*to = ""
			return errors.New("not on loopback; forward the port instead of exposing it")
		}
		return nil
	}
}

// off lets a value be "off" or nothing at all.
func off(to *string, kind func(*string) set) set {
	parse := kind(to)
	return func(v string) error {
		if v == "" || v == "off" {
			*to = ""
			return nil
		}
		return parse(v)
	}
}

func name(to *string) set {
	return func(v string) error {
		if !telemetry.SaneID(v) {
			return errors.New("not 1 to 64 of A-Z a-z 0-9 . _ -")
		}
		*to = v
		return nil
	}
}

func level(to *telemetry.Level) set {
	return func(v string) (err error) {
		if *to, err = telemetry.ParseLevel(v); err != nil {
			return errors.New("not one of debug, info, warn, error")
		}
		return nil
	}
}

func seed(to *uint64) set {
	return func(v string) (err error) {
		if *to, err = strconv.ParseUint(v, 10, 64); err != nil {
			return errors.New("not a whole number from 0")
		}
		return nil
	}
}

func scale(to *facility.Scale) set {
	return func(v string) (err error) {
		if *to, err = facility.ParseScale(v); err != nil {
			return errors.New("unknown scale; known: small, full")
		}
		return nil
	}
}

func whole(to *int, least, most int) set {
	return func(v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < least || n > most {
			return fmt.Errorf("not a whole number from %d to %d", least, most)
		}
		*to = n
		return nil
	}
}

func duration(to *time.Duration, least, most time.Duration) set {
	return func(v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d < least || d > most {
			return fmt.Errorf("not a duration from %s to %s, such as 1m30s", least, most)
		}
		*to = d
		return nil
	}
}

func truth(to *bool) set {
	return func(v string) error {
		switch strings.ToLower(v) {
		case "true", "on", "yes", "1":
			*to = true
		case "false", "off", "no", "0":
			*to = false
		default:
			return errors.New("neither true nor false, nor on or off")
		}
		return nil
	}
}

func icatURL(to *string) set {
	return func(v string) error {
		if v == "" { // none
			return nil
		}
		if err := upstream.CheckURL(v); err != nil {
			return err
		}
		*to = strings.TrimRight(v, "/")
		return nil
	}
}

func authorities(to *string) set {
	return func(v string) error {
		if v == "" {
			return nil
		}
		pem, err := os.ReadFile(v)
		if err != nil {
			return cause(err)
		}
		if !x509.NewCertPool().AppendCertsFromPEM(pem) {
			return errors.New("holds no PEM certificate")
		}
		*to = v
		return nil
	}
}
