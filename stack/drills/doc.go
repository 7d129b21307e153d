// Package drills hurts the pipeline on purpose, on its real components, and
// holds what the verdict then says against a contract that was stated before:
// docs/drills.md. It holds tests alone, and `make drills` runs them; without
// PLUMBLINE_DRILLS only those of the contracts themselves run.
//
// Each drill is a value in the list of drills_test.go. It sends load of its own,
// does its harm while the load goes on, proves by counters that harm was done,
// and lets `provisioner verify` judge the load. Harm that cannot be proved is
// not measured, which is never a pass.
package drills
