package htmlreport_test

import (
	"slices"
	"testing"

	"keymend/cmd/keymend/internal/htmlreport"
	"keymend/cmd/keymend/internal/scan"
	"keymend/pkg/access"
	"keymend/pkg/quote"
)

func TestPages(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]htmlreport.Page{
		"mixed": {
			Rows: each(mixed()...), Places: places(), By: "arn:aws:sts::111122223333:assumed-role/Admin/me",
			Again: "keymend report -o report.html --all-regions --profile prod",
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
		rows = append(rows, everywhere(text, []scan.State{scan.Fails, scan.WouldFail, scan.Unknown, scan.Fine, scan.State(text)}[i%5]))
		p.Places = append(p.Places, scan.Looked{Place: scan.Place{Account: text, Region: text}, Problem: text})
	}
	p.Past.Unread = hostile()
	slices.SortStableFunc(rows, func(a, b scan.Row) int { return rank(a) - rank(b) })
	p.Rows = each(rows...)
	return p
}

// rank is the row's place among the states; one that isn't known counts as unknown.
func rank(r scan.Row) int {
	if at := slices.Index(scan.States(), r.State); at >= 0 {
		return at
	}
	return slices.Index(scan.States(), scan.Unknown)
}

// everywhere is a row that has the text wherever it has one.
func everywhere(text string, state scan.State) scan.Row {
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
