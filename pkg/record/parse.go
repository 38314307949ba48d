package record

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tidwall/gjson"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/outcome"
)

// schemaOf is the version of a line's record; "" where it is none of Keymend's records.
func schemaOf(line []byte) string {
	if !bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) {
		return ""
	}
	return gjson.GetBytes(line, "schema").String()
}

// ParseShort reads of a line what says how a finding stands, or what a sweep did: what
// folds of a long log need. It takes a fifth of the time that Parse does.
func ParseShort(line []byte) (Record, bool) {
	var r struct {
		Phase                           Phase
		Outcome                         outcome.Outcome
		ID, RemediationID               string
		Account, Region, Group          string
		Key, Principal, Failed, Version string
		EventIDs                        Lines
		Proof                           *ProofOf
		Sweep                           *SweepOf
	}
	if schema := schemaOf(line); schema != Schema && schema != schema1 || json.Unmarshal(line, &r) != nil {
		return Record{}, false
	}
	return Record{
		Schema: Schema, Phase: r.Phase, Outcome: r.Outcome, ID: r.ID, RemediationID: r.RemediationID, Account: r.Account, Region: r.Region, Group: r.Group,
		Key: r.Key, Principal: r.Principal, Failed: r.Failed, Version: r.Version, EventIDs: r.EventIDs, Proof: r.Proof, Sweep: r.Sweep,
	}, true
}

// Parse reads one line of a log; false where it is none of Keymend's records.
// Steps of kinds that aren't known stay unread, so that a newer version's line
// doesn't hide the others. Of a plan's near-misses only those of the record are
// written, which has them all.
func Parse(line []byte, kinds change.Kinds) (Record, bool, error) {
	var r Record
	var err error
	switch schemaOf(line) {
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
