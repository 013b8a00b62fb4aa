// Package image makes a container image from static binaries, without Docker: what "FROM scratch" with a few COPY lines makes.
//
// The file is a docker-archive (what "docker save" writes and "docker load", "ctr images import" and "kind load image-archive"
// read): one layer, one configuration, one manifest. It is a function of its inputs alone: no time, no user, no order of a map
// gets in, so the same binaries always give the same image id.
package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"time"
)

// File is one file of the image.
type File struct {
	Source string // on this machine
	Target string // absolute, in the image
	Mode   int64
}

// Spec is what an image is made of.
type Spec struct {
	Tag        string // name:version
	User       string // uid:gid; empty is root
	Entrypoint []string
	Cmd        []string
	Env        []string // NAME=value
	Labels     map[string]string
	WorkDir    string
	Files      []File
	Base       bool // with /etc/passwd, /etc/group, /tmp and this machine's CA certificates
}

// Made is what was made.
type Made struct {
	ID         string // "sha256:…", of the configuration
	Size       int64  // of the layer, bytes
	Compressed int64  // of the layer under gzip, bytes: what a registry would hold and a node would fetch
}

// epoch is the time of everything in an image.
var epoch = time.Unix(0, 0).UTC()

// ErrNotStatic says that a binary would not start in an image without libraries.
var ErrNotStatic = errors.New("is linked dynamically and cannot run in an image without libraries: build it with CGO_ENABLED=0")

// Write makes the image and writes it to file.
func Write(file string, s Spec) (Made, error) {
	if s.Tag == "" || len(s.Files) == 0 {
		return Made{}, errors.New("an image needs a tag and at least one file")
	}
	arch, err := architecture(s.Files)
	if err != nil {
		return Made{}, err
	}
	layer, made, err := writeLayer(s)
	if layer != nil {
		defer os.Remove(layer.Name())
		defer layer.Close()
	}
	if err != nil {
		return made, err
	}
	diffID := made.ID
	config, err := json.Marshal(configuration(s, arch, diffID))
	if err != nil {
		return made, fmt.Errorf("encode the image's configuration: %w", err)
	}
	made.ID = digest(config)
	layerName, configName := diffID[len("sha256:"):]+".tar", made.ID[len("sha256:"):]+".json"
	manifest, err := json.Marshal([]map[string]any{{"Config": configName, "RepoTags": []string{s.Tag}, "Layers": []string{layerName}}})
	if err != nil {
		return made, fmt.Errorf("encode the image's manifest: %w", err)
	}
	out, err := os.Create(file + ".partial")
	if err != nil {
		return made, fmt.Errorf("create the image file: %w", err)
	}
	defer os.Remove(file + ".partial")
	w := tar.NewWriter(out)
	err = errors.Join(
		add(w, configName, 0o644, int64(len(config)), bytes.NewReader(config)),
		add(w, layerName, 0o644, made.Size, layer),
		add(w, "manifest.json", 0o644, int64(len(manifest)), bytes.NewReader(manifest)),
		w.Close(),
		out.Close(),
	)
	if err != nil {
		return made, fmt.Errorf("write the image file: %w", err)
	}
	if err := os.Rename(file+".partial", file); err != nil {
		return made, fmt.Errorf("finish the image file: %w", err)
	}
	return made, nil
}

// writeLayer writes the layer to a temporary file, rewound, and returns its digest as the ID of Made.
func writeLayer(s Spec) (*os.File, Made, error) {
	var made Made
	file, err := os.CreateTemp("", "layer-*.tar")
	if err != nil {
		return nil, made, fmt.Errorf("create a file for the layer: %w", err)
	}
	hash, compressed := sha256.New(), &counter{}
	size := &counter{}
	zip := gzip.NewWriter(compressed)
	w := tar.NewWriter(io.MultiWriter(file, hash, zip, size))
	entries, err := entries(s)
	if err != nil {
		return file, made, err
	}
	for _, e := range entries {
		if err := e.write(w); err != nil {
			return file, made, fmt.Errorf("write %s into the layer: %w", e.name, err)
		}
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		return file, made, fmt.Errorf("finish the layer: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return file, made, fmt.Errorf("rewind the layer: %w", err)
	}
	return file, Made{ID: "sha256:" + hex.EncodeToString(hash.Sum(nil)), Size: size.n, Compressed: compressed.n}, nil
}

func configuration(s Spec, arch, diffID string) any {
	return map[string]any{
		"created":      epoch.Format(time.RFC3339),
		"architecture": arch,
		"os":           "linux",
		"config": map[string]any{
			"User":       s.User,
			"Entrypoint": s.Entrypoint,
			"Cmd":        s.Cmd,
			"Env":        append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, s.Env...),
			"Labels":     s.Labels,
			"WorkingDir": s.WorkDir,
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{diffID}},
		"history": []map[string]string{{"created": epoch.Format(time.RFC3339), "created_by": "localkube build-image"}},
	}
}

// architecture is that of the image's executables, which must be static and of one architecture.
func architecture(files []File) (string, error) {
	arch := ""
	for _, f := range files {
		if f.Mode&0o111 == 0 {
			continue
		}
		binary, err := elf.Open(f.Source)
		var notELF *elf.FormatError
		if errors.As(err, &notELF) {
			continue // a script brings its own worries
		}
		if err != nil {
			return "", fmt.Errorf("read binary %s: %w", f.Source, err)
		}
		machine := binary.Machine
		for _, p := range binary.Progs {
			if p.Type == elf.PT_INTERP {
				err = ErrNotStatic
			}
		}
		binary.Close()
		if err != nil {
			return "", fmt.Errorf("%s %w", f.Source, err)
		}
		name, ok := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[machine]
		if !ok {
			return "", fmt.Errorf("%s is for %s, for which no image can be made", f.Source, machine)
		}
		if arch != "" && arch != name {
			return "", fmt.Errorf("%s is for %s and the binaries before it for %s", path.Base(f.Source), name, arch)
		}
		arch = name
	}
	if arch == "" {
		return "", errors.New("none of the files is an executable, so the image would have no architecture")
	}
	return arch, nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// counter counts what is written to it.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) { c.n += int64(len(p)); return len(p), nil }
