// Package api is the node's HTTP API as Go types and as an Echo server
// interface, both generated from ../openapi.yaml. Change the specification and
// run `go generate`, never the generated file.
//
// The types serve both sides: package httpapi answers with them, package client
// reads them.
package api

//go:generate bash -c "${DOLLAR}(../../../hack/scripts/tool.sh oapi-codegen) --config=oapi-codegen.yaml ../openapi.yaml"
