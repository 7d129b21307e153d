// Command generate writes k8s/schema/kubernetes.json from Kubernetes' sources,
// which the Go module proxy serves: no server, no other site is asked.
//
//	go run ./k8s/schema/generate
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

	"plumbline/cli"
	"plumbline/k8s/schema"
)

// kubernetes is the version whose kinds are described.
const kubernetes = "1.36.3"

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
	version := flags.String("version", kubernetes, "of Kubernetes")
	out := flags.String("out", "k8s/schema/kubernetes.json", "file to write")
	if err := flags.Parse(args); err != nil {
		return cli.BadInput(err, "go run ./k8s/schema/generate -h")
	}
	dir, err := sources(ctx, *version)
	if err != nil {
		return err
	}
	document, err := schema.Describe(os.DirFS(filepath.Join(dir, "api/openapi-spec/v3")), *version, kinds())
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
	fmt.Fprintf(stdout, "%s: %d kinds of Kubernetes %s, %d definitions, %d bytes\n", *out, len(document.Kinds), *version, len(document.Definitions), len(text))
	return nil
}

// sources has the go command bring a version of Kubernetes, checked as any module
// is, and says where it lies.
func sources(ctx context.Context, version string) (string, error) {
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", "k8s.io/kubernetes@v"+version)
	command.Dir = os.TempDir() // no module of ours asks for all of Kubernetes
	var stderr bytes.Buffer
	command.Stderr = &stderr
	text, err := command.Output()
	var module struct{ Dir, Error string }
	if failed := json.Unmarshal(text, &module); failed == nil && module.Dir != "" {
		return module.Dir, nil
	}
	return "", fmt.Errorf("download k8s.io/kubernetes@v%s: %v %s%s", version, err, module.Error, &stderr)
}
