// Command generate writes k8s/schema/kubernetes.json from the sources of that
// Kubernetes which k8s/kube builds. The Go module proxy serves them: no server, no
// other site is asked.
//
//	go run ./k8s/schema/generate        in the root of the repository
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"plumbline/cli"
	"plumbline/k8s/schema"
)

// kinds are those that are used here, and those that people come to use.
func kinds() []string {
	return []string{
		"v1 ConfigMap", "v1 Endpoints", "v1 LimitRange", "v1 Namespace", "v1 PersistentVolume", "v1 PersistentVolumeClaim", "v1 Pod",
		"v1 ResourceQuota", "v1 Secret", "v1 Service", "v1 ServiceAccount",
		"apps/v1 DaemonSet", "apps/v1 Deployment", "apps/v1 StatefulSet",
		"autoscaling/v2 HorizontalPodAutoscaler",
		"batch/v1 CronJob", "batch/v1 Job",
		"networking.k8s.io/v1 Ingress", "networking.k8s.io/v1 IngressClass", "networking.k8s.io/v1 NetworkPolicy",
		"policy/v1 PodDisruptionBudget",
		"rbac.authorization.k8s.io/v1 ClusterRole", "rbac.authorization.k8s.io/v1 ClusterRoleBinding",
		"rbac.authorization.k8s.io/v1 Role", "rbac.authorization.k8s.io/v1 RoleBinding",
		"scheduling.k8s.io/v1 PriorityClass", "storage.k8s.io/v1 StorageClass",
		"apiextensions.k8s.io/v1 CustomResourceDefinition", "apiregistration.k8s.io/v1 APIService",
	}
}

func main() { os.Exit(cli.Main("generate", run)) }

func run(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	out := flags.String("out", "k8s/schema/kubernetes.json", "file to write")
	if err := flags.Parse(args); err != nil {
		return cli.BadInput(err, "go run ./k8s/schema/generate -h")
	}
	dir, version, err := sources(ctx, "k8s/kube")
	if err != nil {
		return err
	}
	document, err := schema.Describe(os.DirFS(filepath.Join(dir, "api/openapi-spec/v3")), version, kinds())
	if err != nil {
		return err
	}
	text, err := document.Text()
	if err != nil {
		return err
	}
	if err := os.WriteFile(*out, text, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: %d kinds of Kubernetes %s, %d definitions, %d bytes\n", *out, len(document.Kinds), version, len(document.Definitions), len(text))
	return nil
}

// sources has the go command bring the Kubernetes that a module asks for, checked as
// any module is, and says where it lies and which version it is.
func sources(ctx context.Context, module string) (dir, version string, err error) {
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", "k8s.io/kubernetes")
	command.Dir = module
	var stderr bytes.Buffer
	command.Stderr = &stderr
	text, err := command.Output()
	var found struct{ Dir, Version, Error string }
	if failed := json.Unmarshal(text, &found); failed == nil && found.Dir != "" {
		return found.Dir, strings.TrimPrefix(found.Version, "v"), nil
	}
	return "", "", fmt.Errorf("download k8s.io/kubernetes for %s: %v %s%s", module, err, found.Error, &stderr)
}
