// Package kibana is what plumbline/dashboards/kibana has written: the dashboards
// as saved objects, for an import by hand (Stack Management, Saved Objects) or by
// provisioner kibana. A test there holds it to the model; -update writes it anew.
package kibana

import _ "embed" // the file

// Objects are the saved objects, a line of JSON each.
//
//go:embed plumbline.ndjson
var Objects []byte
