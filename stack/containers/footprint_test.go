package containers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// footprint is the most memory that each service was seen to use, in bytes, as
// `docker stats` counts it: without what the kernel could drop.
type footprint struct {
	peak map[string]int64
	end  func() // of the sampling
}

// watch samples the memory of all containers until its table is asked for, or
// the test ends.
func (p *project) watch(t *testing.T) *footprint {
	t.Helper()
	f := &footprint{peak: map[string]int64{}}
	services := map[string]string{} // by container
	stop := make(chan struct{})
	var done sync.WaitGroup
	f.end = sync.OnceFunc(func() {
		close(stop)
		done.Wait()
	})
	t.Cleanup(f.end)
	done.Go(func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			for _, id := range p.containers() {
				if services[id] == "" {
					name, _ := p.engine.try(t.Context(), nil, "inspect", "--format", `{{index .Config.Labels "com.docker.compose.service"}}`, id)
					services[id] = strings.TrimSpace(name)
				}
				if used, ok := p.group(id).used(); ok { // else it has just ended
					f.peak[services[id]] = max(f.peak[services[id]], used)
				}
			}
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	})
	return f
}

// table ends the watch and renders the peaks beside the limits, as Markdown, with
// the sum for those services that stay up when no profile is chosen.
func (f *footprint) table(services, usual map[string]service) string {
	f.end()
	t := table.NewWriter()
	t.AppendHeader(table.Row{"service", "image", "peak", "limit", "share"})
	var peaks, limits int64
	for _, name := range slices.Sorted(maps.Keys(services)) {
		s := services[name]
		peak, limit := f.peak[name], s.limit()
		image, _, _ := strings.Cut(s.Image, ":")
		if peak < 1<<20 || strings.Contains(image, "/fake-") {
			continue // it did not run, too shortly to be seen, or is not what it stands for
		}
		t.AppendRow(table.Row{name, image, mib(peak), mib(limit), fmt.Sprintf("%d %%", 100*peak/max(limit, 1))})
		if _, ok := usual[name]; ok && s.Restart != "no" {
			peaks, limits = peaks+peak, limits+limit
		}
	}
	t.AppendRow(table.Row{"all that stay up by default", "", mib(peaks), mib(limits), ""})
	return t.RenderMarkdown() + "\n"
}

func mib(bytes int64) string { return fmt.Sprintf("%d MiB", (bytes+1<<19)>>20) }
