// Package mutations checks the tests of the verdict: each of its changes spoils one
// comparison in package arrival or below, and the tests there have to fail for it.
// What arrival itself is for stands there.
package mutations
