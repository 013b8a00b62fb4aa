//go:build !race

package hostile

const measured = true
