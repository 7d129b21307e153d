package board

import "plumbline/dashboards"

// The shapes of the JSON API. Times are milliseconds since 1970; a value that
// does not exist is null.

type summary struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Purpose string `json:"purpose"`
}

type dashboardView struct {
	summary
	FromMS     int64             `json:"fromMs"`
	ToMS       int64             `json:"toMs"`
	Run        string            `json:"run"`
	Only       map[string]string `json:"only"` // what it is narrowed to, by field
	AnsweredMS int64             `json:"answeredMs"`
	Next       []summary         `json:"next"`
	Panels     []panelView       `json:"panels"`
}

type panelView struct {
	summary
	Advice   string          `json:"advice"`
	Kind     dashboards.Kind `json:"kind"`
	Width    int             `json:"width"`
	By       string          `json:"by"`
	Drill    *drillView      `json:"drill"`
	Show     int             `json:"show"`
	Stacked  bool            `json:"stacked"`
	Limits   *limitsView     `json:"limits"`
	Measures []measureView   `json:"measures"`
	Columns  []columnView    `json:"columns"`
	Text     string          `json:"text"`
	Quiet    string          `json:"quiet"`
	Index    string          `json:"index"`
	Query    string          `json:"query"`
	PromQL   []promqlView    `json:"promql"` // the same question to Prometheus, if it can be asked
	Result   *resultView     `json:"result"`
	Absent   bool            `json:"absent"` // the index does not exist yet
	Problem  *problem        `json:"problem"`
}

type measureView struct {
	Label string          `json:"label"`
	Op    dashboards.Op   `json:"op"`
	Unit  dashboards.Unit `json:"unit"`
}

// promqlView is one question to Prometheus.
type promqlView struct {
	Label string `json:"label"` // which of the panel's series it answers
	Expr  string `json:"expr"`
}

// drillView is where a group leads to, narrowed by its key in the field.
type drillView struct {
	Dashboard string `json:"dashboard"`
	Field     string `json:"field"`
}

type limitsView struct {
	Warn    float64 `json:"warn"`
	Bad     float64 `json:"bad"`
	Falling bool    `json:"falling"`
}

type columnView struct {
	Label string          `json:"label"`
	Field string          `json:"field"`
	Unit  dashboards.Unit `json:"unit"`
}

type resultView struct {
	Documents int64     `json:"documents"`
	Shows     bool      `json:"shows"` // there is something to draw
	Other     int64     `json:"other"`
	StepMS    int64     `json:"stepMs"`
	TimesMS   []int64   `json:"timesMs"`
	Rows      []rowView `json:"rows"`

	Lines []dashboards.Line `json:"lines"`
}

type rowView struct {
	Key    string       `json:"key"`
	Count  int64        `json:"count"`
	Values []*float64   `json:"values"`
	Parts  []int64      `json:"parts"`
	Points [][]*float64 `json:"points"`
}

type runsView struct {
	Runs    []runView `json:"runs"`
	Problem *problem  `json:"problem"`
}

type runView struct {
	ID       string `json:"id"`
	Requests int64  `json:"requests"`
	FirstMS  int64  `json:"firstMs"`
	LastMS   int64  `json:"lastMs"`
}

type problem struct {
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

func describe(p dashboards.Panel) panelView {
	view := panelView{
		summary: summary{p.ID, p.Title, p.Purpose}, Advice: p.Advice,
		Kind: p.Kind, Width: p.Width, By: p.By.Label, Show: p.Show, Stacked: p.Stacked, Text: p.Text, Quiet: p.Quiet,
	}
	if p.By.Drill != "" {
		view.Drill = &drillView{p.By.Drill, p.By.Field}
	}
	if p.Limits.None == "" && p.Kind != dashboards.Lines && p.Kind != dashboards.Note {
		view.Limits = &limitsView{p.Limits.Warn, p.Limits.Bad, p.Limits.Falling}
	}
	for _, c := range p.Columns {
		view.Columns = append(view.Columns, columnView{c.Label, c.Field, c.Unit})
	}
	for _, m := range p.Measures {
		view.Measures = append(view.Measures, measureView{m.Label, m.Op, m.Unit})
	}
	return view
}

func show(r dashboards.Result) *resultView {
	view := &resultView{
		Documents: r.Documents, Shows: r.Shows(), Other: r.Other, StepMS: r.Step.Milliseconds(),
		TimesMS: []int64{}, Rows: []rowView{}, Lines: r.Lines,
	}
	for _, t := range r.Times {
		view.TimesMS = append(view.TimesMS, t.UnixMilli())
	}
	for _, row := range r.Rows {
		out := rowView{Key: row.Key, Count: row.Count, Points: [][]*float64{}}
		for _, cell := range row.Cells {
			out.Values = append(out.Values, cell.Value)
			out.Parts = append(out.Parts, cell.Part)
		}
		for _, series := range row.Points {
			values := make([]*float64, len(series))
			for i, cell := range series {
				values[i] = cell.Value
			}
			out.Points = append(out.Points, values)
		}
		view.Rows = append(view.Rows, out)
	}
	return view
}
