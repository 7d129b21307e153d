package rest

import (
	_ "embed"
	"net/http"

	"github.com/swaggest/swgui/v5emb"
)

//go:embed openapi.json
var openAPI []byte

func (s *Server) openAPI(x *exchange, _ *http.Request) error {
	x.writeRaw(http.StatusOK, typeJSON, openAPI)
	return nil
}

// docsPage is Swagger UI with all its assets from this binary.
func docsPage() http.Handler { return v5emb.New("ICAT API", "/openapi.json", "/docs/") }

func redirectToDocs(x *exchange, r *http.Request) error {
	http.Redirect(x, r, "/docs/", http.StatusMovedPermanently)
	return nil
}
