package lens

import (
	"fmt"
	"strconv"
	"strings"
)

// object is a JSON object.
type object = map[string]any

// translate writes a query of Kibana's language as Elasticsearch is asked it, as
// far as the dashboards use that language: and, or, not, parentheses, field :
// value, field : (value or value), field : *, and comparisons of numbers.
func translate(query string) (object, error) {
	words, err := split(query)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", query, err)
	}
	if len(words) == 0 {
		return object{"match_all": object{}}, nil
	}
	r := &reader{words: words}
	o, err := r.either()
	if err == nil && len(r.words) > 0 {
		err = fmt.Errorf("%s is left over", r.words[0].text)
	}
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", query, err)
	}
	return o, nil
}

// word is a token; a quoted one is no operator, whatever it says.
type word struct {
	text   string
	quoted bool
}

func split(query string) (words []word, err error) {
	for rest := strings.TrimSpace(query); rest != ""; rest = strings.TrimSpace(rest) {
		switch {
		case rest[0] == '"':
			var b strings.Builder
			end := -1
			for i := 1; i < len(rest) && end < 0; i++ {
				switch {
				case rest[i] == '\\' && i+1 < len(rest):
					i++
					b.WriteByte(rest[i])
				case rest[i] == '"':
					end = i + 1
				default:
					b.WriteByte(rest[i])
				}
			}
			if end < 0 {
				return nil, fmt.Errorf("a quote is not closed")
			}
			words, rest = append(words, word{b.String(), true}), rest[end:]
		case strings.HasPrefix(rest, ">=") || strings.HasPrefix(rest, "<="):
			words, rest = append(words, word{text: rest[:2]}), rest[2:]
		case strings.ContainsRune("():<>", rune(rest[0])):
			words, rest = append(words, word{text: rest[:1]}), rest[1:]
		default:
			end := strings.IndexAny(rest, "():<>\" \t\n")
			if end < 0 {
				end = len(rest)
			}
			words, rest = append(words, word{text: rest[:end]}), rest[end:]
		}
	}
	return words, nil
}

type reader struct {
	words []word
	deep  int
}

// deepest is how deep queries may be nested.
const deepest = 50

func (r *reader) next(text string) bool {
	if len(r.words) > 0 && !r.words[0].quoted && strings.EqualFold(r.words[0].text, text) {
		r.words = r.words[1:]
		return true
	}
	return false
}

func (r *reader) take() (word, error) {
	if len(r.words) == 0 {
		return word{}, fmt.Errorf("it ends too early")
	}
	w := r.words[0]
	r.words = r.words[1:]
	return w, nil
}

func (r *reader) either() (object, error) { return r.several("or", r.all, anyOf) }
func (r *reader) all() (object, error)    { return r.several("and", r.not, allOf) }

func (r *reader) several(operator string, part func() (object, error), join func([]any) object) (object, error) {
	var parts []any
	for {
		o, err := part()
		if err != nil {
			return nil, err
		}
		if parts = append(parts, o); !r.next(operator) {
			return join(parts), nil
		}
	}
}

func anyOf(parts []any) object {
	if len(parts) == 1 {
		return parts[0].(object)
	}
	return object{"bool": object{"should": parts, "minimum_should_match": 1}}
}

func allOf(parts []any) object {
	if len(parts) == 1 {
		return parts[0].(object)
	}
	return object{"bool": object{"filter": parts}}
}

func (r *reader) not() (object, error) {
	if r.deep++; r.deep > deepest {
		return nil, fmt.Errorf("it is nested too deep")
	}
	defer func() { r.deep-- }()
	if r.next("not") {
		o, err := r.not()
		return object{"bool": object{"must_not": o}}, err
	}
	if r.next("(") {
		o, err := r.either()
		if err == nil && !r.next(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return o, err
	}
	return r.condition()
}

func (r *reader) condition() (object, error) {
	field, err := r.take()
	if err != nil {
		return nil, err
	}
	operator, err := r.take()
	if err != nil {
		return nil, err
	}
	limit, is := map[string]string{">=": "gte", ">": "gt", "<=": "lte", "<": "lt"}[operator.text]
	switch {
	case is && !operator.quoted:
		value, err := r.take()
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseFloat(value.text, 64)
		if err != nil {
			return nil, fmt.Errorf("%s is not a number", value.text)
		}
		return object{"range": object{field.text: object{limit: n}}}, nil
	case operator.text != ":" || operator.quoted:
		return nil, fmt.Errorf("%s is no operator", operator.text)
	case r.next("("):
		o, err := r.several("or", func() (object, error) { return r.value(field.text) }, anyOf)
		if err == nil && !r.next(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return o, err
	}
	return r.value(field.text)
}

func (r *reader) value(field string) (object, error) {
	v, err := r.take()
	switch {
	case err != nil:
		return nil, err
	case v.quoted:
		return object{"match_phrase": object{field: v.text}}, nil
	case v.text == "*":
		return object{"exists": object{"field": field}}, nil
	case strings.ContainsAny(v.text, "*():<>"):
		return nil, fmt.Errorf("%s is not a value that this package knows", v.text)
	}
	return object{"match": object{field: v.text}}, nil
}
