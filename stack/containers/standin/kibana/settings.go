package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// settings are those of kibana.yml that images/kibana.yml has, and no others.
type settings struct {
	Name            string   `yaml:"server.name"`
	Host            string   `yaml:"server.host"`
	Port            int      `yaml:"server.port"`
	Address         string   `yaml:"server.publicBaseUrl"`
	ShutdownTimeout string   `yaml:"server.shutdownTimeout"`
	Hosts           []string `yaml:"elasticsearch.hosts"`
	Authorities     []string `yaml:"elasticsearch.ssl.certificateAuthorities"`
	Token           string   `yaml:"elasticsearch.serviceAccountToken"`
	Session         string   `yaml:"xpack.security.encryptionKey"`
	Objects         string   `yaml:"xpack.encryptedSavedObjects.encryptionKey"`
	Reporting       string   `yaml:"xpack.reporting.encryptionKey"`
	Telemetry       bool     `yaml:"telemetry.optIn"`
}

// shortest is how long an encryption key has to be, in characters.
const shortest = 32

// read takes settings from the text of kibana.yml, with variables in their places.
func read(text []byte, lookup func(string) (string, bool)) (settings, error) {
	var unset []error
	expanded := regexp.MustCompile(`\$\{(\w+)\}`).ReplaceAllFunc(text, func(found []byte) []byte {
		name := string(found[2 : len(found)-1])
		value, set := lookup(name)
		if !set {
			unset = append(unset, fmt.Errorf("%s is not set in the environment", name))
		}
		return []byte(value)
	})
	if err := errors.Join(unset...); err != nil {
		return settings{}, err
	}
	var s settings
	decoder := yaml.NewDecoder(bytes.NewReader(expanded))
	decoder.KnownFields(true)
	if err := decoder.Decode(&s); err != nil {
		return s, err
	}
	return s, s.fault()
}

// fault is what Kibana would find wrong.
func (s settings) fault() error {
	for name, key := range map[string]string{
		"xpack.security.encryptionKey": s.Session, "xpack.encryptedSavedObjects.encryptionKey": s.Objects, "xpack.reporting.encryptionKey": s.Reporting,
	} {
		if key != "" && len(key) < shortest {
			return fmt.Errorf("%s has %d characters, want %d or more", name, len(key), shortest)
		}
	}
	if len(s.Hosts) != 1 || !strings.HasPrefix(s.Hosts[0], "https://") {
		return fmt.Errorf("elasticsearch.hosts %q: want one address with https", s.Hosts)
	}
	if s.Token == "" {
		return errors.New("elasticsearch.serviceAccountToken is missing")
	}
	if at, err := url.Parse(s.Address); s.Address != "" && (err != nil || at.Host == "" || strings.HasSuffix(s.Address, "/")) {
		return fmt.Errorf("server.publicBaseUrl %q: want an address that does not end in /", s.Address)
	}
	for _, file := range s.Authorities {
		if _, err := os.Stat(file); err != nil {
			return fmt.Errorf("elasticsearch.ssl.certificateAuthorities: %w", err)
		}
	}
	return nil
}

// address is where to listen.
func (s settings) address() string {
	return net.JoinHostPort(cmp.Or(s.Host, "localhost"), strconv.Itoa(cmp.Or(s.Port, 5601)))
}
