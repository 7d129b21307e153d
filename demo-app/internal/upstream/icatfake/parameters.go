package icatfake

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"plumbline/demo-app/icat"
)

// maxForm bounds the body of a POST, in bytes.
const maxForm = 64 << 20

// parameters reads a request's parameters and refuses what is not known, or
// comes twice, or in the wrong place. A real icat.server would pass it over.
func parameters(w http.ResponseWriter, r *http.Request, known []string) (map[string]string, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse("query string is malformed")
	}
	if r.Method == http.MethodPost {
		if len(values) > 0 {
			return nil, refuse("a POST has its parameters in the form, not in the address")
		}
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || media != "application/x-www-form-urlencoded" { // icat.server's container words it so
			return nil, icat.Errorf(icat.Internal, "class jakarta.ws.rs.NotSupportedException HTTP 415 Unsupported Media Type")
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			return nil, refuse("form cannot be read")
		}
		values = r.PostForm
	}
	one := make(map[string]string, len(values))
	for name, v := range values {
		if !slices.Contains(known, name) {
			return nil, refuse("unknown parameter %q; known: %s", name, strings.Join(known, ", "))
		}
		if len(v) != 1 {
			return nil, refuse("parameter %q comes %d times", name, len(v))
		}
		one[name] = v[0]
	}
	return one, nil
}

// refuse is the answer to what the fake does not know, whether or not a real
// icat.server does.
func refuse(format string, args ...any) error {
	return icat.Errorf(icat.BadParameter, "fake icat.server: "+format, args...)
}
