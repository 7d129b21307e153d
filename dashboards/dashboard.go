// Package dashboards holds the dashboards as Go values: what each panel asks,
// in the words of the telemetry package, and why anyone should look at it. A
// panel writes its Elasticsearch query, reads the answer strictly, and says
// whether the answer agrees with the truth that a run's ledger holds.
//
// It talks to nobody: board draws the panels, the provisioner executes and
// judges them. Encoders for other front ends take the same values.
package dashboards

import "slices"

// Dashboard is a titled set of panels, in reading order.
type Dashboard struct {
	ID      string // stable, used in addresses
	Title   string
	Purpose string   // the question this dashboard answers, one line
	Narrow  []string // fields by which it can be narrowed to one value, besides the run
	Next    []string // dashboards to go on to, by id
	Panels  []Panel
}

// All are the dashboards, in the order in which they lead on to each other.
func All() []Dashboard {
	return []Dashboard{RED(), Route(), Logs(), SLO(), Accounted(), Pipeline(), Hosts(), Jobs(), Canary()}
}

// Find looks up the dashboard with the given id.
func Find(id string) (Dashboard, bool) {
	all := All()
	i := slices.IndexFunc(all, func(d Dashboard) bool { return d.ID == id })
	if i < 0 {
		return Dashboard{}, false
	}
	return all[i], true
}

// Panel looks up the panel with the given id.
func (d Dashboard) Panel(id string) (Panel, bool) {
	i := slices.IndexFunc(d.Panels, func(p Panel) bool { return p.ID == id })
	if i < 0 {
		return Panel{}, false
	}
	return d.Panels[i], true
}

// Kind is how a panel is drawn.
type Kind string

const (
	Stat       Kind = "stat"        // one measure, one number
	TimeSeries Kind = "time-series" // measures over time; with a breakdown, one series per group
	Bars       Kind = "bars"        // one measure per group
	Table      Kind = "table"       // several measures per group
	Heatmap    Kind = "heatmap"     // one measure over time, a row of cells per group
	Lines      Kind = "lines"       // single documents, some fields of each
	Note       Kind = "note"        // text, nothing is asked
)

// Panel is one question and the way its answer is drawn.
type Panel struct {
	ID       string // stable, and no other panel of any dashboard has it
	Title    string
	Purpose  string // what this tells you
	Advice   string // what to do when it looks wrong
	Kind     Kind
	Source   Source
	By       Breakdown // zero: no breakdown
	Measures []Measure
	Limits   Limits   // for the first measure
	Columns  []Column // Lines
	Order    Order    // Lines
	Show     int      // groups that a front end shows, largest first, or Lines; 0 = all groups. The query always asks for all groups.
	Stacked  bool     // TimeSeries: groups are parts of one whole
	Width    int      // columns of the 12 column grid
	Text     string   // Note: Markdown of headings, paragraphs, lists, links and code

	// Quiet tells why it may be right that this panel finds nothing; a panel
	// without has to find something wherever there is traffic.
	Quiet string
}

// Limits tell from where on the first measure of a panel is bad.
type Limits struct {
	Warn, Bad float64 // in the measure's unit
	Falling   bool    // bad is below and not above
	None      string  // or why there are no limits
}

// Column is one field of a document, in a panel of kind Lines.
type Column struct {
	Label string
	Field string
	Unit  Unit // UnitText for what is not a number
}

// Order is by which field documents are listed, the largest or latest first.
type Order struct {
	Field string
}
