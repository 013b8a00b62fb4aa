package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// document is the table of all mutants for people, relative to the root of the module.
const document = "docs/mutants.md"

const preamble = `# Planted bugs

Each row is a bug that was planted in the code and must be found by the tests, and the test that finds it. ` + "`make mutants`" + ` plants all of them
again, one after the other, and fails when one survives; ` + "`go run ./hack/mutants -run ID -v`" + ` shows one. The bugs are edits in ` + "`hack/mutants`" + `,
compiled with ` + "`go test -overlay`" + `: they are never in the tree or in a program that is shipped.

<!-- written by go run ./hack/mutants -table; do not edit -->

| area | mutant | what is planted | found by |
|---|---|---|---|
`

// describe writes the document. A mutant that was not run keeps the killer it is known by.
func describe(root string, results []Result, known map[string]killer) error {
	by := map[string]killer{}
	for _, r := range results {
		if r.Outcome == killed {
			by[r.ID] = killer{r.Package, r.Test}
		} else {
			by[r.ID] = killer{}
		}
	}
	var b bytes.Buffer
	b.WriteString(preamble)
	for _, m := range table {
		k, ran := by[m.ID]
		if !ran {
			k = known[m.ID]
		}
		found := "nothing"
		if !ran {
			found = "not run yet"
		}
		switch {
		case k.test != "":
			found = fmt.Sprintf("`%s` `%s`", k.pkg, k.test)
		case k.pkg != "":
			found = fmt.Sprintf("`%s`%s", k.pkg, unended)
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", m.Area, m.ID, cell(m.Bug), cell(found))
	}
	return os.WriteFile(filepath.Join(root, document), b.Bytes(), 0o644)
}

// unended is what the document says of a mutant whose tests noticed it without one of them failing.
const unended = ": its tests do not end, or not well"

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// killers reads from the document who noticed each mutant. Without a document nobody is known.
func killers(root string) (map[string]killer, error) {
	text, err := os.ReadFile(filepath.Join(root, document))
	if os.IsNotExist(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	known := map[string]killer{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.ReplaceAll(strings.TrimSpace(line), `\|`, "\x00"), "|")
		if len(cells) != 6 {
			continue
		}
		id := strings.Trim(cells[2], " `")
		words := strings.Split(strings.ReplaceAll(strings.TrimSpace(cells[4]), "\x00", "|"), "`")
		switch {
		case len(words) == 5 && words[3] != "": // "", package, " ", test, ""
			known[id] = killer{words[1], words[3]}
		case len(words) == 3 && strings.HasSuffix(words[2], unended): // "", package, text
			known[id] = killer{pkg: words[1]}
		}
	}
	return known, nil
}

// line tells one result as the hunt goes on.
func line(w io.Writer, n, of int, r *Result) {
	what := r.Outcome
	switch {
	case r.Outcome == killed && r.Test == "":
		what = "killed by " + r.Package + " (it does not end, or not well)"
	case r.Outcome == killed:
		what = "killed by " + r.Package + " " + r.Test
	case r.Outcome == survived:
		what = "SURVIVED: " + r.Bug
	case r.Outcome == broken:
		what = "ERROR: " + r.Detail
	}
	fmt.Fprintf(w, "%*d of %d  %-44s %5.1f s  %s\n", len(fmt.Sprint(of)), n, of, r.ID, r.Seconds, what)
}

// summary is the last line.
func summary(results []Result, seconds float64) (text string, ok bool) {
	n := map[string]int{}
	for _, r := range results {
		n[r.Outcome]++
	}
	text = fmt.Sprintf("killed %d of %d", n[killed], len(results))
	if n[survived] > 0 {
		text += fmt.Sprintf(", %d survived", n[survived])
	}
	if n[broken] > 0 {
		text += fmt.Sprintf(", %d errors", n[broken])
	}
	return fmt.Sprintf("%s in %.0f s", text, seconds), n[killed] == len(results)
}

// writeJSON writes all results as one document.
func writeJSON(w io.Writer, results []Result, seconds float64) error {
	text, ok := summary(results, seconds)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		OK      bool     `json:"ok"`
		Summary string   `json:"summary"`
		Seconds float64  `json:"seconds"`
		Mutants []Result `json:"mutants"`
	}{ok, text, seconds, results})
}
