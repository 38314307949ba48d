package command_test

import (
	"strings"
	"testing"
	"time"
)

const ownKey = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d"

// TestUsage holds what wrong usage and the commands without AWS end with.
func TestUsage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args      []string
		in        string
		code      int
		out, errs string
	}{
		"help":                 {args: []string{"--help"}, out: "Exit codes"},
		"help of a command":    {args: []string{"diagnose", "--help"}, out: "keymend=ignore"},
		"help by its command":  {args: []string{"help", "diagnose"}, out: "keymend=ignore"},
		"help of all":          {args: []string{"help"}, out: "Exit codes"},
		"help of no command":   {args: []string{"help", "frobnicate"}, code: 2, errs: "frobnicate"},
		"version by its flag":  {args: []string{"--version"}, out: "keymend test\n"},
		"coloured":             {args: []string{"--color", "always", "enroll", ownKey}, out: "\x1b[1m"},
		"no such colour":       {args: []string{"version", "--color", "red"}, code: 2, errs: "--color"},
		"version":              {args: []string{"version"}, out: "keymend test\n"},
		"nothing":              {code: 2, errs: "keymend help lists them"},
		"no such command":      {args: []string{"frobnicate"}, code: 2, errs: "frobnicate"},
		"no such flag":         {args: []string{"diagnose", "g", "--force"}, code: 2, errs: "--force"},
		"no group":             {args: []string{"diagnose"}, code: 2, errs: "<group>"},
		"an output of scan's":  {args: []string{"version", "--output", "csv"}, code: 2, errs: "--output must be one of"},
		"no scan's file":       {args: []string{"scan", "--region", "eu-west-1", "--resume", "/nowhere"}, code: 2},
		"a page nowhere":       {args: []string{"report", "-o", "/nowhere/page.html", "--region", "eu-west-1"}, code: 2, errs: "a folder that is there"},
		"a page over a file":   {args: []string{"report", "-o", "usage_test.go"}, code: 2, errs: "isn't a report of Keymend's"},
		"a page as JSON":       {args: []string{"report", "-o", "-", "--output", "json"}, code: 2, errs: "leave --output json out"},
		"no page":              {args: []string{"report"}, code: 2, errs: "--to"},
		"a file and a log":     {args: []string{"history", "--file", "usage_test.go", "--log-group", "audit"}, code: 2, errs: "leave --file or --log-group out"},
		"no such form":         {args: []string{"scan", "--region", "eu-west-1", "--output", "xml"}, code: 2, errs: "--output"},
		"no such output":       {args: []string{"version", "--output", "yaml"}, code: 2, errs: "--output"},
		"check of nothing":     {args: []string{"check", "--region", "eu-west-1"}, code: 2, errs: "says what a change would break, and none is given"},
		"files and a change":   {args: []string{"check", "--offline", "usage_test.go", "--delete-role", "x"}, code: 2, errs: "--offline checks what the files say"},
		"strict with nothing":  {args: []string{"check", "--strict", "--default-encryption", "on"}, code: 2, errs: "are for --offline"},
		"a file that is none":  {args: []string{"check", "--offline", "/nowhere"}, code: 2, errs: "/nowhere: can't be read: no such file or directory"},
		"a policy of no key":   {args: []string{"check", "--policy", "usage_test.go"}, code: 2, errs: "Give --key, too"},
		"a key for nothing":    {args: []string{"check", "--key", "alias/x"}, code: 2, errs: "--key is for --policy or --revoke-grant"},
		"a policy's file":      {args: []string{"check", "--key", "alias/x", "--policy", "/nowhere"}, code: 2, errs: "read --policy: open /nowhere"},
		"neither on nor off":   {args: []string{"check", "--default-encryption", "yes"}, code: 2, errs: "--default-encryption"},
		"a group without name": {args: []string{"check", "", "--default-encryption", "on"}, code: 2, errs: "a group's name is empty"},
		"export of nothing":    {args: []string{"export"}, code: 2, errs: "<group|id>"},
		"no such format":       {args: []string{"export", "web", "--format", "pulumi"}, code: 2, errs: "--format"},
		"a file that is there": {args: []string{"export", "web", "-o", "usage_test.go"}, code: 2, errs: "nothing is overwritten"},
		"a key of no account":  {args: []string{"export", "web", "--region", "eu-west-1", "--key", "1a2b"}, code: 2},
		"no settings":          {args: []string{"check-organization", "--settings", "/nowhere/cdk.json"}, code: 2, errs: "give --settings"},
		"no proposal's id":     {args: []string{"approve", "f-0123456789abcdef"}, code: 2, errs: "is no proposal's id"},
		"not an id":            {args: []string{"undo", "web-prod"}, code: 2, errs: "begin with r-"},
		"two beginnings":       {args: []string{"sandbox", "--empty", "--scenario", "own-key"}, code: 2, errs: "--empty"},
		"no such scenario":     {args: []string{"sandbox", "--scenario", "atlantis"}, code: 2, errs: "own-key"},
		"time runs backwards":  {args: []string{"sandbox", "--speed=-1"}, code: 2, errs: "from 0 to 1e+06"},
		"a bad setting":        {args: []string{"diagnose", "web", "--own-key", "both"}, code: 2, errs: "--own-key is \"both\"; it must be one of: auto, policy, grant"},
		"a setting of undo":    {args: []string{"undo", "r-0", "--verify-reads=21"}, code: 2, errs: "--verify-reads is \"21\"; it must be a number from 1 to 20"},
		"copies under nothing": {args: []string{"replay", "-", "--foreign-key=copy"}, code: 2, errs: "--foreign-key is \"copy\", and --copy-key is unset"},
		"a command, nearly":    {args: []string{"diagnos", "web"}, code: 2, errs: "did you mean \"diagnose\"?"},
		"a flag, nearly":       {args: []string{"diagnose", "web", "--aply"}, code: 2, errs: "did you mean \"--apply\"?\n  See keymend diagnose --help."},
		"no key for copies":    {args: []string{"diagnose", "web", "--copy-key", "1a2b"}, code: 2, errs: "--copy-key is \"1a2b\"; it must be a customer managed key"},
		"AWS's key for copies": {args: []string{"diagnose", "web", "--copy-key", "alias/aws/ebs"}, code: 2, errs: "customer managed"},
		"no pace":              {args: []string{"sandbox", "--speed=NaN"}, code: 2, errs: "--speed NaN"},
		"no end":               {args: []string{"sandbox", "--speed=Inf"}, code: 2, errs: "--speed +Inf"},
		"not an address":       {args: []string{"sandbox", "--listen", "nowhere"}, code: 2, errs: "--listen"},
		"event file missing":   {args: []string{"replay", "no-such-file.json"}, code: 2, errs: "no-such-file.json"},
		"a file's name":        {args: []string{"replay", "no\x1b[2J\nkeymend: done"}, code: 2, errs: `no\x1b[2J; keymend: done`},
		"enroll":               {args: []string{"enroll", ownKey}, out: "\n          aws kms tag-resource --key-id " + ownKey + " --tags 'TagKey=keymend,TagValue=remediate " + time.Now().UTC().Format(time.DateOnly) + "' --region eu-west-1\n"},
		"enroll for others":    {args: []string{"enroll", ownKey, "--for", "444455556666,777788889999"}, out: "'TagKey=keymend-accounts,TagValue=444455556666 777788889999'"},
		"enroll for copies":    {args: []string{"enroll", ownKey, "--for", "444455556666", "--copy"}, out: "TagKey=keymend-copy,TagValue=444455556666 "},
		"enroll no key":        {args: []string{"enroll", "web"}, code: 2, errs: "is no key"},
		"enroll for itself":    {args: []string{"enroll", ownKey, "--for", "111122223333"}, code: 2, errs: "other accounts"},
		"copies for nobody":    {args: []string{"enroll", ownKey, "--copy"}, code: 2, errs: "--for"},
		"coverage of no unit":  {args: []string{"coverage", "--unit", "web"}, code: 2, errs: "a unit's id is like"},
		"coverage of nothing":  {args: []string{"coverage", "--settings", "no-such-file.json"}, code: 2, errs: "no-such-file.json"},
		"no functions":         {args: []string{"demo", "--functions", "no-such-dir"}, code: 2, errs: "no-such-dir"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := run(t, tc.in, tc.args...).want(t, tc.code, tc.out, tc.errs)
			if tc.code != 0 && s.out != "" {
				t.Errorf("an error on standard output: %s", s.out)
			}
		})
	}
}

func TestAccess(t *testing.T) {
	t.Parallel()
	const question = `{"id":7,"principal":"arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",` +
		`"key":"arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d","keyState":"Enabled","grants":[],` +
		`"policy":{"Version":"2012-10-17","Statement":[{"Sid":"EnableRoot","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]},` +
		`"operations":["CreateGrant"]}`
	s := run(t, question+"\n", "access").want(t, 0, `"decision":"Denied"`, "")
	if !strings.Contains(s.out, `"id":7`) {
		t.Errorf("the id isn't echoed: %s", s.out)
	}
	s = run(t, question+"\n{oops\n"+question, "access").want(t, 1, `{"line":2,"error":`, "could not read 1 line;")
	if n := strings.Count(s.out, `"decision":"Denied"`); n != 2 {
		t.Errorf("%d answers beside the bad line, want 2: %s", n, s.out)
	}
	run(t, "", "access").want(t, 0, "", "")
}
