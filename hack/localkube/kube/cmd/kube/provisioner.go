package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/posnet/posnet/hack/localkube/kube/internal/provisioner"
)

// runProvisioner serves the cluster's storage class.
func runProvisioner() {
	if err := provision(); err != nil {
		fmt.Fprintln(os.Stderr, "provisioner:", err)
		os.Exit(1)
	}
}

func provision() error {
	// A set of its own: the other components linked here define flags of the same names in the global one.
	flags := flag.NewFlagSet("provisioner", flag.ExitOnError)
	var config provisioner.Config
	kubeconfig := flags.String("kubeconfig", "", "how to reach the API server")
	flags.StringVar(&config.Name, "name", "", "provisioner of the storage classes to serve")
	flags.StringVar(&config.Node, "node", "", "the node this runs on")
	flags.StringVar(&config.Directory, "directory", "", "where volumes are made; absolute")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	rest, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return fmt.Errorf("read the kubeconfig: %w", err)
	}
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	p, err := provisioner.New(client, config)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return p.Run(ctx)
}
