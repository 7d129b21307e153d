package elastic

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
)

// trust returns the TLS settings that accept servers signed by the authority
// in caFile only, or by the system's authorities when caFile is "".
func trust(caFile string) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return conf, nil
	}
	pem, err := readFile("CA certificate", caFile)
	if err != nil {
		return nil, err
	}
	conf.RootCAs = x509.NewCertPool()
	if !conf.RootCAs.AppendCertsFromPEM(pem) {
		return nil, hinted("give the file that begins with -----BEGIN CERTIFICATE-----", "CA certificate %s: holds no PEM certificate", caFile)
	}
	return conf, nil
}

// authorize reads the caller's credentials.
func authorize(c Config) ([]elastictransport.Option, error) {
	switch {
	case c.KeyFile != "" && c.Username != "":
		return nil, errors.New("both an API key and a user name are given: choose one")
	case c.KeyFile != "":
		key, err := readKey(c.KeyFile)
		if err != nil {
			return nil, err
		}
		return []elastictransport.Option{elastictransport.WithAPIKey(base64.StdEncoding.EncodeToString([]byte(key)))}, nil
	case c.TokenFile != "":
		token, err := readToken(c.TokenFile)
		if err != nil {
			return nil, err
		}
		return []elastictransport.Option{elastictransport.WithServiceToken(token)}, nil
	case c.Username != "":
		text, err := readFile("password of "+c.Username, c.PasswordFile)
		if err != nil {
			return nil, err
		}
		password := strings.TrimSpace(string(text))
		if password == "" {
			return nil, fmt.Errorf("password of %s: %s is empty", c.Username, c.PasswordFile)
		}
		return []elastictransport.Option{elastictransport.WithBasicAuth(c.Username, password)}, nil
	}
	return nil, nil
}

// Authorization returns the value of the header by which a key file's caller is
// known, for who asks Elasticsearch without this client. It is a secret.
func Authorization(keyFile string) (string, error) {
	key, err := readKey(keyFile)
	if err != nil {
		return "", err
	}
	return "ApiKey " + base64.StdEncoding.EncodeToString([]byte(key)), nil
}

// readKey returns "id:api_key" from a file of that one line.
func readKey(path string) (string, error) {
	text, err := readFile("API key", path)
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(text))
	id, secret, ok := strings.Cut(key, ":")
	if !ok || id == "" || secret == "" || strings.ContainsAny(key, " \t\r\n") {
		return "", hinted("'provisioner setup' writes such files", "API key %s: want one line \"id:api_key\"", path)
	}
	return key, nil
}

func readFile(what, path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, hinted("is the stack set up, and the path right?", "%s: no such file: %s", what, path)
	case err != nil:
		return nil, fmt.Errorf("%s: %v", what, err)
	}
	return text, nil
}
