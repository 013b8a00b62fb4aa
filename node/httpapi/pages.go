package httpapi

import (
	_ "embed"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
	"sigs.k8s.io/yaml"
)

//go:embed openapi.yaml
var specYAML []byte

// Spec is the API's specification in YAML, as it is in the source.
func Spec() []byte { return append([]byte(nil), specYAML...) }

// addPages adds what is not generated: the documents, and the list of routes
// that [Server.gate] knows.
func (s *Server) addPages() error {
	doc, err := yaml.YAMLToJSON(specYAML)
	if err != nil {
		return fmt.Errorf("read openapi.yaml: %w", err)
	}
	s.spec = doc
	docs := docsPage()
	s.echo.GET(BasePath+"/docs", docs)
	s.echo.GET(BasePath+"/docs/*", docs)
	s.echo.GET("/", func(c echo.Context) error { return c.Redirect(http.StatusFound, BasePath+"/docs/") })
	s.routes = map[route]struct{}{}
	for _, r := range s.echo.Routes() {
		s.routes[route{r.Method, r.Path}] = struct{}{}
	}
	return nil
}

// GetOpenAPI serves the specification in JSON.
func (s *Server) GetOpenAPI(c echo.Context) error {
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, s.spec)
}
