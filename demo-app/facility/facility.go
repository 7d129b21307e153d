// Package facility makes up the demo facility: people, instruments, visits and
// the data they took. The same seed and scale give the same facility in every
// process, so a load generator knows valid names and ids, and who may read what,
// without asking the server. It keeps no catalogue and answers no query; the
// store does.
package facility

import (
	"math"
	"math/rand/v2"

	"plumbline/demo-app/icat"
)

// Facility is one made-up facility. Ids of every kind are dense from 1. Its
// methods may be called from any goroutine; what they return is shared: read,
// don't write.
type Facility struct {
	Seed  uint64
	Scale Scale

	users          []icat.User
	instruments    []icat.Instrument
	scientists     []icat.InstrumentScientist
	cycles         []icat.FacilityCycle
	investigations []icat.Investigation
	teams          []icat.InvestigationUser
	beamtime       []icat.InvestigationInstrument
	inCycle        []icat.InvestigationFacilityCycle
	samples        []icat.Sample
	datasets       []icat.Dataset

	firstFile []int64   // of dataset i+1; one more at the end
	sizes     []int64   // bytes of datafile i+1
	visits    [][]int64 // investigations of user i+1
	readers   [][]int64 // users who may read investigation i+1 before its release
}

// New returns the facility of seed and scale. What journeys are planned from
// is made at once, in a few milliseconds; datafiles, their parameters and
// keywords when All comes to them.
func New(seed uint64, scale Scale) *Facility {
	f := &Facility{Seed: seed, Scale: scale}
	f.users = f.makeUsers()
	f.instruments = f.makeInstruments()
	f.scientists = f.makeScientists()
	f.cycles = f.makeCycles()
	f.makeInvestigations()
	f.teams = f.makeTeams()
	f.samples = f.makeSamples()
	f.spreadFiles()
	f.datasets = f.makeDatasets()
	f.sumUp()
	f.grantReading()
	return f
}

// Users returns all users, id 1 first.
func (f *Facility) Users() []icat.User { return f.users }

// Investigations returns all investigations, id 1 first.
func (f *Facility) Investigations() []icat.Investigation { return f.investigations }

// Places returns which investigation took place on which instrument.
func (f *Facility) Places() []icat.InvestigationInstrument { return f.beamtime }

// Cycles returns which investigation took place in which facility cycle.
func (f *Facility) Cycles() []icat.InvestigationFacilityCycle { return f.inCycle }

// source returns the random numbers of one kind of thing, or of one thing of
// that kind. Kinds do not share a stream: a new kind moves no other.
func (f *Facility) source(kind string, n int64) *rand.PCG {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(kind) {
		h = (h ^ uint64(kind[i])) * 1099511628211
	}
	return rand.NewPCG(f.Seed, h+uint64(n)*0x9e3779b97f4a7c15)
}

func (f *Facility) random(kind string, n int64) *rand.Rand { return rand.New(f.source(kind, n)) }

// deal shares total out to n, lognormally, at least one each. The median is
// about total / (n e^(sigma²/2)). Weights are whole numbers, so that the last bit
// of an exponential, which differs between processors, decides nothing.
func deal(r *rand.Rand, total, n int, sigma float64) []int {
	weight, sum := make([]int64, n), int64(0)
	for i := range weight {
		weight[i] = int64(math.Round(1000 * math.Exp(sigma*r.NormFloat64())))
		sum += weight[i]
	}
	shares, left := make([]int, n), total-n
	spare := left
	for i, w := range weight {
		share := int(w * int64(left) / sum)
		shares[i] = 1 + share
		spare -= share
	}
	for i := range spare { // what rounding left over; fewer than n
		shares[i]++
	}
	return shares
}

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }
