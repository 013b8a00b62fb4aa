package archtest

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// MaxLines is the size a file may have; generated ones are not counted.
const MaxLines = 600

// emptyNames are package names that say nothing about what is inside.
var emptyNames = []string{
	"util", "utils", "common", "commons", "helper", "helpers", "misc", "shared", "base", "lib", "stuff", "pkg",
}

// CheckForm returns what in these packages goes against the form, one line each.
func CheckForm(pkgs []Package) []string {
	var wrong []string
	for _, p := range pkgs {
		if slices.Contains(emptyNames, p.Name) || slices.Contains(emptyNames, path.Base(p.ImportPath)) {
			wrong = append(wrong, fmt.Sprintf("%s: a package named after nothing; name it after what it does", p.ImportPath))
		}
		if len(p.GoFiles) > 0 && p.Doc == "" {
			wrong = append(wrong, fmt.Sprintf("%s: no package comment", p.ImportPath))
		}
	}
	return wrong
}

// CheckSizes returns the hand-written Go files of a tree that are longer than MaxLines.
func CheckSizes(tree fs.FS) ([]string, error) {
	var wrong []string
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (strings.HasPrefix(base, ".") || base == "bin" || base == "dist" || base == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		content, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		if n := bytes.Count(content, []byte("\n")); n > MaxLines && !generated(content) {
			wrong = append(wrong, fmt.Sprintf("%s: %d lines, %d are allowed; split it by what its parts do", name, n, MaxLines))
		}
		return nil
	})
	return wrong, err
}

// generated knows a generated file by the line that the Go toolchain defines for it.
func generated(content []byte) bool {
	for line := range bytes.Lines(content) {
		line = bytes.TrimSpace(line)
		if bytes.HasPrefix(line, []byte("package ")) {
			return false
		}
		if bytes.HasPrefix(line, []byte("// Code generated ")) && bytes.HasSuffix(line, []byte(" DO NOT EDIT.")) {
			return true
		}
	}
	return false
}
