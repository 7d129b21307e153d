//go:build race

package upstream_test

import "testing"

// alone leaves out a test in which one question follows the other: the detector
// would find nothing and make SQLite five times slower. make test runs it by
// itself.
func alone(t *testing.T) { t.Skip("runs without the race detector") }
