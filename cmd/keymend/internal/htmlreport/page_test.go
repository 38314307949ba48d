package htmlreport_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"keymend/cmd/keymend/internal/htmlreport"
	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/scan"
	"keymend/pkg/access"
	"keymend/pkg/history/archive"
	"keymend/pkg/kind/statements"
	"keymend/pkg/outcome"
	"keymend/pkg/quote"
	"keymend/pkg/record"
)

func TestPages(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]htmlreport.Page{
		"mixed": {
			Rows: each(mixed()...), Places: places(), By: "arn:aws:sts::111122223333:assumed-role/Admin/me",
			Again: "keymend report -o report.html --all-regions --profile prod", Past: past(),
		},
		"empty":   {Rows: each()},
		"hostile": hostilePage(),
	} {
		golden(t, name, p)
	}
}

// hostilePage has text of others in every place that a page has for one.
func hostilePage() htmlreport.Page {
	p := htmlreport.Page{By: hostile()[0], Again: hostile()[1]}
	var rows []scan.Row
	for i, text := range hostile() {
		rows = append(rows, everywhere(text, []report.State{report.Fails, report.WouldFail, report.Unknown, report.Fine, report.State(text)}[i%5]))
		p.Places = append(p.Places, scan.Looked{Place: scan.Place{Account: text, Region: text}, Problem: text})
	}
	p.Past = htmlreport.Past{Read: true, Since: made(), Unread: hostile()}
	for i, text := range hostile() {
		p.Past.Entries = append(p.Past.Entries, archive.Entries([]record.Record{changed(i, text)})...)
	}
	slices.SortStableFunc(rows, func(a, b scan.Row) int { return rank(a) - rank(b) })
	p.Rows = each(rows...)
	return p
}

// rank is the row's place among the states; one that isn't known counts as unknown.
func rank(r scan.Row) int {
	if at := slices.Index(report.States(), r.State); at >= 0 {
		return at
	}
	return slices.Index(report.States(), report.Unknown)
}

// everywhere is a row that has the text wherever it has one.
func everywhere(text string, state report.State) scan.Row {
	all := []string{text, text}
	k := scan.Key{
		ARN: text, Alias: text, Account: text, State: text, Role: text, Decision: access.Denied, Volumes: []scan.Volume{{Device: text, Source: text, Because: text}},
		By: all, Why: all, Missing: all, Fix: text, Remedy: text, Do: []quote.Task{{Account: text, Command: text}},
	}
	return scan.Row{
		Account: text, Region: text, Group: text, State: state, Says: text, Acts: text, Desired: 1, LastFailed: text, ManagedBy: text, Role: text,
		Sources: all, Keys: []scan.Key{k, k}, NotSeen: all, NoNeed: all, Message: text, Suspended: text,
	}
}

// past has a change that brought a group back, one that is stuck, and a proposal.
func past() htmlreport.Past {
	stuck, proposed := changed(2, "web-prod-4"), changed(3, "batch-prod")
	stuck.Outcome, stuck.Proof = outcome.StillFailing, nil
	proposed.Phase, proposed.Outcome, proposed.RemediationID, proposed.Proposal, proposed.Proof = record.Finding, outcome.Proposed, "", "r-0123456789abcdef", nil
	launched := changed(1, "api-1")
	launched.Phase, launched.Outcome, launched.Time = record.Proof, outcome.InService, launched.Time.Add(4*time.Minute)
	all := archive.Entries([]record.Record{changed(1, "api-1"), launched, stuck, proposed})
	slices.Reverse(all)
	return htmlreport.Past{Read: true, Since: made().AddDate(0, 0, -30), Entries: all, Unread: []string{"log group /aws/lambda/keymend-diagnose: it may not be read: AWS refuses logs:FilterLogEvents"}}
}

// changed is the record of a change to a group's key.
func changed(n int, group string) record.Record {
	return record.Record{
		Phase: record.Result, Outcome: outcome.Fixed, ID: fmt.Sprintf("f-%016d", n), RemediationID: fmt.Sprintf("r-%016d", n), Time: made().Add(time.Duration(n-10) * time.Hour),
		Account: account, Region: region, Group: group, Key: keyARN, Alias: "alias/" + group, Steps: record.Steps{statements.Add{Key: keyARN, Added: []string{"{}", "{}"}, After: "{}"}},
		Proof: &record.ProofOf{Recovered: &record.Recovered{SinceFailure: 240 * n, SinceFix: 60 * n}},
	}
}
