package offline

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// open reads files, and of folders every *.json below. Its error names each file that can't
// be read.
func open(paths []string) ([]File, error) {
	var (
		out  []File
		errs []error
		seen = map[string]bool{}
	)
	for _, path := range paths {
		names, err := within(path)
		errs = append(errs, err)
		for _, name := range names {
			if real, err := filepath.Abs(name); err != nil || seen[real] {
				continue // named twice
			} else {
				seen[real] = true
			}
			f, err := contents(name)
			if errs = append(errs, err); err == nil {
				out = append(out, f)
			}
		}
	}
	return out, joined(errs...)
}

// within are the files that a path means.
func within(path string) ([]string, error) {
	at, err := os.Stat(path)
	if err != nil {
		return nil, problem(path, reason(err))
	}
	if !at.IsDir() {
		return []string{path}, nil
	}
	var out []string
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.EqualFold(filepath.Ext(name), ".json") {
			out = append(out, name)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, problem(path, reason(err))
	case len(out) == 0:
		return nil, problem(path, "is a folder without any .json in it")
	}
	return out, nil
}

func contents(name string) (File, error) {
	f, err := os.Open(name) //nolint:gosec // the person names it
	if err != nil {
		return File{}, problem(name, reason(err))
	}
	defer func() { _ = f.Close() }() // it is only read
	text, err := io.ReadAll(io.LimitReader(f, most+4))
	if err != nil {
		return File{}, problem(name, reason(err))
	}
	return File{Name: name, Text: text}, nil
}

// reason is the error without the file's name, which is said beside it.
func reason(err error) string {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Sprintf("can't be read: %v", of.Err)
	}
	return "can't be read: " + err.Error()
}
