// Mutants plants bugs and asks the tests to find them.
//
// A safety test that has never failed proves little. So there is a table of bugs that an expert would fear (a quorum of exactly
// two thirds, a lock forgotten in a restart, a signature given before it is on disk), each of which is an edit of one
// place in one file. For every mutant this program compiles the edited file in the place of the real one (go test -overlay: neither the
// tree nor any shipped binary ever holds the bug), runs the tests that ought to notice, and reports the first that failed:
//
//	go run ./hack/mutants                      all of them; exit code 1 if one survives
//	go run ./hack/mutants -run lock -v         those whose id matches, with the output of the test that noticed
//	go run ./hack/mutants -area 'round skip'   those of one area
//	go run ./hack/mutants -list                what is planted, without planting it
//	go run ./hack/mutants -json                results as JSON
//	go run ./hack/mutants -table               write docs/mutants.md from the results as well
//
// A kill means something only if the tests pass without the bug: each package is run once unmutated before it may judge.
// An edit that does not compile, or whose old text is not in the file exactly once, is an error of the table and no kill. A
// run that takes too long is a kill only for a mutant that is expected to hang.
//
// # Adding one
//
// Add a [Mutant] to the table of its area (planted_*.go), then run it with -table. If it survives, the suite has a hole: add a test
// that names the rule, in the package the rule belongs to, and run again. The test that killed a mutant the last time, as docs/mutants.md
// has it, is tried first, so that a full run takes minutes; when it passes, all tests of the packages are run.
package main
