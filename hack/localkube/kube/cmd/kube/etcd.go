package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

// runEtcd is etcd's own main: the same flags, the same environment.
func runEtcd() { etcdmain.Main(os.Args) }
