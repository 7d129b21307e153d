package savedobject

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Differ returns where a stored object is not what was sent, in one line, or "".
// A newer Kibana brings an object to a form of its own, which may have more in
// it: if the stored object's version is another, it may have more members than
// what was sent, and only what was sent is looked at.
func Differ(stored, sent Object) string {
	return difference{more: stored.Version != sent.Version}.of(stored, sent)
}

// Lacks returns what of an object that was sent is not in the stored one, in one
// line, or "". The stored one may have more.
func Lacks(stored, sent Object) string { return difference{more: true}.of(stored, sent) }

func (d difference) of(stored, sent Object) string {
	switch found := d.at("attributes", plain(stored.Attributes), plain(sent.Attributes)); {
	case found != "":
		return found
	default:
		return d.at("references", plain(references(stored)), plain(references(sent)))
	}
}

// plain brings a value to the types that JSON has.
func plain(v any) (out any) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		return err.Error()
	}
	return out
}

type difference struct{ more bool }

func (d difference) at(path string, stored, sent any) string {
	switch sent := sent.(type) {
	case map[string]any:
		there, is := stored.(map[string]any)
		if !is {
			return d.found(path, stored, sent)
		}
		for _, name := range slices.Sorted(maps.Keys(sent)) {
			value, has := there[name]
			if !has {
				return d.found(path+"."+name, nil, sent[name])
			}
			if found := d.at(path+"."+name, value, sent[name]); found != "" {
				return found
			}
		}
		for _, name := range slices.Sorted(maps.Keys(there)) {
			if _, has := sent[name]; !has && !d.more {
				return d.found(path+"."+name, there[name], nil)
			}
		}
		return ""
	case []any:
		there, is := stored.([]any)
		if !is || len(there) != len(sent) {
			return d.found(path, stored, sent)
		}
		for i := range sent {
			if found := d.at(path+"["+strconv.Itoa(i)+"]", there[i], sent[i]); found != "" {
				return found
			}
		}
		return ""
	}
	if stored != sent {
		return d.found(path, stored, sent)
	}
	return ""
}

func (d difference) found(path string, stored, sent any) string {
	return fmt.Sprintf("%s is %s, not %s", path, short(stored), short(sent))
}

// short is a value in a few words.
func short(v any) string {
	switch v := v.(type) {
	case nil:
		return "absent"
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case map[string]any:
		return "{" + strings.Join(slices.Sorted(maps.Keys(v)), ", ") + "}"
	case string:
		if len(v) > 60 {
			v = v[:60] + "…"
		}
		return strconv.Quote(v)
	}
	return fmt.Sprint(v)
}
