package containers

import (
	"errors"
	"strings"
	"testing"
)

// filled runs the service that brings something into a fake, which has to succeed
// without a request that the fake refuses. A request for what there is not shows
// that one would be seen.
func (p *project) filled(t *testing.T, setup, fake, nowhere string) {
	refused := func() string {
		var lines []string
		for line := range strings.Lines(p.do(t, "logs", "--no-log-prefix", fake)) {
			if strings.HasPrefix(line, "refused: ") {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "")
	}
	if code := p.shown(t, "run", "--rm", "--no-deps", "-T", setup); code != 0 {
		t.Errorf("%s: exit code %d", setup, code)
	}
	if lines := refused(); lines != "" {
		t.Errorf("the fake of %s has refused:\n%s", fake, lines)
	}
	if out, err := p.inside("curl", "--silent", "--max-time", "10", nowhere).CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", nowhere, err, out)
	}
	await(t, "what it refuses to be seen", func() error {
		if !strings.Contains(refused(), "/nowhere") {
			return errors.New("no line of it")
		}
		return nil
	})
}
