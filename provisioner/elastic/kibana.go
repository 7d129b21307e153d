package elastic

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/rs/xid"
)

// Kibana's account is one that Elasticsearch brings along: it may keep Kibana's
// own indices and acts for a user only with the user's credentials.
const (
	kibanaNamespace = "elastic"
	kibanaService   = "kibana"
)

// ensureKibanaToken writes a token of Kibana's account to a file: one line, for
// its owner only. A token in the file stays if it still authenticates; otherwise
// a new one is made and written before the older ones are deleted, so that an
// interruption leaves at least one that works.
func (c *Client) ensureKibanaToken(access Config, file string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		works, err := c.tokenWorks(ctx, access, file)
		switch {
		case err != nil:
			return "", err
		case works:
			return "its token is kept", nil
		}
		name := keyPrefix + xid.New().String()
		var made struct{ Token struct{ Value string } }
		err = c.ask(ctx, request{op: "create token of Kibana", api: esapi.SecurityCreateServiceTokenRequest{
			Namespace: kibanaNamespace, Service: kibanaService, Name: name,
			Refresh: "true", // the default waits for the next refresh
		}}, &made)
		if err != nil {
			return "", err
		}
		if err := writeSecret(file, made.Token.Value+"\n"); err != nil {
			return "", err
		}
		return "a token was made", c.deleteOtherTokens(ctx, name)
	}
}

// tokenWorks asks with the token in file who it is.
func (c *Client) tokenWorks(ctx context.Context, access Config, file string) (bool, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	holder, err := New(Config{URL: access.URL, CAFile: access.CAFile, TokenFile: file})
	if err != nil {
		return false, nil // not a token: it is replaced
	}
	var self struct{ Username string }
	err = holder.ask(ctx, request{op: "authenticate with " + file, api: esapi.SecurityAuthenticateRequest{}, repeat: true}, &self)
	if errors.Is(err, &Error{Status: http.StatusUnauthorized}) {
		return false, nil
	}
	return self.Username == kibanaNamespace+"/"+kibanaService, err
}

// deleteOtherTokens ends the tokens that setup made before.
func (c *Client) deleteOtherTokens(ctx context.Context, keep string) error {
	var all struct{ Tokens map[string]struct{} }
	err := c.ask(ctx, request{op: "list tokens of Kibana", repeat: true, api: esapi.SecurityGetServiceCredentialsRequest{
		Namespace: kibanaNamespace, Service: kibanaService,
	}}, &all)
	if err != nil {
		return err
	}
	for name := range all.Tokens {
		if name == keep || !strings.HasPrefix(name, keyPrefix) {
			continue
		}
		err := c.tell(ctx, request{op: "delete older token of Kibana", repeat: true, api: esapi.SecurityDeleteServiceTokenRequest{
			Namespace: kibanaNamespace, Service: kibanaService, Name: name,
		}})
		if err != nil && !errors.Is(err, &Error{Status: http.StatusNotFound}) {
			return err
		}
	}
	return nil
}

// readToken returns the token in a file of that one line.
func readToken(path string) (string, error) {
	text, err := readFile("token", path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("token %s: want one line", path)
	}
	return token, nil
}
