package command

import (
	"context"
	"strings"
	"testing"
	"time"

	"keymend/pkg/record"
)

// FuzzRecords holds that a log is read or refused, whatever stands in it, and
// that no other line passes for a record.
func FuzzRecords(f *testing.F) {
	for _, seed := range []string{
		`{"schema":"keymend.audit/1","id":"f-1","remediationId":"r-1","phase":"outcome","decision":"Denied","undo":{"removeStatements":{"key":"arn:aws:kms:eu-west-1:111122223333:key/1"}}}`,
		"START RequestId: 1 Version: $LATEST\n{\"_aws\":{}}\n\n", `{"schema":"keymend.audit/1","time":"never"}`, `{"schema":"keymend.audit/1"`, `{`, "\x00\n{}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		records, err := shelf{"", func(_ context.Context, _ record.Query, _ time.Time, each func([]byte)) error {
			return linesOf(strings.NewReader(text), each)
		}}.all(t.Context(), "")
		for _, r := range records {
			if r.Schema != record.Schema {
				t.Errorf("a record of schema %q", r.Schema)
			}
		}
		if err != nil && !strings.Contains(err.Error(), "line ") {
			t.Errorf("the error doesn't say where: %v", err)
		}
	})
}
