package scan

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"slices"

	"keymend/cmd/keymend/internal/report"
)

// A Kept is a file of rows, one a line: a scan that was interrupted goes on from it. In
// memory is only where each row begins, so that a scan of any size takes little. It isn't
// safe for concurrent use.
type Kept struct {
	file *os.File
	end  int64
	rows []kept
	at   map[id]int // in rows
}

type id struct{ account, region, group string }

type kept struct {
	id
	state report.State
	code  int
	cause uint64 // a hash of it
	from  int64
	bytes int
}

// header is a file's first line: rows of other questions don't count.
type header struct {
	Schema string `json:"schema"`
	About  string `json:"about"`
}

const keptSchema = "keymend.scan-rows/1"

// ErrOther says that a file doesn't have the rows of this scan.
var ErrOther = errors.New("the file has no rows of this scan")

// Keep makes a file in a folder; "" = where temporary files are. about says what is asked:
// accounts, Regions and settings.
func Keep(folder, about string) (*Kept, error) {
	file, err := os.CreateTemp(folder, "keymend-scan-*.jsonl")
	if err != nil {
		return nil, fmt.Errorf("keep what is found: %w", err)
	}
	k := &Kept{file: file, at: map[id]int{}}
	line, err := lineOf(header{keptSchema, about})
	if err == nil {
		err = k.write(line)
	}
	if err != nil {
		_ = k.Remove() // nothing is in it
		return nil, err
	}
	return k, nil
}

// Resume goes on from a file that Keep made. A last line that was cut off when the program
// ended is left out. Its error is ErrOther where the file is of another scan.
func Resume(name, about string) (*Kept, error) {
	file, err := os.OpenFile(name, os.O_RDWR, 0) //nolint:gosec // the person names it
	if err != nil {
		return nil, err
	}
	k := &Kept{file: file, at: map[id]int{}}
	if err := k.read(about); err != nil {
		_ = file.Close() // nothing was written
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return k, nil
}

func (k *Kept) read(about string) error {
	in := bufio.NewReader(k.file)
	for first := true; ; first = false {
		line, err := in.ReadBytes('\n')
		switch {
		case errors.Is(err, io.EOF):
			if first {
				return ErrOther
			}
			return k.file.Truncate(k.end)
		case err != nil:
			return err
		case first:
			var h header
			if json.Unmarshal(line, &h) != nil || h.Schema != keptSchema || h.About != about {
				return ErrOther
			}
		default:
			var r Row
			if json.Unmarshal(line, &r) != nil || r.Schema != rowSchema {
				return ErrOther
			}
			k.note(r, len(line))
		}
		k.end += int64(len(line))
	}
}

// note remembers where a row is. One that couldn't be looked at is looked at again.
func (k *Kept) note(r Row, bytes int) {
	cause := fnv.New64a()
	_, _ = cause.Write([]byte(r.Cause())) // a hash takes all
	one := kept{id{r.Account, r.Region, r.Group}, r.State, int(r.Code), cause.Sum64(), k.end, bytes}
	if at, ok := k.at[one.id]; ok {
		k.rows[at] = one
		return
	}
	k.at[one.id] = len(k.rows)
	k.rows = append(k.rows, one)
}

// Add keeps a row.
func (k *Kept) Add(r Row) error {
	line, err := lineOf(r)
	if err != nil {
		return fmt.Errorf("keep %s: %w", r.Group, err)
	}
	k.note(r, len(line))
	return k.write(line)
}

// lineOf is a value as JSON, with the end of its line.
func lineOf(v any) ([]byte, error) {
	var line bytes.Buffer
	out := json.NewEncoder(&line)
	out.SetEscapeHTML(false)
	err := out.Encode(v)
	return line.Bytes(), err
}

func (k *Kept) write(line []byte) error {
	n, err := k.file.WriteAt(line, k.end)
	k.end += int64(n)
	if err != nil {
		return fmt.Errorf("keep what is found in %s: %w", k.file.Name(), err)
	}
	return nil
}

// Known reports whether a group was looked at.
func (k *Kept) Known(p Place, group string) bool {
	at, ok := k.at[id{p.Account, p.Region, group}]
	return ok && k.rows[at].code != broke
}

// broke is the code of a row of a group that couldn't be looked at.
const broke = 1

// Count says how many groups stand so.
func (k *Kept) Count() (all int, of map[report.State]int) {
	of = map[report.State]int{}
	for _, s := range report.States() {
		of[s] = 0
	}
	for _, r := range k.rows {
		of[r.state]++
	}
	return len(k.rows), of
}

// Each hands on the rows: the worst first, of these what stands so for the same cause
// together, the most first; then by place and name.
func (k *Kept) Each(do func(Row) error) error {
	of := map[uint64]int{}
	for _, r := range k.rows {
		of[r.cause]++
	}
	slices.SortFunc(k.rows, func(a, b kept) int {
		return cmp.Or(slices.Index(report.States(), a.state)-slices.Index(report.States(), b.state), of[b.cause]-of[a.cause],
			cmp.Compare(a.account, b.account), cmp.Compare(a.region, b.region), cmp.Compare(a.cause, b.cause), cmp.Compare(a.group, b.group))
	})
	for i, one := range k.rows {
		k.at[one.id] = i
		text := make([]byte, one.bytes)
		if _, err := k.file.ReadAt(text, one.from); err != nil {
			return fmt.Errorf("read what was found in %s: %w", k.file.Name(), err)
		}
		var r Row
		if err := json.Unmarshal(text, &r); err != nil {
			return fmt.Errorf("read what was found in %s: %w", k.file.Name(), err)
		}
		if err := do(r); err != nil {
			return err
		}
	}
	return nil
}

// Name is the file's.
func (k *Kept) Name() string { return k.file.Name() }

// Close leaves the file for a scan that goes on from it.
func (k *Kept) Close() error { return k.file.Close() }

// Remove takes the file away.
func (k *Kept) Remove() error { return errors.Join(k.file.Close(), os.Remove(k.file.Name())) }
