package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"keymend/cmd/keymend/internal/htmlreport"
)

// stdout stands for standard output where a file is named.
const stdout = "-"

// A pageFile is written beside its place, and takes that once it is whole: nobody finds
// half a page, and an older one stays until then.
type pageFile struct {
	io.Writer
	temporary *os.File // nil = standard output
	name      string
}

// file opens what the page goes to, before anything is looked at: nobody waits for a page
// that can't be written.
func (c reportCmd) file(p *program) (*pageFile, error) {
	if c.To == stdout {
		if p.json() {
			return nil, misused("-o - writes the page to standard output: leave --output json out, or give a file")
		}
		return &pageFile{Writer: p.Out}, nil
	}
	if err := c.replaceable(); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(filepath.Dir(c.To), ".keymend-report-*")
	if err != nil {
		return nil, misused("-o %s: %w; give a file in a folder that is there and may be written to", c.To, err)
	}
	return &pageFile{file, file, c.To}, nil
}

// replaceable refuses to replace what no report wrote.
func (c reportCmd) replaceable() error {
	info, err := os.Lstat(c.To)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return misused("-o %s: %w", c.To, err)
	case !info.Mode().IsRegular():
		return misused("-o %s is no plain file: give a file's name, or - for standard output", c.To)
	case c.Force:
		return nil
	}
	file, err := os.Open(c.To)
	if err != nil {
		return misused("-o %s: %w", c.To, err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	const enough = 4096
	head := make([]byte, enough)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return misused("-o %s: %w", c.To, err)
	}
	if n > 0 && !htmlreport.Ours(head[:n]) {
		return misused("-o %s is there already, and isn't a report of Keymend's: give another file, or --force", c.To)
	}
	return nil
}

// keep puts the page into its place.
func (f *pageFile) keep() error {
	if f.temporary == nil {
		return nil
	}
	name := f.temporary.Name()
	if err := errors.Join(f.temporary.Sync(), f.temporary.Close(), os.Rename(name, f.name)); err != nil {
		return fmt.Errorf("put the page into its place: %w", err)
	}
	f.temporary = nil
	return nil
}

// discard takes away what wasn't kept.
func (f *pageFile) discard() error {
	if f.temporary == nil {
		return nil
	}
	_ = f.temporary.Close() // it may be closed already
	return os.Remove(f.temporary.Name())
}
