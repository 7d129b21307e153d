package rest

import (
	_ "embed"
	"net/http"

	"github.com/swaggest/swgui/v5/static"
	"github.com/vearutop/statigz"

	"plumbline/demo-app/icat"
)

// openAPI is what package document makes; go test -update writes it.
//
//go:embed openapi.json
var openAPI []byte

// docs is the page that shows it. It is ours and not swgui's, whose templates
// would have the linker keep every method of the program: docs/decisions/size.md.
//
//go:embed docs.html
var docs []byte

func (s *Server) openAPI(x *exchange, _ *http.Request) error {
	x.writeRaw(http.StatusOK, typeJSON, openAPI)
	return nil
}

// docsPage answers /docs/ and, below it, what the page loads: Swagger UI, which
// swgui brings into the binary.
func docsPage() handler {
	assets := http.StripPrefix("/docs", statigz.FileServer(static.FS, func(s *statigz.Server) {
		s.OnNotFound = func(w http.ResponseWriter, r *http.Request) {
			w.(*exchange).fail(r.Context(), icat.Errorf(icat.NoSuchRoute, "nothing is here; the documentation is at /docs/"))
		}
	}))
	return func(x *exchange, r *http.Request) error {
		if r.URL.Path == "/docs/" {
			x.writeRaw(http.StatusOK, "text/html; charset=utf-8", docs)
			return nil
		}
		assets.ServeHTTP(x, r)
		return nil
	}
}

func redirectToDocs(x *exchange, r *http.Request) error {
	http.Redirect(x, r, "/docs/", http.StatusMovedPermanently)
	return nil
}
