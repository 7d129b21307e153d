// Dockerlint runs BuildKit's own checks on Dockerfiles, without a builder: each
// finding is a line, and one is enough for exit code 1.
//
//	go run ./dockerlint ../Dockerfile
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/opencontainers/go-digest"
)

func main() {
	found, err := lint(context.Background(), os.Args[1:], os.Stdout)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "dockerlint:", err)
		os.Exit(2)
	case found > 0:
		os.Exit(1)
	}
}

// lint writes a line for each finding in the files and returns their number.
func lint(ctx context.Context, paths []string, out io.Writer) (found int, err error) {
	if len(paths) == 0 {
		return 0, fmt.Errorf("which Dockerfile? dockerlint FILE…")
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return found, err
		}
		source := llb.NewSourceMap(nil, path, "Dockerfile", text)
		source.Definition = &llb.Definition{} // where a builder would have it from
		results, err := dockerfile2llb.DockerfileLint(ctx, text, dockerfile2llb.ConvertOpt{SourceMap: source, MetaResolver: nowhere{}})
		if err != nil {
			return found, fmt.Errorf("%s: %w", path, err)
		}
		if results.Error != nil {
			return found, fmt.Errorf("%s: %s", path, results.Error.Message)
		}
		for _, w := range results.Warnings {
			line := int32(0)
			if w.Location != nil && len(w.Location.Ranges) > 0 {
				line = w.Location.Ranges[0].Start.Line
			}
			fmt.Fprintf(out, "%s:%d: %s: %s\n", path, line, w.RuleName, w.Detail)
			found++
		}
	}
	return found, nil
}

// nowhere is a registry in which every image is there and says nothing: what
// stands in a Dockerfile can be checked without a network.
type nowhere struct{}

func (nowhere) ResolveImageConfig(_ context.Context, image string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return image, "", []byte(`{"os":"linux","architecture":"amd64","config":{}}`), nil
}
