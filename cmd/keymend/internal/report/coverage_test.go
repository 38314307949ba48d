package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"keymend/cmd/keymend/internal/report"
	"keymend/cmd/keymend/internal/screen"
	"keymend/pkg/coverage"
)

// covered is a report of accounts whose Regions are as row has them.
func covered(t *testing.T, accounts int, row func(account int) string) coverage.Report {
	t.Helper()
	var rows []string
	for i := range accounts {
		for _, region := range []string{"eu-west-1", "ap-southeast-1"} {
			rows = append(rows, fmt.Sprintf(`{"account":"%012d","region":"%s",%s}`, 111122220000+i, region, row(i)))
		}
	}
	var r coverage.Report
	text := `{"schema":"keymend.coverage/1","organization":"o-a1b2c3d4e5","at":"2026-03-02T09:00:00Z","version":"1.2.3","template":"0a1b2c3d","rows":[` + strings.Join(rows, ",") + `]}`
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	r.Accounts, r.Pairs = coverage.Count{All: accounts}, coverage.Count{All: 2 * accounts}
	r.Whole = accounts > 0
	for _, one := range r.Rows {
		r.Whole = r.Whole && len(one.Holes) == 0
	}
	return r
}

const (
	allThere = `"state":"ACTIVE","wave":"main","rolesStack":"CURRENT","rulesStack":"CURRENT","roles":"3/3","template":"0a1b2c3d","rules":"11/11","lost":0,"trail":"logs","switch":"on","mode":"enforce",` +
		`"lastEvent":"2026-03-02T08:15:00Z","lastLook":"2026-03-02T08:15:00Z","openFindings":2,"version":"1.2.3","holes":[]`
	suspended = `"state":"SUSPENDED","wave":"main","holes":[]`
	holed     = `"state":"ACTIVE","wave":"canary","rolesStack":"OUTDATED","rulesStack":"none","roles":"3/3","template":"0a1b2c3d","rules":"10/11","lost":12345,"trail":"part","switch":"off","mode":"observe","openFindings":0,"holes":[` +
		`{"cause":"rule-off","says":"the rule keymend-own-writes is DISABLED","run":[{"account":"111122220002","command":"aws events enable-rule --name keymend-own-writes --region eu-west-1"}]},` +
		`{"cause":"stack-behind","says":"the stack of keymend-canary-roles is OUTDATED: Resource handler returned message: \u001b[2J a policy denies it","run":[{"account":"333344445555","command":"aws cloudformation update-stack-instances --stack-set-name keymend-canary-roles"}]}]`
	refusing = `"state":"ACTIVE","wave":"main","rolesStack":"CURRENT","rulesStack":"CURRENT","holes":[{"cause":"refused","says":"AccessDenied: not authorized to perform: sts:AssumeRole","run":[{"account":"333344445555","command":"make deploy-organization WAVE=main"}]}]`
)

// What a person sees of coverage fits into 80 columns, but for what is to be pasted.
func TestShowCoverage(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]coverage.Report{
		"whole": covered(t, 2, func(int) string { return allThere }),
		"holes": covered(t, 4, func(i int) string { return []string{allThere, suspended, holed, refusing}[i] }),
		"many":  covered(t, 60, func(i int) string { return []string{allThere, refusing}[i%2] }),
		"none":  covered(t, 0, nil),
	} {
		var out bytes.Buffer
		page := screen.New(&out, false)
		report.Coverage{Report: r, Place: report.Place{Account: "333344445555", Region: "eu-west-1"}}.Show(page)
		if err := page.Flush(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			pasted := strings.Contains(line, " aws ") || strings.Contains(line, " make ")
			if line = strings.TrimRight(line, "\n"); !pasted && (utf8.RuneCountInString(line) > 80 || strings.ContainsRune(line, '\x1b')) {
				t.Errorf("%s: %q has %d columns", name, line, utf8.RuneCountInString(line))
			}
		}
		path := filepath.Join("testdata", "coverage-"+name+".txt")
		if *update {
			if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out.String()); diff != "" {
			t.Errorf("%s (-golden +shown):\n%s", name, diff)
		}
	}
}
