package fault

import (
	"encoding/json"
	"errors"
	"time"
)

// Duration is a time.Duration that JSON carries as text, such as "1m30s".
type Duration time.Duration

// MarshalJSON writes the duration as text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads text that time.ParseDuration does.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil {
		return errors.New(`a duration is text such as "1m30s"`)
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return errors.New(`a duration is text such as "1m30s"`)
	}
	*d = Duration(v)
	return nil
}
