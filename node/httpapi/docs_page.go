package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5emb"
)

// docsPage serves the interactive documentation and what it loads. What is not there gets the API's error like any path.
func docsPage() echo.HandlerFunc {
	page := v5emb.New("posnet node API", BasePath+"/openapi.json", BasePath+"/docs/")
	return func(c echo.Context) error {
		w := &unlessMissing{ResponseWriter: c.Response()}
		page.ServeHTTP(w, c.Request())
		if w.missing {
			return echo.ErrNotFound
		}
		return nil
	}
}

// unlessMissing keeps back an answer that says there is nothing.
type unlessMissing struct {
	http.ResponseWriter
	missing bool
}

// WriteHeader implements [http.ResponseWriter].
func (w *unlessMissing) WriteHeader(code int) {
	if w.missing = code == http.StatusNotFound; !w.missing {
		w.ResponseWriter.WriteHeader(code)
	}
}

// Write implements [http.ResponseWriter].
func (w *unlessMissing) Write(b []byte) (int, error) {
	if w.missing {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}
