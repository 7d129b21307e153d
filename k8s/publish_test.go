package k8s

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A curl that writes down what it is given stands in for the cluster's API.
func TestPublishedSecretsTravelUnseen(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("needs bash")
	}
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("curl", "#!/bin/bash\nprintf '%s\\n' \"$@\" >"+dir+"/args\ncat >"+dir+"/body\n", 0o755)
	key, ca := write("reader.key", "id:s3cr3t\n", 0o600), write("ca.crt", "-----BEGIN-----\nabc\n-----END-----\n", 0o600)
	publish := exec.CommandContext(t.Context(), "bash", "setup/publish.sh", "there", "keys", key, ca)
	publish.Dir = "base"
	publish.Env = append(publish.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	if out, err := publish.Output(); err != nil || strings.Contains(string(out), "s3cr3t") {
		t.Fatalf("%v: %s", err, out)
	}
	args, err := os.ReadFile(dir + "/args")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(args), "https://kubernetes.default.svc/api/v1/namespaces/there/secrets/keys\n") {
		t.Errorf("asks %s", args)
	}
	body, err := os.ReadFile(dir + "/body")
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Data map[string]string }
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	encoded := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	want := map[string]string{"reader.key": encoded("id:s3cr3t"), "ca.crt": encoded("-----BEGIN-----\nabc\n-----END-----")}
	if diff := cmp.Diff(want, got.Data); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	for _, secret := range []string{"s3cr3t", encoded("id:s3cr3t")} {
		if strings.Contains(string(args), secret) {
			t.Errorf("a secret is among the arguments: %s", args)
		}
	}
}
