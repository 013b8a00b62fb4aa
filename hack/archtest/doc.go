// Package archtest holds the shape of the code: which package may import which, what the pure packages may not do, and how
// big and how named things may be. It is a test and nothing else; the product never imports it.
//
// The arrows. [Table] names every package of the module and what it may import of the module. A package that is not in the
// table fails the test, so that a new one is a decision and not an accident. Only what is compiled into a program counts;
// a test may import what it needs.
//
// The pure packages. What decides about blocks and about pods must give the same answer on every machine, at any time, and
// must be drivable by a simulator. Their direct imports are held to an allow-list; goroutines, channels, select, ranging
// over a map and (in the chain's arithmetic) floating point are found in the type-checked syntax. A map range whose order
// cannot decide anything may say so, with the reason, on the line above it:
//
//	//arch:orderless every entry is added to one sum
//
// The form. A file has at most 600 lines, a package has a doc comment, and none is named after nothing (util, common).
//
// Each check has a test that shows it failing on a small wrong tree.
package archtest
