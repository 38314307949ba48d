package report_test

import (
	"testing"

	"keymend/cmd/keymend/internal/report"
)

// What takes a change back reaches it as the change was reached.
func TestUndoIsReachedAsTheChangeWas(t *testing.T) {
	t.Parallel()
	at := report.Place{Region: "eu-west-1", Profile: "prod", Roles: []string{"--role-prefix=keymend-", "--partition=aws cn"}}
	const want = `keymend undo r-1a2b3c4d5e6f7a8b --file a.jsonl --role-prefix=keymend- '--partition=aws cn' --profile prod --region eu-west-1`
	if got := at.Undo("r-1a2b3c4d5e6f7a8b", "--file", "a.jsonl"); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
