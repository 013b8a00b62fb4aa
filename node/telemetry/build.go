package telemetry

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// Version and Revision say what this binary is. The build sets them with
// -ldflags "-X github.com/posnet/posnet/node/telemetry.Version=v1.2.3 -X …Revision=<commit>".
// A binary built without them says "dev" and the revision the Go toolchain recorded, if any.
var (
	Version  = "dev"
	Revision = ""
)

// BuildInfo identifies a binary.
type BuildInfo struct {
	Version   string `json:"version"`   // a release tag, or "dev"
	Revision  string `json:"revision"`  // the commit, or "unknown"
	GoVersion string `json:"goVersion"` // the toolchain, such as "go1.26.8"
}

// Build tells what this binary is.
func Build() BuildInfo {
	b := BuildInfo{Version: Version, Revision: Revision, GoVersion: runtime.Version()}
	if b.Revision == "" {
		b.Revision = recordedRevision()
	}
	return b
}

// recordedRevision is asked with each request.
var recordedRevision = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && s.Value != "" {
			return s.Value
		}
	}
	return "unknown"
})
