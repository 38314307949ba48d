package command_test

import "testing"

// TestUndoFinds holds what undo says about records that it can't use.
func TestUndoFinds(t *testing.T) {
	w := newWorld(t)
	const record = `{"schema":"keymend.audit/1","id":"f-1","remediationId":"r-1","phase":"outcome","account":"111122223333","region":"eu-west-1","outcome":"fixed",`
	for name, tc := range map[string]struct {
		text string
		code int
		errs string
	}{
		"empty":             {"", 2, "no line of"},
		"no JSON":           {"START RequestId: 1\nhello\n{\"_aws\":{}}\n", 2, "no line of"},
		"damaged":           {`{"schema":"keymend.audit/1","plan":7}`, 2, "line 1"},
		"without undo":      {record + `"key":"k"}`, 2, "no line of"},
		"empty undo":        {record + `"key":"k","undo":{}}`, 2, "no such kind of step"},
		"undo isn't one":    {record + `"key":"k","undo":[1]}`, 2, "no such kind of step"},
		"another account's": {`{"schema":"keymend.audit/1","remediationId":"r-1","phase":"outcome","account":"999988887777","region":"eu-west-1","undo":{"removeStatements":{}}}`, 2, "999988887777"},
		"a key that is gone": {record + `"key":"arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d",` +
			`"undo":{"removeStatements":{"key":"arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d","principal":"arn:aws:iam::111122223333:role/x"}}}`, 1, "NotFoundException"},
	} {
		t.Run(name, func(t *testing.T) {
			w.run("", "undo", "r-1", "--file", w.file("audit.jsonl", tc.text)).want(t, tc.code, "", tc.errs)
		})
	}
	w.run("", "undo", "r-1", "--file", "no-such-file").want(t, 2, "", "no-such-file")
	w.run("", "undo", "r-1", "--audit-file", "no-such-file").want(t, 2, "", "/aws/lambda/keymend-remediate")
}
