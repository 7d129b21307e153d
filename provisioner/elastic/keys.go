package elastic

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"plumbline/elasticsearch"
)

// keyPrefix marks the API keys that setup made and may invalidate.
const keyPrefix = "plumbline-"

// KeyFile is where setup writes the API key of a role: one line "id:api_key".
func KeyFile(dir, role string) string { return filepath.Join(dir, role+".key") }

func (c *Client) putRoles(d definitions) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		var names []string
		for _, role := range d.roles {
			if err := c.tell(ctx, request{op: "put role " + role.Name, repeat: true, api: esapi.SecurityPutRoleRequest{Name: role.Name, Body: bytes.NewReader(role.JSON)}}); err != nil {
				return "", err
			}
			names = append(names, role.Name)
		}
		return strings.Join(names, ", "), nil
	}
}

// ensureKeys gives each role an API key in a file. A key in a file stays if it
// still authenticates and was made from the role as it is now; otherwise a new
// one is made and written before the older ones are invalidated, so that an
// interruption leaves at least one that works.
func (c *Client) ensureKeys(d definitions, access Config, dir string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", fmt.Errorf("directory of keys: %v", err)
		}
		made := 0
		for _, role := range d.roles {
			file := KeyFile(dir, role.Name)
			id, err := c.keyInUse(ctx, access, file, role)
			if err != nil {
				return "", err
			}
			if id == "" {
				if id, err = c.createKey(ctx, file, role); err != nil {
					return "", err
				}
				made++
			}
			if err := c.invalidateOthers(ctx, role.Name, id); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("%d made, %d kept", made, len(d.roles)-made), nil
	}
}

// keyMetadata is stored with a key and tells from which role it was made.
type keyMetadata struct {
	Role   string `json:"role"`
	Digest string `json:"digest"` // SHA-256 of the role's JSON, hex
}

func metadataOf(role elasticsearch.Body) keyMetadata {
	sum := sha256.Sum256(role.JSON)
	return keyMetadata{Role: role.Name, Digest: hex.EncodeToString(sum[:])}
}

// keyInUse returns the id of the key in file if it may stay, else "".
func (c *Client) keyInUse(ctx context.Context, access Config, file string, role elasticsearch.Body) (string, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	holder, err := New(Config{URL: access.URL, CAFile: access.CAFile, KeyFile: file})
	if err != nil {
		return "", nil // not a key: it is replaced
	}
	var self struct {
		Key struct{ ID string } `json:"api_key"`
	}
	err = holder.ask(ctx, request{op: "authenticate with " + file, api: esapi.SecurityAuthenticateRequest{}, repeat: true}, &self)
	switch {
	case errors.Is(err, &Error{Status: http.StatusUnauthorized}):
		return "", nil
	case err != nil:
		return "", err
	}
	keys, err := c.keys(ctx, esapi.SecurityGetAPIKeyRequest{ID: self.Key.ID})
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if k.ID == self.Key.ID && k.Metadata == metadataOf(role) {
			return k.ID, os.Chmod(file, 0o600)
		}
	}
	return "", nil
}

func (c *Client) createKey(ctx context.Context, file string, role elasticsearch.Body) (id string, err error) {
	body, err := json.Marshal(struct {
		Name     string                     `json:"name"`
		Roles    map[string]json.RawMessage `json:"role_descriptors"`
		Metadata keyMetadata                `json:"metadata"`
	}{keyPrefix + role.Name, map[string]json.RawMessage{role.Name: role.JSON}, metadataOf(role)})
	if err != nil {
		return "", fmt.Errorf("create API key of %s: %v", role.Name, err)
	}
	var key struct {
		ID     string
		Secret string `json:"api_key"`
	}
	err = c.ask(ctx, request{op: "create API key of " + role.Name, api: esapi.SecurityCreateAPIKeyRequest{
		Body:    bytes.NewReader(body),
		Refresh: "true", // the default waits for the next refresh, up to a second for each key
	}}, &key)
	if err != nil {
		return "", err
	}
	return key.ID, writeSecret(file, key.ID+":"+key.Secret+"\n")
}

// invalidateOthers ends the keys of a role that setup made before.
func (c *Client) invalidateOthers(ctx context.Context, role, keep string) error {
	keys, err := c.keys(ctx, esapi.SecurityGetAPIKeyRequest{Name: keyPrefix + role, Owner: new(true), ActiveOnly: new(true)})
	if err != nil {
		return err
	}
	var ids []string
	for _, k := range keys {
		if k.ID != keep {
			ids = append(ids, k.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	op := "invalidate older API keys of " + role
	body, err := json.Marshal(map[string]any{"ids": ids, "owner": true})
	if err != nil {
		return fmt.Errorf("%s: %v", op, err)
	}
	return c.tell(ctx, request{op: op, repeat: true, api: esapi.SecurityInvalidateAPIKeyRequest{Body: bytes.NewReader(body)}})
}

type apiKey struct {
	ID       string
	Metadata keyMetadata
}

func (c *Client) keys(ctx context.Context, which esapi.SecurityGetAPIKeyRequest) ([]apiKey, error) {
	var answer struct {
		Keys []apiKey `json:"api_keys"`
	}
	err := c.ask(ctx, request{op: "list API keys", api: which, repeat: true}, &answer)
	if errors.Is(err, &Error{Status: http.StatusNotFound}) {
		return nil, nil
	}
	return answer.Keys, err
}

// writeSecret replaces file at once: a reader sees the old key or the new one.
func writeSecret(file, text string) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".key-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write key: %v", err)
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	_, err = tmp.WriteString(text)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("write key: %v", err)
	}
	return nil
}
