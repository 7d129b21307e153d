package icatfake

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is the sort of a token.
type kind int

const (
	end       kind = iota
	word           // a keyword, in upper case
	name           // of an entity or alias; may hold dots
	whole          // 12, -12
	decimal        // 1.5, 1e3
	text           // what stands between quotes, unescaped
	stamp          // yyyy-mm-dd hh:mm:ss
	parameter      // :user
	sign           // = <> ( ) , *
)

// token is one piece of a query.
type token struct {
	kind kind
	text string
}

// is reports whether the token is the keyword or sign.
func (t token) is(s string) bool { return (t.kind == word || t.kind == sign) && t.text == s }

// keywords returns what icat.server does not take for a name.
func keywords() []string {
	return strings.Fields(`ABS ALL AND ANY AS ASC AVG BETWEEN BOTH BY CONCAT COUNT CURRENT_DATE CURRENT_TIME
		CURRENT_TIMESTAMP DESC DISTINCT DIV EMPTY ESCAPE FALSE FETCH FROM GROUP HAVING IN INCLUDE INNER IS JOIN LEADING
		LEFT LENGTH LIKE LIMIT LOCATE LOWER MAX MEMBER MIN MINUS MOD MULT NOT NULL OBJECT OR ORDER OUTER PLUS REAL SELECT
		SIZE SQRT SUBSTRING SUM TIMESTAMP TRAILING TRIM TRUE UPPER WHERE`)
}

// The forms of tokens, as icat.server's tokenizer has them: only a blank
// separates them. Neither changes after start.
var (
	stampForm = regexp.MustCompile(`^\{ *ts +(\d{4}-\d{2}-\d{2}) +(\d{2}:\d{2}:\d{2}) *\}`)
	numeral   = regexp.MustCompile(`^-?[0-9]+([.eE][0-9.eE+-]*)?`)
	// mistaken is a text that would be taken for a parameter of icat.server's own.
	mistaken = regexp.MustCompile(`:ts[0-9]{14}`)
)

// lex takes a query apart.
func lex(query string) ([]token, error) {
	var tokens []token
	for rest := query; ; {
		rest = strings.TrimLeft(rest, " ")
		if rest == "" {
			return tokens, nil
		}
		t, n, err := first(rest)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		rest = rest[n:]
	}
}

// first returns the first token of s and its length in bytes.
func first(s string) (token, int, error) {
	r, _ := utf8.DecodeRuneInString(s)
	switch {
	case unicode.IsLetter(r) || r == '$' || r == '_':
		n := strings.IndexFunc(s, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.$", r)
		})
		if n < 0 {
			n = len(s)
		}
		if up := strings.ToUpper(s[:n]); slices.Contains(keywords(), up) {
			return token{word, up}, n, nil
		}
		return token{name, s[:n]}, n, nil
	case r == '\'':
		return quoted(s)
	case r == '{':
		m := stampForm.FindStringSubmatch(s)
		if m == nil {
			return token{}, 0, refuse("Timestamp is not of form {ts yyyy-mm-dd hh:mm:ss}.")
		}
		return token{stamp, m[1] + " " + m[2]}, len(m[0]), nil
	case r == ':':
		n := 1 + len(s[1:]) - len(strings.TrimLeftFunc(s[1:], func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }))
		return token{parameter, s[:n]}, n, nil
	}
	if m := numeral.FindStringSubmatch(s); m != nil {
		if m[1] != "" {
			return token{decimal, m[0]}, len(m[0]), nil
		}
		return token{whole, m[0]}, len(m[0]), nil
	}
	for _, known := range []string{"<>", "<=", ">=", "!=", "=", "<", ">", "(", ")", ",", "*"} {
		if strings.HasPrefix(s, known) {
			return token{sign, known}, len(known), nil
		}
	}
	return token{}, 0, refuse("Unexpected character %q in the query", r)
}

// quoted reads a string literal; a doubled quote in it is one.
func quoted(s string) (token, int, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == 0:
			return token{}, 0, refuse("Unexpected end of string in state INQUOTES")
		case s[i] != '\'':
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == '\'':
			b.WriteByte('\'')
			i++
		case mistaken.MatchString(b.String()):
			return token{}, 0, refuse("a real icat.server takes :ts and 14 digits for a parameter even inside a string, and answers 500")
		default:
			return token{text, b.String()}, i + 1, nil
		}
	}
	return token{}, 0, refuse("Unexpected end of string in state INQUOTES")
}
