package past

import (
	"slices"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/pkg/history/archive"
	"keymend/pkg/record"
)

// An entry is a remediation, or a finding, as JSON has it.
type entry struct {
	Schema    string   `json:"schema"`
	ID        string   `json:"id"`
	State     string   `json:"state"`
	Outcome   string   `json:"outcome,omitempty"` // of the last record
	Reason    string   `json:"reason,omitempty"`
	Finding   string   `json:"finding,omitempty"`
	Account   string   `json:"account,omitempty"`
	Region    string   `json:"region,omitempty"`
	Hub       string   `json:"hub,omitempty"`
	Group     string   `json:"group,omitempty"`
	Key       string   `json:"key,omitempty"`
	Alias     string   `json:"alias,omitempty"`
	Principal string   `json:"principal,omitempty"`
	Change    []string `json:"change"` // in words, a step each
	Begun     bool     `json:"begun"`  // something was written, or may have been
	Mode      string   `json:"mode,omitempty"`
	Caller    string   `json:"caller,omitempty"`
	Approver  string   `json:"approver,omitempty"`
	Ticket    string   `json:"ticket,omitempty"`
	Proposal  string   `json:"proposal,omitempty"` // that waits for a person
	Failed    string   `json:"failed,omitempty"`
	First     string   `json:"first"` // record's time
	Last      string   `json:"last"`
	GoneBy    string   `json:"takenAwayBy,omitempty"` // the finding that tells of it
	Next      string   `json:"next,omitempty"`
}

func entryOf(schema string, e archive.Entry) entry {
	r, first, last := e.Change(), e.Records[0], e.Last()
	out := entry{
		Schema: schema, ID: e.ID, State: string(e.Standing()), Outcome: string(last.Outcome), Reason: last.Reason, Finding: r.ID, Account: r.Account, Region: r.Region,
		Hub: r.Hub, Group: r.Group, Key: r.Key, Alias: r.Alias, Principal: r.Principal, Change: []string{}, Begun: e.Begun(), Mode: string(r.Mode), Caller: r.Caller, Approver: r.Approver,
		Ticket: r.Ticket, Failed: first.Failed, First: first.Time.Format(time.RFC3339), Last: last.Time.Format(time.RFC3339), Next: e.Next,
	}
	for _, step := range r.Steps {
		out.Change = append(out.Change, step.Words().What)
	}
	if e.Waits {
		out.Proposal = last.Proposal
	}
	if e.Gone != nil {
		out.GoneBy = e.Gone.ID
	}
	return out
}

// Lines are the entries, for JSON.
func (h List) Lines() []any {
	out := []any{}
	for _, e := range h.Entries {
		out = append(out, entryOf("keymend.history/1", e))
	}
	return out
}

// Code returns the exit code: 1 where nothing could be read.
func (h List) Code() report.Code {
	if !slices.ContainsFunc(h.Sources, func(s Source) bool { return s.Unread == "" }) {
		return report.Broke
	}
	return report.Healed
}

// Code returns the exit code: it is shown.
func (Record) Code() report.Code { return report.Healed }

// Lines are the entry with its records, for JSON.
func (s Record) Lines() []any {
	type source struct {
		Name   string `json:"name"`
		Unread string `json:"unread,omitempty"`
		Bad    int    `json:"bad,omitempty"`
	}
	out := struct {
		entry
		Undo    string          `json:"undo,omitempty"` // the command that takes it back
		Records []record.Record `json:"records"`
		Sources []source        `json:"sources"`
	}{entry: entryOf("keymend.show/1", s.Entry), Records: s.Records, Undo: s.undoCommand()}
	for _, o := range s.Sources {
		out.Sources = append(out.Sources, source(o))
	}
	return []any{out}
}
