package icat

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
)

// Search asks for documents by text, as ICAT's search does.
type Search struct {
	Target   *Entity // Investigation, Dataset or Datafile
	Text     string  // words that all must occur; "" matches everything
	User     string  // only what this user takes part in; "" is everybody
	Lower    Time    // not before; zero is no bound
	Upper    Time    // not after; zero is no bound
	After    string  // After of an earlier result, as it was; "" starts from the best
	MinCount int     // go on looking until so many were found
	MaxCount int     // never answer more
	Restrict bool    // only what the caller takes part in: much cheaper
}

// Bounds of a search.
const (
	DefaultMinCount = 10
	DefaultMaxCount = 100
	maxText         = 256  // bytes
	maxAfter        = 1024 // bytes
)

// SearchResult is a page of documents. After is where the next page starts, as
// JSON whose form is the search engine's own; "" when there is none.
type SearchResult struct {
	Results []Hit
	After   string
}

// Hit is one document that was found.
type Hit struct {
	ID     int64
	Score  float64
	Source Object // only the fields that a search stores
}

// MarshalJSON writes ICAT's shape: search_after, dimensions, results.
func (r SearchResult) MarshalJSON() ([]byte, error) {
	b := []byte("{")
	if r.After != "" {
		b = append(b, `"search_after":`...)
		b = append(b, r.After...)
		b = append(b, ',')
	}
	b = append(b, `"dimensions":{},"results":[`...)
	for i, h := range r.Results {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"id":`...)
		b = strconv.AppendInt(b, h.ID, 10)
		b = append(b, `,"score":`...)
		b = strconv.AppendFloat(b, h.Score, 'g', 6, 64)
		b = append(b, `,"source":`...)
		b = h.Source.AppendJSON(b)
		b = append(b, '}')
	}
	return append(b, "]}"...), nil
}

// SearchParameters returns those of GET /search/documents.
func SearchParameters() []string {
	return []string{"query", "search_after", "minCount", "maxCount", "sort", "restrict"}
}

const searchForm = `query: not of the form {"target":"Investigation","text":"words"}; target is Investigation, Dataset or Datafile`

// ParseSearch reads a search from a query string; what it does not know is
// refused with BAD_PARAMETER.
func ParseSearch(query url.Values) (Search, error) {
	s := Search{MinCount: DefaultMinCount, MaxCount: DefaultMaxCount}
	for key, values := range query {
		if len(values) > 1 {
			return s, Errorf(BadParameter, "a parameter is given more than once")
		}
		var err error
		switch v := values[0]; key {
		case "query":
			err = s.parseQuery(v)
		case "search_after":
			s.After, err = parseAfter(v)
		case "minCount":
			s.MinCount, err = parseCount(key, v)
		case "maxCount":
			s.MaxCount, err = parseCount(key, v)
		case "sort":
			if v != "" {
				err = Errorf(BadParameter, "sort: only the order by score is implemented; leave it out")
			}
		case "restrict":
			if s.Restrict, err = strconv.ParseBool(v); err != nil {
				err = Errorf(BadParameter, "restrict: takes true or false")
			}
		default:
			err = Errorf(BadParameter, "unknown parameter; known here: %s", strings.Join(SearchParameters(), ", "))
		}
		if err != nil {
			return s, err
		}
	}
	switch {
	case s.Target == nil:
		return s, Errorf(BadParameter, "query is not set")
	case s.MaxCount < 1 || s.MaxCount > MaxEntities || s.MinCount > s.MaxCount:
		return s, Errorf(BadParameter, "minCount and maxCount: want 0 <= minCount <= maxCount, and maxCount from 1 to %d", MaxEntities)
	}
	return s, nil
}

// parseAfter takes what an earlier answer gave as search_after: any JSON.
func parseAfter(v string) (string, error) {
	if _, ok := oneJSON([]byte(v)); !ok || len(v) > maxAfter {
		return "", Errorf(BadParameter, "search_after: not what an earlier answer held")
	}
	return v, nil
}

func (s *Search) parseQuery(v string) error {
	var q struct {
		Target string `json:"target"`
		Text   string `json:"text"`
		User   string `json:"user"`
		Lower  string `json:"lower"`
		Upper  string `json:"upper"`
	}
	if _, ok := oneJSON([]byte(v)); !ok {
		return Errorf(BadParameter, searchForm)
	}
	d := json.NewDecoder(strings.NewReader(v))
	d.DisallowUnknownFields()
	if d.Decode(&q) != nil {
		return Errorf(BadParameter, "%s; known besides: user, lower, upper", searchForm)
	}
	switch q.Target {
	case "Investigation", "Dataset", "Datafile":
		s.Target, _ = Lookup(q.Target)
	default:
		return Errorf(BadParameter, searchForm)
	}
	if len(q.Text) > maxText {
		return Errorf(BadParameter, "query: text exceeds %d bytes", maxText)
	}
	s.Text, s.User = q.Text, q.User
	for _, bound := range []struct {
		text string
		to   *Time
	}{{q.Lower, &s.Lower}, {q.Upper, &s.Upper}} {
		if bound.text == "" {
			continue
		}
		var err error
		if *bound.to, err = parseMinute(bound.text); err != nil {
			return Errorf(BadParameter, "query: lower and upper take yyyyMMddHHmm")
		}
	}
	return nil
}
