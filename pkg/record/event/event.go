// Package event has what Keymend tells others: the events that it puts on
// EventBridge's default bus. Each says what a record of the audit log says that is
// there already, without policies and traces. docs/events.md explains them, and
// docs/schemas/events.schema.json describes them.
//
// The package is pure: no I/O, no clock, no SDK.
package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"keymend/pkg/arn"
	"keymend/pkg/notify"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
)

// Schema is the version of Detail. It changes when a member changes its meaning or
// goes.
const Schema = "keymend.event/1"

// The detail types.
const (
	Changed   = notify.Changed
	Proposed  = notify.Proposed
	Waiting   = notify.Waiting
	GaveUp    = notify.GaveUp
	Recovered = notify.Recovered
	Alarm     = notify.Alarm
)

// An Event is one entry of PutEvents.
type Event struct {
	DetailType string
	Resources  []string // the key's ARN
	Detail     Detail
}

// Detail is the event's detail. Its members are named as the record's are.
type Detail struct {
	Schema        string       `json:"schema"`
	ID            string       `json:"id,omitempty"`            // of the finding: the same until it is over, and when it comes back
	RemediationID string       `json:"remediationId,omitempty"` // of the change
	ProposalID    string       `json:"proposalId,omitempty"`    // what keymend approve takes
	Outcome       string       `json:"outcome"`
	Reason        string       `json:"reason,omitempty"`
	Asks          bool         `json:"asks"` // a person has to do something
	Notify        notify.State `json:"notify,omitempty"`
	Account       string       `json:"account,omitempty"`
	Region        string       `json:"region,omitempty"`
	Group         string       `json:"group,omitempty"`
	Key           string       `json:"key,omitempty"`
	KeyAccount    string       `json:"keyAccount,omitempty"`
	Alias         string       `json:"alias,omitempty"`
	Principal     string       `json:"principal,omitempty"`
	Mode          string       `json:"mode"`
	Signal        string       `json:"signal,omitempty"`
	Cause         string       `json:"cause,omitempty"`
	Failed        string       `json:"failed,omitempty"`
	Run           []Task       `json:"run,omitempty"`
	Approver      string       `json:"approver,omitempty"`
	Ticket        string       `json:"ticket,omitempty"`
	GroupMadeBy   string       `json:"groupMadeBy,omitempty"`
	SinceFailure  int          `json:"sinceFailure,omitempty"` // seconds
	SinceFix      int          `json:"sinceFix,omitempty"`     // seconds
}

// A Task is a command that somebody would have to run.
type Task struct {
	Account string `json:"account"`
	Command string `json:"command"`
}

// kind returns an outcome's detail type; "" = it is of interest in the log only:
// nothing was wrong, another cause than a key is to blame, or a change is on its way of
// which its outcome tells.
func kind(o outcome.Outcome) string {
	switch o { //nolint:exhaustive // the others are as their state is
	case outcome.Sent:
		return ""
	case outcome.Waiting, outcome.Copying:
		return Waiting
	case outcome.UnexplainedWrite, outcome.Overwritten, outcome.SettingsInvalid:
		return Alarm
	}
	return map[outcome.State]string{
		outcome.StateProposed: Proposed, outcome.StateWritten: Changed, outcome.StateProven: Changed, outcome.StateUndone: Changed,
		outcome.StateInService: Recovered, outcome.StateSuperseded: GaveUp, outcome.StateStuck: GaveUp,
	}[o.State()]
}

// Of returns the event about a record; false where none is due: an intent is no end,
// and not every outcome is news, unless it closes what people were told of. A copy is
// told of by the finding that waits for it.
func Of(r record.Record, state notify.State) (Event, bool) {
	kind := kind(r.Outcome)
	if kind == "" && state == notify.Closed {
		kind = Recovered
	}
	if kind == "" || r.Phase == record.Intent || r.Phase == record.Swept {
		return Event{}, false
	}
	e := Event{DetailType: kind, Detail: Detail{
		Schema: Schema, ID: r.ID, RemediationID: r.RemediationID, Outcome: string(r.Outcome), Reason: short(r.Reason), Asks: r.Outcome.Asks(), Notify: state,
		Account: r.Account, Region: r.Region, Group: r.Group, Key: r.Key, KeyAccount: r.KeyAccount, Alias: r.Alias, Principal: r.Principal,
		Mode: string(r.Mode), Signal: r.Signal, Cause: r.Cause, Failed: r.Failed,
		Approver: r.Approver, Ticket: r.Ticket, GroupMadeBy: r.GroupMadeBy,
	}}
	if _, ok := arn.Parse(r.Key); ok { // a key that isn't there is as it was written
		e.Resources = []string{r.Key}
	}
	if kind == Proposed && r.Digest != "" {
		e.Detail.ProposalID = plan.RemediationID(r.Digest)
	}
	for _, t := range r.Run[:min(len(r.Run), most)] {
		e.Detail.Run = append(e.Detail.Run, Task{Account: t.Account, Command: t.Command})
	}
	if r.Proof != nil && r.Proof.Recovered != nil {
		e.Detail.SinceFailure, e.Detail.SinceFix = r.Proof.Recovered.SinceFailure, r.Proof.Recovered.SinceFix
	}
	return e, true
}

// An entry may have 256 KB; what an event says stays far below that. The record says
// all.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevents-limits
const (
	long = 8_000 // bytes of a reason
	most = 10    // commands
)

func short(text string) string {
	end := min(len(text), long)
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	if end < len(text) {
		return text[:end] + "…"
	}
	return text
}

// JSON returns the detail as PutEvents takes it, without escapes for HTML.
func (d Detail) JSON() (string, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return "", fmt.Errorf("write event %s: %w", d.ID, err)
	}
	return string(bytes.TrimSpace(out.Bytes())), nil
}
