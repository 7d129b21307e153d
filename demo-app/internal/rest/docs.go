package rest

import (
	_ "embed"
	"html/template"
	"net/http"

	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"
)

// openAPI is what package document makes; go test -update writes it.
//
//go:embed openapi.json
var openAPI []byte

func (s *Server) openAPI(x *exchange, _ *http.Request) error {
	x.writeRaw(http.StatusOK, typeJSON, openAPI)
	return nil
}

// docsHead makes room for JSON in parameters, and fits the page to a phone.
const docsHead template.HTML = `<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
.swagger-ui .parameters-col_description input[type=text] { width: 100%; max-width: 640px }
@media (max-width: 640px) { .swagger-ui .response-col_links { display: none } }
</style>`

// docsPage is Swagger UI with all its assets from this binary.
func docsPage() http.Handler {
	return v5emb.NewHandlerWithConfig(swgui.Config{Title: "ICAT API", SwaggerJSON: "/openapi.json", BasePath: "/docs/", AppendHead: docsHead})
}

func redirectToDocs(x *exchange, r *http.Request) error {
	http.Redirect(x, r, "/docs/", http.StatusMovedPermanently)
	return nil
}
