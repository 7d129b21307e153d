//go:build race

package attack

// raced: the detector makes the client slower than the stall that it measures.
const raced = true
