package dashboards

// Outcome is how a panel's answer compares with the truth.
type Outcome string

const (
	Held      Outcome = "held"       // everything that was compared agrees
	Differs   Outcome = "differs"    // at least one thing does not
	Empty     Outcome = "empty"      // the panel shows nothing although there is something to show
	NotJudged Outcome = "not judged" // the truth says nothing about this panel
)

// Agreement is the comparison of one panel with the truth.
type Agreement struct {
	Panel       string // the panel's id
	Outcome     Outcome
	Compared    string // what was compared and how closely, or why nothing was
	Got, Want   string // the first difference, or the document count of both sides
	Differences []Difference
}

// Difference is one thing in which panel and truth disagree.
type Difference struct {
	What string `json:"what"`
	Got  string `json:"got"`
	Want string `json:"want"`
}
