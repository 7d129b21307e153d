package journey

import (
	"fmt"
	"net/http"
	"time"

	"plumbline/demo-app/facility"
)

const (
	duplicate   = 0.05 // share of ingests under a name that is taken
	fewestFiles = 15   // of one ingest
	mostFiles   = 55
	bigFile     = 100_000_000 // bytes
)

// ingest: a dataset that is open, its files, and the word that it is complete.
// Some try a name that the investigation already has.
func (p *planner) ingest() []stage {
	v := pick(p, p.directory.facility.Investigations())
	name := fmt.Sprintf("INGEST %s %d", p.directory.run, p.visit)
	begin := stage{login(facility.IngestName, facility.Password, "")}
	dataset, _ := p.file(v.ID)
	if p.chance(duplicate) && dataset != 0 {
		taken := post("datasets", []any{p.dataset(fmt.Sprintf("DATASET %d", dataset), v.ID)})
		return []stage{begin, {expect(http.StatusPreconditionFailed, taken)}, {logout()}}
	}
	n, size := fewestFiles+p.random.IntN(mostFiles-fewestFiles+1), int64(0)
	files := make([]any, n)
	for i := range files {
		bytes := 1 + p.random.Int64N(bigFile)
		size += bytes
		files[i] = map[string]any{
			"name": fmt.Sprintf("scan_%04d.nxs", i+1), "location": fmt.Sprintf("/lils/ingest/%s/%d/scan_%04d.nxs", p.directory.run, p.visit, i+1),
			"fileSize": bytes, "datafileCreateTime": p.directory.now.UTC().Format(time.RFC3339),
			"dataset": related(created), "datafileFormat": related(1),
		}
	}
	create := post("datasets", []any{p.dataset(name, v.ID)})
	create.Keep = Created
	return []stage{
		begin,
		{create},
		{post("datafiles", files)},
		{patch("datasets", map[string]any{"complete": true, "fileCount": n, "fileSize": size})},
		{logout()},
	}
}

func (p *planner) dataset(name string, investigation int64) map[string]any {
	began := p.directory.now.Add(-time.Duration(1+p.random.IntN(240)) * time.Minute)
	return map[string]any{
		"name": name, "complete": false, "startDate": began.UTC().Format(time.RFC3339), "endDate": p.directory.now.UTC().Format(time.RFC3339),
		"investigation": related(investigation), "type": related(1),
	}
}

// related is how a body names another entity.
func related(id any) map[string]any { return map[string]any{"id": id} }
