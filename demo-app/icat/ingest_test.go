package icat

import (
	"strings"
	"testing"
)

func entity(t testing.TB, name string) *Entity {
	t.Helper()
	e, ok := Lookup(name)
	if !ok {
		t.Fatalf("no entity %s", name)
	}
	return e
}

func TestParseObjectsRefuses(t *testing.T) {
	const secret = "s3cr3t"
	for _, row := range []struct {
		proves, body string
		code         Code
		want         string
	}{
		{"no JSON", secret, BadParameter, "not JSON"},
		{"JSON with text after it", `[] ` + secret, BadParameter, "not JSON"},
		{"invalid UTF-8", "[{\"name\":\"\xff\"}]", BadParameter, "not JSON"},
		{"an empty array", `[]`, BadParameter, "want 1 to 1000"},
		{"too many", "[" + strings.Repeat("1,", maxIngest) + "1]", BadParameter, "want 1 to 1000"},
		{"a number for an object", `[1]`, BadParameter, "Dataset is not an object"},
		{"an unknown member", `{"` + secret + `":1}`, BadParameter, "known: complete"},
		{"a field that the catalogue fills", `{"createId":"root"}`, BadParameter, "no field that can be set"},
		{"an id", `{"id":1}`, BadParameter, "no field that can be set"},
		{"a to-many relation", `{"datafiles":[]}`, BadParameter, "no field that can be set"},
		{"a relation by name", `{"investigation":"` + secret + `"}`, BadParameter, `investigation is not of the form {"id":1}`},
		{"a relation with more than an id", `{"investigation":{"id":1,"name":"x"}}`, BadParameter, `not of the form`},
		{"a relation to id 0", `{"investigation":{"id":0}}`, BadParameter, `not of the form`},
		{"text for a boolean", `{"complete":"` + secret + `"}`, BadParameter, "complete takes true or false"},
		{"a date that is none", `{"startDate":"` + secret + `"}`, BadParameter, "startDate takes an RFC 3339 date"},
		{"a number beyond 64 bits", `{"fileSize":1e30}`, BadParameter, "fileSize takes a whole number"},
		{"a negative size", `{"fileSize":-1}`, Validation, "cannot be negative"},
		{"a text that is too long", `{"name":"` + strings.Repeat("ü", 256) + `"}`, Validation, "name cannot have length > 255"},
		{"no name", `{"investigation":{"id":1},"type":{"id":1}}`, Validation, "name cannot be null"},
		{"a null name", `{"name":null,"investigation":{"id":1},"type":{"id":1}}`, Validation, "name cannot be null"},
		{"no parent", `{"name":"ds"}`, Validation, "investigation cannot be null"},
	} {
		_, err := ParseObjects(entity(t, "Dataset"), []byte(row.body))
		if err == nil || AsError(err).Code != row.code || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %s with %q", row.proves, err, row.code, row.want)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the message repeats what was sent: %v", row.proves, err)
		}
	}
}

func TestParseObjectsAccepts(t *testing.T) {
	body := `[{"name":"ds1","investigation":{"id":3},"type":{"id":1},"startDate":"2024-01-02T03:04:05Z","fileSize":12},` +
		`{"name":"` + strings.Repeat("ü", 255) + `","complete":true,"description":null,"investigation":{"id":3},"type":{"id":1}}]`
	objects, err := ParseObjects(entity(t, "Dataset"), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) != 2 || objects[0].Value("complete") != false || objects[1].Value("complete") != true ||
		objects[0].Value("fileSize") != int64(12) || objects[0].To("investigation")[0].ID() != 3 {
		t.Errorf("objects are %+v", objects)
	}
}

func TestParseChange(t *testing.T) {
	e := entity(t, "Dataset")
	o, err := ParseChange(e, []byte(`{"complete":true}`))
	if err != nil || o.Value("complete") != true || o.Value("name") != nil {
		t.Errorf("change is %+v, %v", o, err)
	}
	for proves, body := range map[string]string{
		"nothing to change": `{}`, "only a null": `{"name":null}`, "an array": `[{"complete":true}]`, "an id": `{"id":1,"complete":true}`,
	} {
		if _, err := ParseChange(e, []byte(body)); err == nil || AsError(err).Code != BadParameter {
			t.Errorf("%s: %v, want BAD_PARAMETER", proves, err)
		}
	}
}

// Whatever a client sends is refused with a 4xx, or made of the schema only.
func FuzzParseObjects(f *testing.F) {
	f.Add([]byte(`[{"name":"ds1","investigation":{"id":3},"type":{"id":1},"startDate":"2024-01-02T03:04:05Z","fileSize":12}]`))
	f.Add([]byte(`{"complete":"yes"}`))
	f.Add([]byte(`[[[[`))
	e := entity(f, "Dataset")
	f.Fuzz(func(t *testing.T, body []byte) {
		objects, err := ParseObjects(e, body)
		if err != nil {
			if status := AsError(err).Code.Status(); status < 400 || status > 499 {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		for _, o := range objects {
			if _, err := DecodeObject(e, o.AppendJSON(nil)); err != nil {
				t.Fatalf("%s does not read back: %v", o.AppendJSON(nil), err)
			}
		}
	})
}
