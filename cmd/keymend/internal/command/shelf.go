package command

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"keymend/pkg/apply/table"
	"keymend/pkg/record"
	"keymend/pkg/wiring"
)

// A shelf is a file or a log group that has audit records.
type shelf struct {
	name string
	// lines hands lines on, of a log group those that the query asks for, since a time.
	lines func(ctx context.Context, q record.Query, from time.Time, each func(line []byte)) error
}

func inFile(name string) shelf {
	return shelf{name, func(_ context.Context, _ record.Query, _ time.Time, each func(line []byte)) error {
		file, err := os.Open(name) //nolint:gosec // the person names the file to read
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // it was only read
		return linesOf(file, each)
	}}
}

func inLog(cfg aws.Config, group string) shelf {
	log := wiring.Log{Client: cloudwatchlogs.NewFromConfig(cfg), Group: group}
	return shelf{"log group " + group, func(ctx context.Context, q record.Query, from time.Time, each func(line []byte)) error {
		return log.Lines(ctx, q, from, time.Time{}, func(_ time.Time, line string) { each([]byte(line)) })
	}}
}

// linesOf hands on lines, however long.
func linesOf(r io.Reader, each func(line []byte)) error {
	for in := bufio.NewReader(r); ; {
		line, err := in.ReadBytes('\n')
		each(line)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// badLines say that they are records, and can't be read.
type badLines struct {
	count int
	first error // of those that aren't cut off; nil = there is none
}

// each hands on the records. Other lines of a log (metrics, Lambda's own, warnings) are
// passed over.
func (s shelf) each(ctx context.Context, q record.Query, from time.Time, each func(record.Record)) (badLines, error) {
	var bad badLines
	n, kinds := 0, table.Kinds().Kinds()
	err := s.lines(ctx, q, from, func(line []byte) {
		n++
		one, ok, err := record.Parse(line, kinds)
		if ok {
			each(one)
		}
		if err == nil {
			return
		}
		bad.count++
		if bad.first == nil && !cut(err, line) {
			bad.first = fmt.Errorf("line %d: %w", n, err)
		}
	})
	return bad, err
}

// cut reports whether a line can't be read for want of its end.
func cut(err error, line []byte) bool {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	return ok && syntax.Offset >= int64(len(bytes.TrimSpace(line)))
}

// all returns the records that a query asks for. A bad line is an error, unless the end of a
// disk cut it off: the intent before it says what was begun.
func (s shelf) all(ctx context.Context, q record.Query) ([]record.Record, error) {
	var out []record.Record
	bad, err := s.each(ctx, q, time.Time{}, func(r record.Record) { out = append(out, r) })
	switch {
	case err != nil:
		return nil, fmt.Errorf("read audit records: %w", err)
	case bad.first != nil:
		return nil, fmt.Errorf("read audit records of %s: %w", s.name, bad.first)
	}
	return out, nil
}

// fromFile returns the records of a file that the person named.
func fromFile(ctx context.Context, name string) ([]record.Record, error) {
	records, err := inFile(name).all(ctx, "")
	if err != nil {
		return nil, misused("%w", err)
	}
	return records, nil
}

// fromLog searches a log group for records. One that isn't there has none.
func fromLog(ctx context.Context, cfg aws.Config, group string, q record.Query) ([]record.Record, error) {
	records, err := inLog(cfg, group).all(ctx, q)
	if isNoLog(err) {
		return nil, nil
	}
	return records, err
}

// isNoLog reports whether an error says that there is no such log group.
func isNoLog(err error) bool {
	_, none := errors.AsType[*types.ResourceNotFoundException](err)
	return none
}
