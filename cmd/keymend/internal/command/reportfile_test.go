package command

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Nobody finds half a page: until it is whole, what was there stays, and what isn't kept
// leaves nothing.
func TestPageFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	name := filepath.Join(folder, "page.html")
	if err := os.WriteFile(name, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := reportCmd{To: name, Force: true}
	for _, keep := range []bool{false, true} {
		f, err := c.file(&program{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, "the page"); err != nil {
			t.Fatal(err)
		}
		holds(t, name, "mine")
		if keep {
			if err := f.keep(); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.discard(); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, name, "the page")
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("%v is left, %v", files, err)
	}
}

func holds(t *testing.T, name, want string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
	}
}

// A link is nobody's page: what it leads to stays.
func TestPageFileIsNoLink(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	link := filepath.Join(folder, "link.html")
	if err := os.Symlink(filepath.Join(folder, "elsewhere"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := (reportCmd{To: link, Force: true}).file(&program{}); err == nil {
		t.Error("it is taken")
	}
}
