//go:build !race

package store

// cost is what a login costs: some milliseconds of work, as a real
// authenticator's would.
const cost = 6
