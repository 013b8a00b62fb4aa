package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/hack/localkube/internal/image"
)

func buildImage() *cobra.Command {
	var (
		spec            image.Spec
		binaries, files []string
		output          string
	)
	cmd := &cobra.Command{
		Use:   "build-image",
		Short: "Make an image from static binaries, without Docker",
		Long: `build-image makes the image that a Dockerfile of FROM scratch and COPY lines would: the binaries, /etc/passwd, /etc/group,
/tmp, and the certificates of public authorities if this machine has them. The same inputs give the same image.`,
		Example: `  localkube build-image --tag posnet:dev --binary bin/posnet=/usr/local/bin/posnet --entrypoint /usr/local/bin/posnet \
    --output posnet.tar
  localkube load-image posnet.tar`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for mode, pairs := range map[int64][]string{0o755: binaries, 0o644: files} {
				for _, pair := range pairs {
					source, target, ok := strings.Cut(pair, "=")
					if !ok {
						return fmt.Errorf("%q is not of the form SOURCE=/TARGET", pair)
					}
					spec.Files = append(spec.Files, image.File{Source: source, Target: target, Mode: mode})
				}
			}
			spec.Base = true
			made, err := image.Write(output, spec)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s  %s  %s  %.1f MB, compressed %.1f MB\n", output, spec.Tag, made.ID[:19], float64(made.Size)/1e6, float64(made.Compressed)/1e6)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&spec.Tag, "tag", "", "name and version of the image")
	flags.StringVar(&spec.User, "user", "65532:65532", "user and group the image runs as, as numbers")
	flags.StringArrayVar(&binaries, "binary", nil, "a static executable as SOURCE=/TARGET (repeatable)")
	flags.StringArrayVar(&files, "file", nil, "another file as SOURCE=/TARGET (repeatable)")
	flags.StringArrayVar(&spec.Entrypoint, "entrypoint", nil, "the program that is run, and leading arguments (repeatable)")
	flags.StringArrayVar(&spec.Cmd, "cmd", nil, "default arguments (repeatable)")
	flags.StringArrayVar(&spec.Env, "env", nil, "NAME=value (repeatable)")
	flags.StringToStringVar(&spec.Labels, "label", nil, "name=value (repeatable)")
	flags.StringVar(&spec.WorkDir, "workdir", "/", "directory the program starts in")
	flags.StringVar(&output, "output", "", "the file to write")
	for _, name := range []string{"tag", "binary", "output"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that is not defined above
		}
	}
	return cmd
}
