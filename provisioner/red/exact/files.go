package exact

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// maxLine is the longest line that is read; a longer one is no access line.
const maxLine = 1 << 20

// Files reads the lines from the application's own log files. A line that is
// still being written is none yet.
func Files(paths []string) Lines {
	return func(ctx context.Context, run string, yield func(Line)) error {
		for _, path := range paths {
			if err := readFile(ctx, path, run, yield); err != nil {
				return fmt.Errorf("read the application's log: %w", err)
			}
		}
		return nil
	}
}

func readFile(ctx context.Context, path, run string, yield func(Line)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	marked, err := json.Marshal(run)
	if err != nil {
		return err
	}
	for r := bufio.NewReaderSize(file, maxLine); ; {
		text, err := r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue // the rest of it is no JSON by itself
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if !bytes.Contains(text, marked) { // most lines of a long log are of other runs
			continue
		}
		if line, ok := parse(text, run); ok {
			yield(line)
		}
	}
}

// parse reads an access line of a run.
func parse(text []byte, run string) (Line, bool) {
	var access struct {
		Timestamp time.Time `json:"@timestamp"`
		Event     struct{ Duration *int64 }
		HTTP      struct {
			Request  struct{ Method string }
			Response struct {
				Status int `json:"status_code"`
			}
			Route string
		}
		Run struct {
			ID  string
			Seq uint64
		}
	}
	if json.Unmarshal(text, &access) != nil || access.Run.ID != run || access.Event.Duration == nil {
		return Line{}, false
	}
	return Line{
		Seq: access.Run.Seq, Method: access.HTTP.Request.Method, Route: access.HTTP.Route, Status: access.HTTP.Response.Status,
		Took: time.Duration(*access.Event.Duration), Ended: access.Timestamp,
	}, true
}
