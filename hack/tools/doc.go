// Package tools pins every program the project's tasks need, in a module of its own, so that a linter's dependencies never
// mix with the product's. hack/scripts/tool.sh builds one on first use into a cache outside the tree:
//
//	hack/scripts/tool.sh golangci-lint      prints the path of the built program
//	hack/scripts/tool.sh --dir a b          builds a and b, prints the directory they are in
//	hack/scripts/tool.sh --all              builds all of them
//
// To raise a version: go get -C hack/tools -tool PATH@VERSION.
package tools
