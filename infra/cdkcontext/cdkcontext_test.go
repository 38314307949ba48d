package cdkcontext_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/infra/cdkcontext"
)

func unset(string) string { return "" }

// shipped returns the context of the cdk.json that comes with Keymend.
func shipped(t *testing.T) map[string]any {
	t.Helper()
	context, err := cdkcontext.Read(unset, func(name string) ([]byte, error) { return os.ReadFile(filepath.Join("..", "..", name)) })
	if err != nil {
		t.Fatal(err)
	}
	return context
}

func TestTheShippedContextIsValid(t *testing.T) {
	t.Parallel()
	context := shipped(t)
	text, err := cdkcontext.Validate(context, cdkcontext.Stack{Account: "111122223333", Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(maps.Keys(context)), slices.Sorted(slices.Values(cdkcontext.Names())); !slices.Equal(got, want) {
		t.Errorf("cdk.json has %v, want %v", got, want)
	}
	if text["mode"] != "enforce" || text["scope"] != "tagged" {
		t.Errorf("shipped as %v", text)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	files := func(name string) ([]byte, error) {
		text, ok := map[string]string{
			"cdk.json": `{"app":"x","context":{"keymend:mode":"propose","aws:cdk:y":true}}`,
			"/tmp/o":   `{"keymend:accounts":"444455556666"}`, "/tmp/bad": `{`,
		}[name]
		if !ok {
			return nil, os.ErrNotExist
		}
		return []byte(text), nil
	}
	for name, tc := range map[string]struct {
		env  map[string]string
		want map[string]any
	}{
		"by itself":     {nil, map[string]any{"mode": "propose"}},
		"by the CLI":    {map[string]string{"CDK_CONTEXT_JSON": `{"keymend:mode":"observe","x":1}`}, map[string]any{"mode": "observe"}},
		"a long one":    {map[string]string{"CDK_CONTEXT_JSON": `{"keymend:mode":"observe"}`, "CDK_CONTEXT_OVERFLOW": "/tmp/o"}, map[string]any{"mode": "observe", "accounts": "444455556666"}},
		"not JSON":      {map[string]string{"CDK_CONTEXT_JSON": `{`}, nil},
		"no such file":  {map[string]string{"CDK_CONTEXT_JSON": `{}`, "CDK_CONTEXT_OVERFLOW": "/tmp/none"}, nil},
		"file not JSON": {map[string]string{"CDK_CONTEXT_JSON": `{}`, "CDK_CONTEXT_OVERFLOW": "/tmp/bad"}, nil},
	} {
		got, err := cdkcontext.Read(func(n string) string { return tc.env[n] }, files)
		if diff := cmp.Diff(tc.want, got); diff != "" || (err != nil) != (tc.want == nil) {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if _, err := cdkcontext.Read(unset, func(string) ([]byte, error) { return nil, os.ErrNotExist }); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "where cdk.json is") {
		t.Errorf("no cdk.json: %v", err)
	}
}

func TestValidateNamesTheProblem(t *testing.T) {
	t.Parallel()
	ireland := cdkcontext.Stack{Account: "111122223333", Region: "eu-west-1"}
	for name, tc := range map[string]struct {
		change map[string]any
		stack  cdkcontext.Stack
		want   string
	}{
		"misspelt key":        {map[string]any{"mod": "enforce"}, ireland, "keymend:mod is no setting; did you mean keymend:mode?"},
		"key in other case":   {map[string]any{"copykey": "x"}, ireland, "keymend:copykey is no setting; did you mean keymend:copyKey?"},
		"misspelt mode":       {map[string]any{"mode": "Enforce"}, ireland, `keymend:mode is "Enforce"; it must be one of: observe, propose, enforce`},
		"no mode":             {map[string]any{"mode": ""}, ireland, `keymend:mode is ""; it must be one of: observe, propose, enforce`},
		"missing":             {map[string]any{"scope": nil}, ireland, "keymend:scope is missing; take its line from the cdk.json that comes with Keymend"},
		"missing mode":        {map[string]any{"mode": nil}, ireland, "keymend:mode is missing; take its line from the cdk.json that comes with Keymend"},
		"a list":              {map[string]any{"accounts": []any{"444455556666"}}, ireland, "keymend:accounts is [\"444455556666\"]; it must be a text"},
		"bad account":         {map[string]any{"accounts": "44445555666"}, ireland, `keymend:accounts has "44445555666"; an account's id has 12 digits`},
		"bad group account":   {map[string]any{"groupAccounts": "444455556666,x"}, ireland, `keymend:groupAccounts has "x"; an account's id has 12 digits`},
		"roles only":          {map[string]any{"rolesOnly": true}, ireland, `keymend:rolesOnly is "true"; it must be one of: no, yes`},
		"retention":           {map[string]any{"retentionInDays": 366.0}, ireland, `keymend:retentionInDays is "366"; it must be one of: 1, 3, 5,`},
		"suffix too long":     {map[string]any{"dedicatedRoleSuffix": strings.Repeat("x", 36)}, ireland, "keymend:dedicatedRoleSuffix is \"dedicated:" + strings.Repeat("x", 36) + "\"; the suffix has 36 characters"},
		"copies, no key":      {map[string]any{"foreignKey": "copy"}, ireland, `keymend:foreignKey is "copy", and keymend:copyKey is unset`},
		"copies, AWS's key":   {map[string]any{"foreignKey": "copy", "copyKey": "alias/aws/ebs"}, ireland, `keymend:copyKey is "alias/aws/ebs", a key that AWS manages`},
		"no switch":           {map[string]any{"switchParameter": ""}, ireland, `keymend:switchParameter is ""; it must be the name of an SSM parameter, which begins with /`},
		"alias for logs":      {map[string]any{"encryptionKey": "alias/logs"}, ireland, `keymend:encryptionKey is "alias/logs"; it must be the ARN of a customer managed KMS key, not of an alias`},
		"FIFO topic":          {map[string]any{"alarmTopic": "arn:aws:sns:eu-west-1:111122223333:a.fifo"}, ireland, `it must be the ARN of an SNS topic that isn't FIFO`},
		"bad topic of people": {map[string]any{"actionTopic": "me"}, ireland, `keymend:actionTopic is "me"; it must be the ARN of an SNS topic`},
		"people elsewhere":    {map[string]any{"actionTopic": "arn:aws:sns:us-east-1:111122223333:a"}, ireland, `of Region us-east-1; the stack is in eu-west-1`},
		"key elsewhere":       {map[string]any{"encryptionKey": "arn:aws:kms:us-east-1:111122223333:key/1a2b"}, ireland, `of Region us-east-1; the stack is in eu-west-1`},
		"topic elsewhere":     {map[string]any{"alarmTopic": "arn:aws:sns:us-east-1:111122223333:a"}, ireland, `of Region us-east-1; the stack is in eu-west-1`},
		"another partition":   {map[string]any{"alarmTopic": "arn:aws-cn:sns:eu-west-1:111122223333:a"}, ireland, "of partition aws-cn; Region eu-west-1 is in aws"},
		"China":               {map[string]any{"alarmTopic": "arn:aws:sns:cn-north-1:111122223333:a"}, cdkcontext.Stack{Region: "cn-north-1"}, "of partition aws; Region cn-north-1 is in aws-cn"},
		"GovCloud":            {map[string]any{"alarmTopic": "arn:aws:sns:us-gov-west-1:111122223333:a"}, cdkcontext.Stack{}, "of partition aws; Region us-gov-west-1 is in aws-us-gov"},
		"another's copy key":  {map[string]any{"copyKey": "arn:aws:kms:eu-west-1:444455556666:key/1a"}, ireland, "of account 444455556666; copies lie under a key of the stack's account, 111122223333"},
		"home elsewhere":      {map[string]any{"accountRegions": "us-east-1,eu-west-1"}, ireland, "keymend:accountRegions begin with us-east-1, and the credentials' Region is eu-west-1"},
		"no Region":           {map[string]any{"accountRegions": "eu-west-1,Virginia"}, ireland, `keymend:accountRegions have "Virginia"; a Region is written like eu-west-1`},
		"a Region twice":      {map[string]any{"accountRegions": "eu-west-1,eu-west-1"}, ireland, "keymend:accountRegions have eu-west-1 twice"},
		"Regions of two":      {map[string]any{"accountRegions": "eu-west-1,cn-north-1"}, ireland, "keymend:accountRegions have cn-north-1, of another partition than eu-west-1"},
		"Regions, no functions": {map[string]any{"accountRegions": "eu-west-1,us-east-1", "rolesOnly": "yes"}, ireland,
			`keymend:rolesOnly is "yes"; roles are global: leave keymend:accountRegions empty`},
		"Regions, one key": {map[string]any{"accountRegions": "eu-west-1,us-east-1", "encryptionKey": "arn:aws:kms:eu-west-1:111122223333:key/1a2b"}, ireland,
			"in several Regions it has to be a multi-Region key, with a replica in each"},
		"Regions, one copy key": {map[string]any{"accountRegions": "eu-west-1,us-east-1", "copyKey": "arn:aws:kms:eu-west-1:111122223333:key/1a2b"}, ireland,
			"in several Regions copies lie under a key of each: name an alias that each has"},
		"two Regions": {map[string]any{"encryptionKey": "arn:aws:kms:us-east-1:111122223333:key/1a2b", "alarmTopic": "arn:aws:sns:eu-west-1:111122223333:a"},
			cdkcontext.Stack{}, "of Region eu-west-1; keymend:encryptionKey is of us-east-1"},
	} {
		context := shipped(t)
		for key, value := range tc.change {
			if context[key] = value; value == nil {
				delete(context, key)
			}
		}
		text, err := cdkcontext.Validate(context, tc.stack)
		if err == nil || text != nil {
			t.Errorf("%s: no problem", name)
			continue
		}
		if lines := strings.Split(err.Error(), "\n"); len(lines) != 1 || !strings.Contains(lines[0], tc.want) || !strings.HasPrefix(lines[0], "keymend:") {
			t.Errorf("%s: says\n%v\nwant one line with\n%s", name, err, tc.want)
		}
	}
}

func TestValidateTakes(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]map[string]any{
		"numbers":  {"retentionInDays": 30.0, "verifyReads": 3.0},
		"booleans": {"moveDefault": true},
		"ARNs":     {"encryptionKey": "arn:aws-cn:kms:cn-north-1:111122223333:key/1a2b", "alarmTopic": "arn:aws-cn:sns:cn-north-1:444455556666:alarms", "foreignKey": "copy", "copyKey": "arn:aws-cn:kms:cn-north-1:111122223333:alias/ebs"},
		"Regions":  {"accountRegions": "eu-west-1, us-east-1", "encryptionKey": "arn:aws:kms:eu-west-1:111122223333:key/mrk-1a2b", "copyKey": "alias/ebs"},
		"lists":    {"accounts": "444455556666, 777788889999", "groupAccounts": "444455556666, 777788889999"},
	} {
		context := shipped(t)
		maps.Copy(context, change)
		if _, err := cdkcontext.Validate(context, cdkcontext.Stack{Account: "111122223333", Region: map[bool]string{true: "cn-north-1"}[name == "ARNs"]}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// All that is wrong is said at once.
func TestValidateNamesEveryProblem(t *testing.T) {
	t.Parallel()
	context := shipped(t)
	maps.Copy(context, map[string]any{"mode": "on", "retentionInDays": "forever", "verifyReads": "0", "copyKeys": "", "alarmTopic": "me", "accounts": "1"})
	_, err := cdkcontext.Validate(context, cdkcontext.Stack{})
	if err == nil {
		t.Fatal("no problem")
	}
	for _, key := range []string{"mode", "retentionInDays", "verifyReads", "copyKeys", "alarmTopic", "accounts"} {
		if strings.Count("\n"+err.Error(), "\nkeymend:"+key+" ") != 1 {
			t.Errorf("%s isn't named once in:\n%v", key, err)
		}
	}
	if strings.Contains(err.Error(), "KEYMEND_") {
		t.Errorf("says the name of an environment variable: %v", err)
	}
}
