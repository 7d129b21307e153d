//go:build !race

package upstream_test

import "testing"

func alone(*testing.T) {}
