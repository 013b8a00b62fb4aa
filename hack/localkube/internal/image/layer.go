package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// caBundles are where distributions keep the certificates of public authorities.
var caBundles = []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}

// The accounts of the base: enough that a program can ask who it is.
const (
	passwd = "root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
	group  = "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n"
)

// entry is one file or directory of the layer.
type entry struct {
	name   string // relative, without a leading slash
	dir    bool
	mode   int64
	text   []byte
	source string // a file on this machine, instead of text
}

// entries lists the layer's content, every directory before what is in it, in one order for one Spec.
func entries(s Spec) ([]entry, error) {
	files := map[string]entry{}
	if s.Base {
		files["etc/passwd"] = entry{mode: 0o644, text: []byte(passwd)}
		files["etc/group"] = entry{mode: 0o644, text: []byte(group)}
		files["tmp"] = entry{dir: true, mode: 0o1777}
		for _, bundle := range caBundles {
			if data, err := os.ReadFile(bundle); err == nil {
				files["etc/ssl/certs/ca-certificates.crt"] = entry{mode: 0o644, text: data}
				break
			}
		}
	}
	for _, f := range s.Files {
		name := strings.TrimPrefix(path.Clean(f.Target), "/")
		if !path.IsAbs(f.Target) || name == "" {
			return nil, fmt.Errorf("%q is not an absolute path of a file in the image", f.Target)
		}
		files[name] = entry{mode: f.Mode, source: f.Source}
	}
	for name := range files {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := files[dir]; !ok {
				files[dir] = entry{dir: true, mode: 0o755}
			}
		}
	}
	var list []entry
	for name, e := range files {
		e.name = name
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return list, nil
}

func (e entry) write(w *tar.Writer) error {
	if e.dir {
		return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: e.name + "/", Mode: e.mode, ModTime: epoch, Format: tar.FormatPAX})
	}
	if e.source == "" {
		return add(w, e.name, e.mode, int64(len(e.text)), bytes.NewReader(e.text))
	}
	file, err := os.Open(e.source)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return add(w, e.name, e.mode, info.Size(), file)
}

// add writes one regular file, owned by root, of no particular time.
func add(w *tar.Writer, name string, mode, size int64, content io.Reader) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: size, ModTime: epoch, Format: tar.FormatPAX}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.Copy(w, content)
	return err
}
