package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/access"
	"keymend/pkg/apply"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/copies"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/group"
	ofrole "keymend/pkg/kind/role"
	"keymend/pkg/kind/statements"
	"keymend/pkg/kind/template"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// TestFollows: what a change comes to once it is taken back is said of the steps that take
// it back.
func TestFollows(t *testing.T) {
	t.Parallel()
	for said, step := range map[string]change.Step{
		"the next launch of web-prod fails again": statements.Remove{},
		"unless something else lets its role":     grant.Revoke{},
		"a deployed Keymend":                      grant.Retire{},
		"lets the role use the key":               grant.Create{},
		"launches as":                             group.Update{},
		"needs it made again":                     ofrole.Delete{},
		"a new copy":                              copies.Remove{},
		"launch from the version that was made":   template.SetDefault{},
		"other versions":                          template.DeleteVersion{},
		"launches nothing":                        group.Suspend{},
	} {
		u := report.Undo{Record: record.Record{Group: "web-prod", Decision: access.Denied, Undo: record.Steps{step}}}
		if all := strings.Join(u.Follows(), "\n"); !strings.Contains(all, said) {
			t.Errorf("%s: %q", step.Kind(), all)
		}
	}
}

// TestUndoScreens holds what undo shows before and after.
func TestUndoScreens(t *testing.T) {
	t.Parallel()
	const (
		foreign = `{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`
		role    = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
		after   = `{"Version":"2012-10-17","Statement":[` + foreign + `]}`
	)
	d, err := keypolicy.Parse(after)
	if err != nil {
		t.Fatal(err)
	}
	edit, err := keypolicy.Allow(d, role)
	if err != nil {
		t.Fatal(err)
	}
	of := report.Undo{
		Record: record.Record{
			RemediationID: "r-1a2b3c4d5e6f7a8b", Time: time.Date(2026, 3, 2, 9, 41, 0, 0, time.UTC), Account: "111122223333", Region: "eu-west-1", Group: "web-prod",
			Alias: "alias/platform-ebs", Key: "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d", Principal: role, Decision: access.Denied,
			RequestID: "of a function", Undo: record.Steps{statements.Remove{}},
		},
		Place: report.Place{Account: "111122223333", Region: "eu-west-1", Profile: "prod"}, From: []string{"--file", "/home/oncall/audit.jsonl"},
		Before: edit.After, After: after,
	}
	for name, change := range map[string]func(*report.Undo){
		"undo-preview": func(*report.Undo) {},
		"undo-in-use": func(u *report.Undo) {
			u.Steps = []apply.Preview{{Label: "STAYS", Says: []string{"ami-1: it is in use, and stays"}}}
		},
		"undo-elsewhere": func(u *report.Undo) { u.Elsewhere = []string{"444455556666"} },
		"undo-gone":      func(u *report.Undo) { u.Before = after },
		"undo-done":      func(u *report.Undo) { u.Done, u.Outcome = "what had been added was taken away", outcome.Undone },
		"undo-partly": func(u *report.Undo) {
			u.Done, u.Outcome = "what is in account 444455556666 is left: undo the same with credentials of that account", outcome.PartlyUndone
		},
		"undo-failed": func(u *report.Undo) { u.Done, u.Outcome = "AWS refused kms:PutKeyPolicy", outcome.Failed },
	} {
		u := of
		change(&u)
		var text bytes.Buffer
		p := screen.New(&text, false)
		u.Show(p)
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		golden(t, name, text.Bytes())
		want := map[string]report.Code{"undo-gone": report.Healed, "undo-done": report.Healed, "undo-failed": report.Broke}
		if code, known := want[name]; u.Code() != code && (known || u.Code() != report.Fixable) {
			t.Errorf("%s: exit code %d", name, u.Code())
		}
		if lines := u.Lines(); (len(lines) == 1) != (u.Done == "") {
			t.Errorf("%s: %d lines of JSON", name, len(lines))
		}
	}
}
