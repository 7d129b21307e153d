package jobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"plumbline/demo-app/icat"
)

const (
	pageSize    = 1000    // files read at a time
	maxManifest = 8 << 20 // bytes; fits into one packet of MariaDB's default
)

// prepare reads the files of all the datasets, as the one who asked.
func (s *Service) prepare(ctx context.Context, d icat.Download) (Result, error) {
	who := icat.Session{Username: d.Username}
	var m manifest
	for _, id := range d.DatasetIDs {
		// Its files alone would not do: without rights they are an empty list.
		dataset, err := s.o.Catalogue.Get(ctx, who, entity("Dataset"), id, nil)
		if err != nil {
			return Result{}, err
		}
		if err := s.files(ctx, who, dataset, &m); err != nil {
			return Result{}, err
		}
	}
	sum := sha256.Sum256(m.Bytes())
	r := s.result(icat.DownloadComplete, "")
	r.FileCount, r.FileSize = m.count, m.size
	r.Manifest, r.ManifestChecksum = m.Bytes(), hex.EncodeToString(sum[:])
	return r, nil
}

// files adds the files of one dataset, a page at a time. Each page starts after
// the last id rather than at an offset, which the database would have to count.
func (s *Service) files(ctx context.Context, who icat.Session, dataset icat.Object, m *manifest) error {
	datafile := entity("Datafile")
	of, _ := datafile.Relation("dataset")
	id, _ := datafile.Field("id")
	for after := int64(0); ; {
		page, err := s.o.Catalogue.List(ctx, who, datafile, icat.Filter{
			Where: []icat.Condition{
				{Path: []icat.Relation{of}, Field: id, Op: icat.Eq, Values: []any{dataset.ID()}},
				{Field: id, Op: icat.Gt, Values: []any{after}},
			},
			Order: []icat.Order{{Field: id}},
			Limit: pageSize,
		})
		if err != nil {
			return err
		}
		for _, file := range page {
			if err := m.add(dataset, file); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
		after = page[len(page)-1].ID()
	}
}

// manifest is a line for each file: path, size in bytes, checksum.
type manifest struct {
	bytes.Buffer
	count, size int64
}

func (m *manifest) add(dataset, file icat.Object) error {
	path := file.Text("location")
	if path == "" {
		path = dataset.Text("location") + "/" + file.Text("name")
	}
	checksum := file.Text("checksum")
	if checksum == "" {
		checksum = "-"
	}
	size, _ := file.Value("fileSize").(int64)
	m.WriteString(escape(path))
	m.WriteByte('\t')
	m.Write(strconv.AppendInt(m.AvailableBuffer(), size, 10))
	m.WriteByte('\t')
	m.WriteString(escape(checksum))
	m.WriteByte('\n')
	m.count++
	m.size += size
	if m.Len() > maxManifest {
		return icat.Errorf(icat.Validation, "the list of files exceeds %d bytes; ask for fewer datasets at a time", maxManifest)
	}
	return nil
}

// escape keeps a name that was ingested with a tab or line break on its line.
func escape(s string) string {
	if !strings.ContainsAny(s, "\\\t\r\n") {
		return s
	}
	return strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\r", `\r`, "\n", `\n`).Replace(s)
}

func entity(name string) *icat.Entity {
	e, ok := icat.Lookup(name)
	if !ok {
		panic("jobs: no entity " + name)
	}
	return e
}
