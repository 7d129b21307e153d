package cluster

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plumbline/stack/images"
)

// stock has these images in containerd's store, and no others, and nothing that
// the pods of an earlier node left. It returns what each is called there.
func (n node) stock(t *testing.T, all []images.Image) map[string]string {
	t.Helper()
	n.Store = true
	if err := os.RemoveAll(filepath.Join(n.Data, "io.containerd.grpc.v1.cri")); err != nil {
		t.Fatal(err)
	}
	r := n.launch(t)
	if left := strings.Fields(n.ctr(t, nil, "containers", "list", "--quiet")); len(left) > 0 {
		n.ctr(t, nil, append([]string{"containers", "delete"}, left...)...)
	}
	have := strings.Fields(n.ctr(t, nil, "images", "list", "--quiet"))
	names := map[string]string{}
	for _, i := range all {
		name, err := nameOf(i)
		if err != nil {
			t.Fatal(err)
		}
		names[i.Official] = name
		if at := slices.Index(have, "docker.io/"+name); at >= 0 {
			have = slices.Delete(have, at, at+1)
			continue
		}
		from, to := io.Pipe()
		go func() { to.CloseWithError(archive(to, i, name, n.Dir)) }()
		n.ctr(t, from, "images", "import", "-")
	}
	have = slices.DeleteFunc(have, func(name string) bool { return strings.HasPrefix(name, "sha256:") })
	if len(have) > 0 {
		n.ctr(t, nil, append([]string{"images", "remove", "--sync"}, have...)...)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	return names
}

// nameOf is an image's name, and behind that what changes when the image does.
func nameOf(i images.Image) (string, error) {
	made, err := i.Sum()
	if err != nil {
		return "", err
	}
	settings, err := configuration(i.Config)
	if err != nil {
		return "", fmt.Errorf("%s: %w", i.Name, err)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %v", made, settings))
	return fmt.Sprintf("%s-%x", i.Name, sum[:6]), nil
}

// ctr runs containerd's client, in the namespace of what Kubernetes uses.
func (n node) ctr(t *testing.T, stdin io.Reader, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ctr", append([]string{"--address", n.Socket, "--namespace", "k8s.io"}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("ctr %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return stdout.String()
}

// archive writes an image as `docker save` does: its root file system is one
// layer, which is written to a file in a directory first, since its digest stands
// in front of it.
func archive(to io.Writer, i images.Image, name, dir string) error {
	layer, err := os.CreateTemp(dir, "layer-*")
	if err != nil {
		return err
	}
	defer os.Remove(layer.Name())
	defer layer.Close()
	sum := sha256.New()
	if err := i.Write(io.MultiWriter(layer, sum)); err != nil {
		return err
	}
	size, err := layer.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := layer.Seek(0, io.SeekStart); err != nil {
		return err
	}
	settings, err := configuration(i.Config)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	config, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux", "config": settings,
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sum.Sum(nil))}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	out := tar.NewWriter(to)
	for _, file := range []struct {
		name    string
		size    int64
		content io.Reader
	}{
		{"config.json", int64(len(config)), bytes.NewReader(config)},
		{"layer.tar", size, layer},
		{"manifest.json", int64(len(manifest)), bytes.NewReader(manifest)},
	} {
		if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: file.name, Mode: 0o644, Size: file.size}); err != nil {
			return err
		}
		if _, err := io.Copy(out, file.content); err != nil {
			return err
		}
	}
	return out.Close()
}

// configuration reads lines of a Dockerfile.
func configuration(lines []string) (map[string]any, error) {
	labels, ports := map[string]string{}, map[string]any{}
	config := map[string]any{"Labels": labels, "ExposedPorts": ports}
	var env []string
	for _, line := range lines {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "USER":
			config["User"] = rest
		case "WORKDIR":
			config["WorkingDir"] = rest
		case "ENV":
			env = append(env, rest)
		case "LABEL":
			name, value, _ := strings.Cut(rest, "=")
			labels[name] = value
		case "EXPOSE":
			for port := range strings.FieldsSeq(rest) {
				ports[port+"/tcp"] = struct{}{}
			}
		case "ENTRYPOINT", "CMD":
			var command []string
			if err := json.Unmarshal([]byte(rest), &command); err != nil {
				return nil, fmt.Errorf("%s: %w", line, err)
			}
			config[map[string]string{"ENTRYPOINT": "Entrypoint", "CMD": "Cmd"}[word]] = command
		default:
			return nil, fmt.Errorf("%s: what is %s?", line, word)
		}
	}
	if !slices.ContainsFunc(env, func(set string) bool { return strings.HasPrefix(set, "PATH=") }) {
		env = append(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	}
	config["Env"] = env
	return config, nil
}
