package panels

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math"
	"strconv"
	"strings"
)

// work works out an expression of Grafana's: arithmetic on the series of other
// questions. Series of two questions are taken together where one has the labels of
// the other, and points where their times are the same. Its language is, as far as
// it is used here, that of Go.
func work(ref, expression string, known map[string][]frame) ([]frame, error) {
	tree, err := parser.ParseExpr(strings.ReplaceAll(expression, "$", ""))
	if err != nil {
		return nil, fmt.Errorf("expression %s: %w", expression, err)
	}
	v, err := calculate(tree, known)
	if err != nil {
		return nil, fmt.Errorf("expression %s: %w", expression, err)
	}
	for i := range v.frames {
		v.frames[i].ref, v.frames[i].name = ref, ""
	}
	return v.frames, nil
}

// value is a number, or series.
type value struct {
	number float64
	frames []frame
	series bool
}

func calculate(e ast.Expr, known map[string][]frame) (value, error) {
	switch n := e.(type) {
	case *ast.ParenExpr:
		return calculate(n.X, known)
	case *ast.BasicLit:
		f, err := strconv.ParseFloat(n.Value, 64)
		return value{number: f}, err
	case *ast.Ident:
		frames, there := known[n.Name]
		if !there {
			return value{}, fmt.Errorf("no question %s", n.Name)
		}
		return value{frames: frames, series: true}, nil
	case *ast.BinaryExpr:
		a, err := calculate(n.X, known)
		if err != nil {
			return value{}, err
		}
		b, err := calculate(n.Y, known)
		if err != nil {
			return value{}, err
		}
		return combine(a, b, n.Op)
	}
	return value{}, fmt.Errorf("%T is not known", e)
}

func combine(a, b value, op token.Token) (value, error) {
	switch {
	case !a.series && !b.series:
		f, err := apply(a.number, b.number, op)
		return value{number: f}, err
	case !b.series:
		return each(a.frames, op, func(x Point) (float64, float64, bool) { return *x.Value, b.number, true })
	case !a.series:
		return each(b.frames, op, func(x Point) (float64, float64, bool) { return a.number, *x.Value, true })
	}
	result := value{series: true}
	for _, x := range a.frames {
		for _, y := range b.frames {
			if !within(x.labels, y.labels) && !within(y.labels, x.labels) {
				continue
			}
			other := map[int64]*float64{}
			for _, p := range y.points {
				other[p.Time.UnixMilli()] = p.Value
			}
			joined, err := each([]frame{x}, op, func(p Point) (float64, float64, bool) {
				second := other[p.Time.UnixMilli()]
				if second == nil {
					return 0, 0, false
				}
				return *p.Value, *second, true
			})
			if err != nil {
				return result, err
			}
			result.frames = append(result.frames, joined.frames...)
		}
	}
	return result, nil
}

func within(small, large map[string]string) bool {
	for name, value := range small {
		if large[name] != value {
			return false
		}
	}
	return true
}

// each applies an operation to every point that has what it takes.
func each(frames []frame, op token.Token, take func(Point) (a, b float64, ok bool)) (value, error) {
	result := value{series: true}
	for _, f := range frames {
		made := frame{labels: maps.Clone(f.labels)}
		for _, p := range f.points {
			if p.Value == nil {
				made.points = append(made.points, p)
				continue
			}
			a, b, ok := take(p)
			if !ok {
				continue
			}
			v, err := apply(a, b, op)
			if err != nil {
				return result, err
			}
			point := Point{Time: p.Time, Value: &v}
			if math.IsNaN(v) { // nothing is drawn
				point.Value = nil
			}
			made.points = append(made.points, point)
		}
		result.frames = append(result.frames, made)
	}
	return result, nil
}

func apply(a, b float64, op token.Token) (float64, error) {
	truth := map[bool]float64{true: 1}
	switch op {
	case token.ADD:
		return a + b, nil
	case token.SUB:
		return a - b, nil
	case token.MUL:
		return a * b, nil
	case token.QUO:
		return a / b, nil
	case token.GTR:
		return truth[a > b], nil
	case token.LSS:
		return truth[a < b], nil
	}
	return 0, fmt.Errorf("%s is not known", op)
}
