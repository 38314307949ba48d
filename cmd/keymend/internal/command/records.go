package command

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tidwall/gjson"

	"keymend/pkg/audit"
)

// readRecords takes the audit records from lines of JSON. Other lines of a log
// (metrics, Lambda's own, warnings) are passed over; a line that says it is a
// record and can't be read is an error.
func readRecords(r io.Reader) ([]audit.Record, error) {
	var records []audit.Record
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		record, ok, parseErr := recordOf(bytes.TrimSpace(line))
		switch {
		case parseErr != nil:
			return records, fmt.Errorf("line %d: %w", n, parseErr)
		case ok:
			records = append(records, record)
		}
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return records, fmt.Errorf("line %d: %w", n, err)
		}
	}
}

func recordOf(line []byte) (audit.Record, bool, error) {
	if !bytes.HasPrefix(line, []byte("{")) || gjson.GetBytes(line, "schema").String() != audit.Schema {
		return audit.Record{}, false, nil
	}
	var r audit.Record
	if err := json.Unmarshal(line, &r); err != nil {
		return r, false, fmt.Errorf("read audit record: %w", err)
	}
	return r, true, nil
}
