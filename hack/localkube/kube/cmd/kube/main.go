// Command kube is every server of the embedded Kubernetes, and kubectl, in one binary.
//
// Which one it is follows from the name it is started by, as in busybox: a symlink "kubelet -> kube" is the kubelet. Linked
// one by one these programs would be seven times 60 to 130 MB and would each be linked anew after every change; together they
// share client-go, the API types and the serializers, and the build is one link.
//
// Started by its own name it takes the component as its first argument: "kube kubelet --version".
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// components maps the name a program is started by to its main function, which returns only to end the process well.
var components = map[string]func(){
	"etcd":                    runEtcd,
	"kube-apiserver":          runAPIServer,
	"kube-controller-manager": runControllerManager,
	"kube-scheduler":          runScheduler,
	"kube-proxy":              runProxy,
	"kubelet":                 runKubelet,
	"kubectl":                 runKubectl,
	"provisioner":             runProvisioner,
}

func main() {
	name := filepath.Base(os.Args[0])
	run, ok := components[name]
	if !ok && len(os.Args) > 1 {
		// The components read os.Args themselves, so the name they were asked by must be their own.
		name = os.Args[1]
		os.Args = os.Args[1:]
		run, ok = components[name]
	}
	if !ok {
		names := make([]string, 0, len(components))
		for n := range components {
			names = append(names, n)
		}
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "kube: started as %q, which names no component: start it through a symlink named, or with the first argument, one of %s\n",
			name, strings.Join(names, ", "))
		os.Exit(2)
	}
	run()
}
