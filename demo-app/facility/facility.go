// Package facility makes up the demo facility: users, investigations, datasets
// and datafiles. The same seed and scale give the same facility in every
// process, so a load generator knows valid names and ids without asking the
// server. It keeps no catalogue and answers no query; the store does.
package facility

import (
	"fmt"
	"math"
	"math/rand/v2"

	"plumbline/demo-app/icat"
)

// Password lets every demo user in. It protects nothing and is no secret.
const Password = "icat-demo"

// The users that are there whatever the seed.
const (
	KarenID    = 482 // Karen482, as in the README of the original demo
	KarenName  = "Karen482"
	MinterID   = 499
	MinterName = "doiminter" // the account of the original demo's one test
)

// Scale says how large a facility is.
type Scale struct {
	Name           string
	Users          int
	Investigations int
	Datasets       int
	Datafiles      int
}

// Small is for tests and short runs.
func Small() Scale {
	return Scale{Name: "small", Users: 499, Investigations: 59, Datasets: 119, Datafiles: 1_799}
}

// Full is large enough that a scan can be told from a look-up.
func Full() Scale {
	return Scale{Name: "full", Users: 499, Investigations: 239, Datasets: 479, Datafiles: 26_399}
}

// ParseScale returns the scale called name.
func ParseScale(name string) (Scale, error) {
	for _, s := range []Scale{Small(), Full()} {
		if s.Name == name {
			return s, nil
		}
	}
	return Scale{}, fmt.Errorf("unknown scale %q; known: small, full", name)
}

// Facility is one made-up facility. Ids of every kind are dense: 1 to the
// count that its Scale names. Its methods may be called from any goroutine.
type Facility struct {
	Seed  uint64
	Scale Scale

	users []icat.User
	files []int // datafiles of dataset i+1
}

// New returns the facility of seed and scale. Users are made at once (a few
// milliseconds); everything larger only when it is asked for.
func New(seed uint64, scale Scale) *Facility {
	f := &Facility{Seed: seed, Scale: scale}
	f.users = f.makeUsers()
	f.files = f.spreadFiles()
	return f
}

// Users returns all users, id 1 first. The slice is shared: read only.
func (f *Facility) Users() []icat.User { return f.users }

// DatafileCount returns how many files the dataset holds, 0 for an unknown one.
func (f *Facility) DatafileCount(datasetID int64) int {
	if datasetID < 1 || datasetID > int64(len(f.files)) {
		return 0
	}
	return f.files[datasetID-1]
}

// source returns the random numbers of one kind of thing, or of one thing of
// that kind. Kinds do not share a stream: a new kind moves no other.
func (f *Facility) source(kind string, n int) *rand.PCG {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(kind) {
		h = (h ^ uint64(kind[i])) * 1099511628211
	}
	return rand.NewPCG(f.Seed, h+uint64(n)*0x9e3779b97f4a7c15)
}

// spreadFiles deals the datafiles to the datasets: lognormal, so that a few
// datasets hold most files, every dataset at least one.
func (f *Facility) spreadFiles() []int {
	const sigma = 1.1 // mean 55 gives a median of 30
	r := rand.New(f.source("files per dataset", 0))
	n := f.Scale.Datasets
	weight, sum := make([]float64, n), 0.0
	for i := range weight {
		weight[i] = math.Exp(sigma * r.NormFloat64())
		sum += weight[i]
	}
	files, left := make([]int, n), f.Scale.Datafiles-n
	spare := left
	for i, w := range weight {
		share := int(math.Floor(w / sum * float64(left)))
		files[i] = 1 + share
		spare -= share
	}
	for i := range spare { // what rounding left over; fewer than n
		files[i]++
	}
	return files
}
