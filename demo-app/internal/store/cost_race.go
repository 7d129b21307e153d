//go:build race

package store

import "golang.org/x/crypto/bcrypt"

// cost is the least that there is: the race detector makes a login a hundred times
// as dear, and tests log in often.
const cost = bcrypt.MinCost
