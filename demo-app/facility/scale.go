package facility

import "fmt"

// Scale says how large a facility is. Kinds that it does not name have the
// same size in every facility, or follow from these: a datafile has one or two
// parameters.
type Scale struct {
	Name           string
	Users          int // MinterID at least
	Cycles         int
	Investigations int
	Samples        int
	Keywords       int
	Datasets       int
	Datafiles      int
}

// Small is for tests and short runs: five years of a facility, 6,000 rows.
func Small() Scale {
	return Scale{Name: "small", Users: 499, Cycles: 19, Investigations: 59, Samples: 119, Keywords: 499, Datasets: 119, Datafiles: 1_799}
}

// Full is large enough that a scan can be told from a look-up: twenty years,
// 75,000 rows.
func Full() Scale {
	return Scale{Name: "full", Users: 499, Cycles: 79, Investigations: 239, Samples: 719, Keywords: 14_999, Datasets: 479, Datafiles: 26_399}
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
