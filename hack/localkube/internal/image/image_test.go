package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// binary compiles a smallest static program.
func binary(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "program")
	cmd := exec.Command("go", "build", "-o", out, filepath.Join(dir, "main.go"))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

func untar(t *testing.T, data []byte) (map[string][]byte, []*tar.Header) {
	t.Helper()
	files := map[string][]byte{}
	var headers []*tar.Header
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, headers
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = content
		headers = append(headers, h)
	}
}

func TestTheImageIsWhole(t *testing.T) {
	t.Parallel()
	program, dir := binary(t), t.TempDir()
	file := filepath.Join(dir, "image.tar")
	made, err := Write(file, Spec{Tag: "example:dev", User: "65532:65532", Entrypoint: []string{"/usr/local/bin/program"}, Base: true,
		Files: []File{{Source: program, Target: "/usr/local/bin/program", Mode: 0o755}}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	archive, _ := untar(t, data)
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(archive["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest) != 1 || !slices.Equal(manifest[0].RepoTags, []string{"example:dev"}) || len(manifest[0].Layers) != 1 {
		t.Fatalf("manifest %+v", manifest)
	}
	var config struct {
		Architecture, OS string
		Config           struct {
			User       string
			Entrypoint []string
		}
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	if err := json.Unmarshal(archive[manifest[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	layer := archive[manifest[0].Layers[0]]
	sum := sha256.Sum256(layer)
	if want := "sha256:" + hex.EncodeToString(sum[:]); !slices.Equal(config.RootFS.DiffIDs, []string{want}) {
		t.Errorf("layer digest %q, want %s", config.RootFS.DiffIDs, want)
	}
	if config.OS != "linux" || config.Architecture == "" || config.Config.User != "65532:65532" || !slices.Equal(config.Config.Entrypoint, []string{"/usr/local/bin/program"}) {
		t.Errorf("configuration %+v", config)
	}
	if made.Size != int64(len(layer)) || made.Compressed <= 0 || made.Compressed >= made.Size {
		t.Errorf("sizes %+v of a layer of %d bytes", made, len(layer))
	}
	files, headers := untar(t, layer)
	if !strings.Contains(string(files["etc/passwd"]), "nonroot:x:65532:") || !strings.Contains(string(files["etc/group"]), "nonroot") {
		t.Error("the accounts of the base are missing")
	}
	seen := map[string]bool{}
	for _, h := range headers {
		parent := filepath.Dir(strings.TrimSuffix(h.Name, "/"))
		if parent != "." && !seen[parent+"/"] {
			t.Errorf("%s comes before its directory", h.Name)
		}
		seen[h.Name] = true
		if !h.ModTime.Equal(time.Unix(0, 0)) || h.Uid != 0 || h.Uname != "" {
			t.Errorf("%s carries a time or an owner of this machine: %+v", h.Name, h)
		}
		if h.Name == "tmp/" && h.Mode != 0o1777 {
			t.Errorf("/tmp has mode %o", h.Mode)
		}
	}
}

func TestTheSameInputsGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	program, dir := binary(t), t.TempDir()
	var images [2][]byte
	for i := range images {
		file := filepath.Join(dir, "image.tar")
		if _, err := Write(file, Spec{Tag: "a:b", Base: true, Labels: map[string]string{"x": "1", "y": "2", "z": "3"},
			Files: []File{{program, "/b/one", 0o755}, {program, "/a/two", 0o755}}}); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		images[i] = data
		later := time.Now().Add(time.Hour)
		if err := os.Chtimes(program, later, later); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(images[0], images[1]) {
		t.Fatal("two images of the same binaries differ")
	}
}

func TestWhatCannotRunIsRefused(t *testing.T) {
	t.Parallel()
	program, dir := binary(t), t.TempDir()
	for name, c := range map[string]struct {
		spec Spec
		want string
	}{
		"no tag":             {Spec{Files: []File{{program, "/p", 0o755}}}, "tag"},
		"no file":            {Spec{Tag: "a:b"}, "at least one file"},
		"a relative target":  {Spec{Tag: "a:b", Files: []File{{program, "p", 0o755}}}, "absolute"},
		"a missing source":   {Spec{Tag: "a:b", Files: []File{{filepath.Join(dir, "none"), "/p", 0o755}}}, "none"},
		"a dynamic binary":   {Spec{Tag: "a:b", Files: []File{{dynamic(t), "/p", 0o755}}}, "CGO_ENABLED=0"},
		"nothing executable": {Spec{Tag: "a:b", Files: []File{{program, "/p", 0o644}}}, "none of the files is an executable"},
	} {
		file := filepath.Join(dir, "image.tar")
		if _, err := Write(file, c.spec); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s: an image was written all the same", name)
		}
	}
}

// dynamic finds a dynamically linked program of this machine.
func dynamic(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("ls")
	if err != nil {
		t.Skip("no ls here")
	}
	return path
}
