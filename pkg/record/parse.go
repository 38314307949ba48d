package record

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tidwall/gjson"

	"keymend/pkg/access"
	"keymend/pkg/change"
)

// Parse reads one line of a log; false where it is none of Keymend's records.
// Steps of kinds that aren't known stay unread, so that a newer version's line
// doesn't hide the others. Of a plan's near-misses only those of the record are
// written, which has them all.
func Parse(line []byte, kinds change.Kinds) (Record, bool, error) {
	line = bytes.TrimSpace(line)
	if !bytes.HasPrefix(line, []byte("{")) {
		return Record{}, false, nil
	}
	var r Record
	var err error
	switch schema := gjson.GetBytes(line, "schema").String(); schema {
	case Schema:
		err = json.Unmarshal(line, &r)
	case schema1:
		r, err = parse1(line)
	default:
		return Record{}, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("read audit record: %w", err)
	}
	r.Schema = Schema
	if !r.Missing.IsZero() && !gjson.GetBytes(line, "missing").IsObject() && r.Decision == access.Unknown {
		r.Missing = Missing{access.Unknown: r.Missing[access.Denied]}
	}
	for _, steps := range []*Steps{&r.Steps, &r.Undo} {
		for i := range *steps {
			if read, err := kinds.Read(change.Steps((*steps)[i : i+1])); err == nil {
				(*steps)[i] = read[0]
			}
		}
	}
	if r.Plan != nil {
		r.Plan.Steps, r.Plan.OthersAffected = change.Steps(r.Steps), r.OthersAffected
	}
	return r, true, nil
}
