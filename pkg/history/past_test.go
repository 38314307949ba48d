package history_test

import (
	"testing"
	"time"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/history"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/statements"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
)

const (
	goneKey  = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000001"
	goneRole = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	rootOnly = `{"Version":"2012-10-17","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
)

// Gone is what stands no more of what was written last for the same key and role.
func TestGone(t *testing.T) {
	t.Parallel()
	closed, err := keypolicy.Parse(rootOnly)
	if err != nil {
		t.Fatal(err)
	}
	edit, err := keypolicy.Allow(closed, goneRole)
	if err != nil {
		t.Fatal(err)
	}
	open, err := keypolicy.Parse(edit.After)
	if err != nil {
		t.Fatal(err)
	}
	add := statements.Add{Key: goneKey, Principal: goneRole, Before: edit.Before, After: edit.After, Added: edit.Added, Sids: edit.Sids}
	create := grant.Create{Key: goneKey, Principal: goneRole, Name: "keymend-x"}
	ours := access.Grant{ID: "g", Name: "keymend-x", GranteePrincipal: goneRole}
	at := func(minutes int, o outcome.Outcome, steps ...change.Step) history.Entry {
		return history.Entry{At: time.Unix(int64(60*minutes), 0), Record: record.Record{
			Phase: record.Result, Outcome: o, RemediationID: "r-1", Key: goneKey, Principal: goneRole, PrincipalID: "AROA1", Steps: steps,
			Verdict: &guard.Verdict{Enrolled: "2026-11-20"},
		}}
	}
	other := func(e history.Entry, change func(*record.Record)) history.Entry { change(&e.Record); return e }
	finding := func(policy *keypolicy.Document, grants ...access.Grant) plan.Finding {
		return plan.Finding{Account: "111122223333", Principal: access.Principal{ARN: goneRole, ID: "AROA1"}, Facts: access.Facts{Key: access.Key{ARN: goneKey}, Policy: policy, Grants: grants}}
	}
	unlisted := finding(closed)
	unlisted.Facts.GrantsUnreadable = "refused"
	for name, tc := range map[string]struct {
		all  []history.Entry
		now  plan.Finding
		want bool
	}{
		"nothing was written":               {nil, finding(closed), false},
		"the statements":                    {[]history.Entry{at(1, outcome.Fixed, add)}, finding(closed), true},
		"they stand":                        {[]history.Entry{at(1, outcome.Fixed, add)}, finding(open), false},
		"the policy can't be seen":          {[]history.Entry{at(1, outcome.Fixed, add)}, finding(nil), false},
		"unproven":                          {[]history.Entry{at(1, outcome.Unproven, add)}, finding(closed), true},
		"found in place":                    {[]history.Entry{at(1, outcome.Stands, add)}, finding(closed), true},
		"superseded":                        {[]history.Entry{at(1, outcome.Superseded, add)}, finding(closed), false},
		"failed":                            {[]history.Entry{at(1, outcome.Failed, add)}, finding(closed), false},
		"then nothing came of another try":  {[]history.Entry{at(1, outcome.Fixed, add), at(2, outcome.TakenAway, add)}, finding(closed), true},
		"an intent":                         {[]history.Entry{other(at(1, "", add), func(r *record.Record) { r.Phase = record.Intent })}, finding(closed), false},
		"of another role":                   {[]history.Entry{other(at(1, outcome.Fixed, add), func(r *record.Record) { r.Principal += "_x" })}, finding(closed), false},
		"of a role that was deleted since":  {[]history.Entry{other(at(1, outcome.Fixed, add), func(r *record.Record) { r.PrincipalID = "AROA0" })}, finding(closed), false},
		"of another key":                    {[]history.Entry{other(at(1, outcome.Fixed, add), func(r *record.Record) { r.Key += "1" })}, finding(closed), false},
		"the grant":                         {[]history.Entry{at(1, outcome.Fixed, create)}, finding(closed), true},
		"the grant stands":                  {[]history.Entry{at(1, outcome.Fixed, create)}, finding(closed, ours), false},
		"grants can't be listed":            {[]history.Entry{at(1, outcome.Fixed, create)}, unlisted, false},
		"Keymend ended the grant":           {[]history.Entry{at(1, outcome.Fixed, create), at(2, outcome.Fixed, grant.Retire{Grant: create})}, finding(closed), false},
		"lines in another order":            {[]history.Entry{at(2, outcome.Fixed, grant.Retire{Grant: create}), at(1, outcome.Fixed, create)}, finding(closed), false},
		"then tidied, and they stand":       {[]history.Entry{at(1, outcome.Fixed, add), at(2, outcome.Fixed, statements.Tidy{Key: goneKey, Principal: goneRole})}, finding(open), false},
		"then tidied, and taken away":       {[]history.Entry{at(1, outcome.Fixed, add), at(2, outcome.Fixed, statements.Tidy{Key: goneKey, Principal: goneRole})}, finding(closed), true},
		"undone":                            {[]history.Entry{at(1, outcome.Fixed, add), at(2, outcome.Undone, statements.Remove{Key: goneKey, Principal: goneRole})}, finding(closed), true},
		"of both, the statement is missing": {[]history.Entry{at(1, outcome.Fixed, add, create)}, finding(closed, ours), true},
	} {
		gone := history.Gone(tc.all, tc.now)
		if (gone != nil) != tc.want {
			t.Errorf("%s: %+v", name, gone)
		}
		if gone != nil && (gone.Remediation != "r-1" || gone.Enrolled != "2026-11-20" || gone.Written.IsZero() || gone.What == "") {
			t.Errorf("%s: %+v", name, gone)
		}
	}
}

// Outlived is what was written last, if the role of that name is another by now.
func TestOutlived(t *testing.T) {
	t.Parallel()
	create := grant.Create{Key: goneKey, Principal: goneRole, Name: "keymend-x"}
	at := func(minutes int, role, id string, o outcome.Outcome) history.Entry {
		return history.Entry{At: time.Unix(int64(60*minutes), 0), Record: record.Record{
			Phase: record.Result, Outcome: o, RemediationID: "r-1", Key: goneKey, Principal: role, PrincipalID: id, Steps: record.Steps{create},
		}}
	}
	now := plan.Finding{Principal: access.Principal{ARN: goneRole, ID: "AROA2"}, Facts: access.Facts{Key: access.Key{ARN: goneKey}}}
	for name, tc := range map[string]struct {
		all  []history.Entry
		want bool
	}{
		"nothing was written":   {nil, false},
		"for the earlier role":  {[]history.Entry{at(1, goneRole, "AROA1", outcome.Fixed)}, true},
		"then for this one":     {[]history.Entry{at(2, goneRole, "AROA2", outcome.Fixed), at(1, goneRole, "AROA1", outcome.Fixed)}, false},
		"for another role":      {[]history.Entry{at(1, goneRole+"_x", "AROA1", outcome.Fixed)}, false},
		"nothing came of it":    {[]history.Entry{at(1, goneRole, "AROA1", outcome.Failed)}, false},
		"its id isn't recorded": {[]history.Entry{at(1, goneRole, "", outcome.Fixed)}, false},
	} {
		if got := history.Outlived(tc.all, now); (got != "") != tc.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Each change counts once, however often it was begun; only intents do.
func TestBegun(t *testing.T) {
	t.Parallel()
	of := func(phase record.Phase, id, region string) history.Entry {
		return history.Entry{Record: record.Record{Phase: phase, RemediationID: id, Account: "111122223333", Region: region}}
	}
	got := history.Begun([]history.Entry{
		of(record.Intent, "r-1", "a"), of(record.Result, "r-1", "a"), of(record.Intent, "r-2", "a"), of(record.Intent, "r-1", "a"), of(record.Finding, "r-3", "a"), of(record.Intent, "r-1", "b"),
	})
	if len(got) != 3 {
		t.Errorf("%+v", got)
	}
}
