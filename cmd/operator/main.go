// Command posnet-operator makes running proof-of-stake networks of PoSNetwork objects.
//
// It takes flags, each also as an environment variable POSNET_OPERATOR_<UPPER_SNAKE>; a flag wins. It runs until SIGTERM
// or SIGINT, finishes the passes it is in, gives its lease back, and exits 0.
//
// The same program has a second use, `posnet-operator pick-keys`: the init container that gives a validator its own keys
// out of a Secret with the keys of all.
package main

import (
	"fmt"
	"os"

	"sigs.k8s.io/controller-runtime/pkg/manager/signals"
)

func main() {
	command := newCommand()
	if err := command.ExecuteContext(signals.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "posnet-operator: "+err.Error())
		os.Exit(1)
	}
}
