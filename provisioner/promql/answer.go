package promql

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Answer is what the server says to an expression at a moment, as JSON: for those
// who read it as another program does.
func (c *Client) Answer(ctx context.Context, expression string, at time.Time) ([]byte, error) {
	return c.post(ctx, "query", expression, url.Values{"time": {stamp(at)}})
}

// AnswerOver is what it says at each moment from one to another.
func (c *Client) AnswerOver(ctx context.Context, expression string, from, to time.Time, step time.Duration) ([]byte, error) {
	return c.post(ctx, "query_range", expression, url.Values{
		"start": {stamp(from)}, "end": {stamp(to)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
}

func (c *Client) post(ctx context.Context, endpoint, expression string, values url.Values) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	values.Set("query", expression)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/api/v1/"+endpoint, strings.NewReader(values.Encode()))
	if err != nil {
		return nil, fmt.Errorf("prometheus: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, &UnreachableError{Host: c.host, Err: cause(err)}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, &UnreachableError{Host: c.host, Err: err}
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("prometheus: %s: %s: %.300s", expression, response.Status, answer)
	}
	return answer, nil
}

// stamp is a moment to the millisecond, which is what the server keeps.
func stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }
