package images

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// tree writes the root file system of an image, as a tar stream. All in it is
// root's, as in the official images. Files come from this machine. What is
// written first under a name stays. The first error ends it all: see close.
type tree struct {
	to   *tar.Writer
	have map[string]bool
	err  error
}

func newTree(w io.Writer) *tree { return &tree{to: tar.NewWriter(w), have: map[string]bool{}} }

// close ends the stream and returns the first error.
func (t *tree) close() error { return errors.Join(t.err, t.to.Close()) }

// put writes one entry, unless there is one of its name, and the directories
// above it.
func (t *tree) put(h tar.Header, content io.Reader) {
	name := strings.Trim(path.Clean(h.Name), "/")
	if t.err != nil || t.have[name] || name == "." || name == "" {
		return
	}
	t.dir(path.Dir(name), 0o755)
	if t.err != nil {
		return
	}
	t.have[name] = true
	h.Name = name
	if t.err = t.to.WriteHeader(&h); t.err == nil {
		_, t.err = io.Copy(t.to, content)
	}
}

func (t *tree) dir(name string, mode int64) {
	t.put(tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode}, strings.NewReader(""))
}

// owned is dir for another owner than root; the group is root's.
func (t *tree) owned(name string, mode int64, uid int) {
	t.put(tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, Uid: uid}, strings.NewReader(""))
}

func (t *tree) link(name, target string) {
	t.put(tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}, strings.NewReader(""))
}

func (t *tree) text(name string, mode int64, content string) {
	t.put(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content))}, strings.NewReader(content))
}

// file copies a file, following symbolic links.
func (t *tree) file(name, from string) {
	file, err := os.Open(from)
	if err != nil {
		t.fail(err)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.fail(err)
		return
	}
	t.put(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: int64(info.Mode().Perm()), Size: info.Size()}, file)
}

func (t *tree) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// copy copies a directory, following symbolic links, but for those that lead
// nowhere and for what matches one of the patterns, as path.Match knows them.
func (t *tree) copy(name, from string, without ...string) {
	entries, err := os.ReadDir(from)
	if err != nil {
		t.fail(err)
		return
	}
	t.dir(name, 0o755)
	for _, e := range entries {
		if slices.ContainsFunc(without, func(pattern string) bool { ok, _ := path.Match(pattern, e.Name()); return ok }) {
			continue
		}
		source, target := filepath.Join(from, e.Name()), path.Join(name, e.Name())
		switch info, err := os.Stat(source); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			t.fail(err)
		case info.IsDir():
			t.copy(target, source, without...)
		case info.Mode().IsRegular():
			t.file(target, source)
		}
	}
}

// program copies a program of this machine to where the image wants it, and the
// libraries that it asks for to where they are here.
func (t *tree) program(name, command string) {
	from, err := exec.LookPath(command)
	if err != nil {
		t.fail(err)
		return
	}
	t.file(name, from)
	t.libraries(from)
}

// libraries copies what the loader finds for a program or library; a static
// one asks for nothing.
func (t *tree) libraries(of string) {
	out, err := exec.Command("ldd", of).CombinedOutput()
	if err != nil && !strings.Contains(string(out), "not a dynamic executable") {
		t.fail(fmt.Errorf("ldd %s: %w: %s", of, err, out))
		return
	}
	for _, m := range regexp.MustCompile(`(?m)(?:=> |^\s+)(/\S+) \(0x`).FindAllStringSubmatch(string(out), -1) {
		t.file(merged(m[1]), m[1])
	}
}

// merged is a path without the links of a merged /usr.
func merged(name string) string {
	for _, dir := range []string{"/bin/", "/sbin/", "/lib/", "/lib64/"} {
		if strings.HasPrefix(name, dir) {
			return "/usr" + name
		}
	}
	return name
}

// userland lays out a small system: bash, curl and getent of this machine,
// busybox for the rest, tini as the first process, or busybox alone; its users
// are root and, if there is one, the image's.
func (t *tree) userland(i Image) {
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		t.dir("usr/"+dir, 0o755)
		t.link(dir, "usr/"+dir)
	}
	t.program("usr/bin/busybox", "busybox")
	if !i.Small {
		for _, command := range []string{"bash", "curl", "getent"} {
			t.program("usr/bin/"+command, command)
		}
		t.program("usr/bin/tini", "tini-static")
	}
	applets, err := exec.Command("busybox", "--list").Output()
	if err != nil {
		t.fail(fmt.Errorf("busybox --list: %w", err))
	}
	for applet := range strings.Lines(string(applets)) {
		t.link("usr/bin/"+strings.TrimSpace(applet), "busybox")
	}
	for dir, mode := range map[string]int64{"root": 0o700, "run": 0o755, "var": 0o755, "proc": 0o555, "sys": 0o555, "dev": 0o755, "tmp": 0o1777} {
		t.dir(dir, mode)
	}
	users := "root:x:0:0::/root:/bin/sh\n"
	if i.User != "" {
		users += fmt.Sprintf("%s:x:%d:0::%s:/bin/sh\n", i.User, i.Number, i.Home)
	}
	t.text("etc/passwd", 0o644, users)
	t.text("etc/group", 0o644, "root:x:0:\n")
	t.text("etc/nsswitch.conf", 0o644, "hosts: files dns\n")
	t.text("etc/os-release", 0o644, "ID=plumbline-standin\nNAME=\"Plumbline stand-in\"\n")
}
